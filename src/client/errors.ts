import type { CallEndReason, CallState } from './generated/types.js';
import type { ErrorCode } from './service-errors.js';

/** What can go wrong on this side of the service. */
export type LocalErrorCode =
  /** No answer came from the service. */
  | 'NOT_CONNECTED'
  /** Something in between, such as a gateway, refused what was sent, and would refuse it again: `details.status` says how. */
  | 'REFUSED'
  /** The app gave no access token. */
  | 'TOKEN_FAILED'
  /** The microphone or camera cannot be used. */
  | 'MEDIA_FAILED'
  /** The peer connection refused what it was given. */
  | 'PEER_FAILED'
  /** The call, or the client, is not in a state for this. */
  | 'NOT_POSSIBLE';

export interface CallErrorDetails {
  readonly retryable?: boolean;
  readonly retryAfterMs?: number;
  /** HTTP status, or close code of the WebSocket, where that is all that is known. */
  readonly status?: number;
  /** The call as this device sees it, where the service sent it along. */
  readonly call?: { readonly id?: string; readonly state: CallState; readonly endReason: CallEndReason | null };
  /** Of MEDIA_FAILED: what was asked for, and the browser's name of why not (Media Capture and Streams, section 10.3). */
  readonly media?: { readonly audio: boolean; readonly video: boolean; readonly reason: string };
  /** See `CALL_SIGNAL_GAP` and `CALL_SIGNAL_CONFLICT` of the protocol. */
  readonly expectedClientSeq?: number;
}

/** Why something was not done. Its message never has an address, a description or a credential in it. */
export class CallError extends Error {
  override readonly name = 'CallError';

  constructor(
    /** One of the protocol's, or of this side; treat one that you do not know by `details.retryable`. */
    readonly code: ErrorCode | LocalErrorCode | (string & {}),
    message: string,
    readonly details: CallErrorDetails = {},
  ) {
    super(message);
  }
}

/** What became of something that was asked for. Promises of the client resolve to one, and never reject. */
export type Outcome<Value = void> =
  { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly error: CallError };

/** Whatever was thrown, as an outcome. */
export async function outcomeOf<Value>(work: () => Promise<Value>): Promise<Outcome<Value>> {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    return { ok: false, error: callError(error) };
  }
}

/** What the peer connection throws may quote a description, and is not passed on. */
export function callError(thrown: unknown): CallError {
  return thrown instanceof CallError ? thrown : new CallError('PEER_FAILED', 'The peer connection failed.');
}

export const notConnected = (): CallError =>
  new CallError('NOT_CONNECTED', 'The service did not answer.', { retryable: true });

export const notPossible = (what: string): CallError => new CallError('NOT_POSSIBLE', what);
