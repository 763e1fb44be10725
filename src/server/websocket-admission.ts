import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { LoginRequest } from '../identity/login.js';
import { LIMITS } from '../limits.js';
import type { Proxies } from './proxies.js';
import type { Stranger, Strangers } from './strangers.js';
import { refuseUpgrade } from './websocket-upgrade.js';

/** A connection that may become a WebSocket. */
export interface Admitted {
  /** Of the client, as proxies in front tell it. */
  readonly address: string;
  /** What it counts as until it has said whose it is; null: it is known already. */
  readonly stranger: Stranger | null;
}

export interface AdmissionOptions {
  readonly proxies: Proxies;
  /** Null: who gets here is known by the gateway's secret. */
  readonly strangers: Strangers | null;
  /** Whether a token, or what a cookie holds, is good. Asked where its address would be refused otherwise: a good one never is. */
  readonly isGood: (authorization: string | undefined, request: LoginRequest) => Promise<boolean>;
}

/**
 * Counts those who open sockets and do not say whose they are, and refuses more of them than there may be.
 *
 * @param drop closes the socket, where another one takes its place
 * @returns null: it was refused, and its connection ended
 */
export async function admit(
  request: IncomingMessage,
  wire: Duplex,
  { proxies, strangers, isGood }: AdmissionOptions,
  drop: () => void,
): Promise<Admitted | null> {
  const address = proxies.clientOf(request);
  if (!strangers) return { address, stranger: null };
  const stranger = strangers.enter(address, drop);
  if (stranger) {
    wire.once('close', () => stranger.left());
    boundUntilKnown(wire, stranger);
    return { address, stranger };
  }
  // Nothing else listens while the token is looked at, and an error without a listener ends the process.
  const ignore = (): void => void wire.destroy();
  wire.on('error', ignore);
  const { authorization, cookie } = request.headers;
  const isKnown = (authorization ?? cookie) !== undefined && (await isGood(authorization, request));
  wire.off('error', ignore);
  if (isKnown && !wire.destroyed) return { address, stranger: null };
  refuseUpgrade(wire, request, { status: 429, retryAfterSeconds: 1 });
  return null;
}

/** Until it is known whose it is, a connection may send what a token needs, and no more. */
function boundUntilKnown(wire: Duplex, stranger: Stranger): void {
  let bytes = 0;
  const count = (chunk: Buffer): void => {
    bytes += chunk.length;
    if (stranger.isKnown) wire.off('data', count);
    else if (bytes > LIMITS.connectionInitBytes) wire.destroy();
  };
  // Before the WebSocket has taken over, listening would let the first bytes flow into nothing.
  setImmediate(() => wire.on('data', count));
}
