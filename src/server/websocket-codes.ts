import type { StreamCloseReason } from '../call/event.js';

/**
 * How a socket is closed, and in which words (RFC 6455, section 7.4; graphql-transport-ws). The codes are those after
 * which the reference client of graphql-ws comes back by itself wherever coming back helps; it gives up on 1011 and
 * 4500, which are therefore never used. The words are fixed: a reason has room for 123 bytes, and one that quoted what
 * a client sent could be longer than that.
 */
export const CLOSE_REASONS = {
  1009: 'Message too big',
  1012: 'Service restart',
  1013: 'Try again later',
  4400: 'Invalid message',
  4401: 'Unauthorized',
  4403: 'Forbidden',
  4406: 'Subprotocol not acceptable',
  4408: 'Connection initialisation timeout',
  4409: 'Subscriber already exists',
  4429: 'Too many initialisation requests',
} as const;

export type CloseCode = keyof typeof CLOSE_REASONS;

/** The ends of a connection of which its streams tell the client. A stream that was taken over ends by itself alone. */
export type StreamEndReason = Exclude<StreamCloseReason, 'TAKEN_OVER'>;

interface Ending {
  readonly code: CloseCode;
  /** How long streams may take to say farewell, and answers to be sent, in milliseconds. */
  readonly graceMs: number;
}

/** Why the server ends a connection. What ends a session leaves less than a second between the end and the close. */
export const ENDINGS = {
  SHUTDOWN: { code: 1012, graceMs: 2_000 },
  TOO_SLOW: { code: 1013, graceMs: 2_000 },
  SESSION_EXPIRED: { code: 4403, graceMs: 900 },
  DEVICE_REVOKED: { code: 4403, graceMs: 900 },
  /** What the streams live on is down: nothing can be said any more, and the client comes back by itself. */
  UNAVAILABLE: { code: 1013, graceMs: 0 },
} as const satisfies Record<StreamEndReason | 'UNAVAILABLE', Ending>;

export type EndReason = keyof typeof ENDINGS;

export function isEndReason(reason: string): reason is EndReason {
  return Object.hasOwn(ENDINGS, reason);
}

/** How long the other side may take to answer a close frame before the TCP connection is dropped, in milliseconds. */
export const CLOSE_TIMEOUT_MS = 2_000;
