import type { ErrorCode } from '../errors.js';
import type { CallEndReason, CallState } from './generated/types.js';

/** What can go wrong on this side of the service. */
export type LocalErrorCode =
  /** No answer came from the service. */
  | 'NOT_CONNECTED'
  /** The microphone or camera cannot be used. */
  | 'MEDIA_FAILED'
  /** The peer connection refused what it was given. */
  | 'PEER_FAILED'
  /** The call, or the client, is not in a state for this. */
  | 'NOT_POSSIBLE';

export interface CallErrorDetails {
  readonly retryable?: boolean;
  readonly retryAfterMs?: number;
  /** The call as this device sees it, where the service sent it along. */
  readonly call?: { readonly state: CallState; readonly endReason: CallEndReason | null };
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

/** An error of a GraphQL response. */
export interface GraphqlFailure {
  readonly message?: string;
  readonly extensions?: { readonly [name: string]: unknown } | undefined;
}

/** Of errors that a gateway makes of a request by itself: it would make them again. */
const OF_THE_REQUEST = /^(GRAPHQL|BAD|OPERATION|PERSISTED_QUERY)_/;

/** The first of the errors that an operation was answered with. */
export function refused(failures: readonly GraphqlFailure[]): CallError {
  const { message = '', extensions = {} } = failures[0] ?? {};
  const { code, retryable, retryAfterSeconds, call, expectedClientSeq } = extensions;
  // The service says of every error whether to try again. This one is of a gateway in between, which got no answer from it.
  if (retryable === undefined && !OF_THE_REQUEST.test(String(code))) return notConnected();
  return new CallError(typeof code === 'string' ? code : 'INTERNAL_SERVER_ERROR', message, {
    retryable: retryable === true,
    ...(typeof retryAfterSeconds === 'number' && { retryAfterMs: retryAfterSeconds * 1_000 }),
    ...(typeof expectedClientSeq === 'number' && { expectedClientSeq }),
    ...(isCall(call) && { call }),
  });
}

function isCall(value: unknown): value is NonNullable<CallErrorDetails['call']> {
  return typeof value === 'object' && value !== null && 'state' in value && 'endReason' in value;
}
