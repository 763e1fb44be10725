import { SignalingError } from '../errors.js';
import { isPromise, orRejected, type Soon } from '../soon.js';

/**
 * Why Redis could not be used. Fixed words, fit for a log line and for the label of a metric.
 *
 * - `timeout`: no answer in time, or none could come in time any more
 * - `unreachable`: there is no connection, or it broke while the answer was awaited
 * - `crowded`: all together have more operations waiting than is allowed; it was not sent
 * - `untrusted`: the server's certificate is not one that an authority which is trusted vouches for
 * - `refused`: wrong credentials, or a command that the access list forbids
 * - `foreign_keys`: the other nodes on this Redis have other keys; nothing was read or written
 * - `undecipherable`: a value was tampered with, or its key has been retired
 * - `unexpected`: anything else; a defect, or a server that is no Redis of version 7 or later
 */
export type RedisFailureReason =
  | 'timeout'
  | 'unreachable'
  | 'crowded'
  | 'loading'
  | 'busy'
  | 'read_only'
  | 'no_master'
  | 'out_of_memory'
  | 'cannot_save'
  | 'cluster_down'
  | 'too_few_replicas'
  | 'untrusted'
  | 'refused'
  | 'foreign_keys'
  | 'undecipherable'
  | 'unexpected';

/** What failed and why; holds nothing that a client sent or that a value said. */
export interface RedisFailure {
  readonly operation: string;
  readonly reason: RedisFailureReason;
}

/** Is told of each failure, for the log and for metrics. Must not throw. */
export type OnRedisFailure = (failure: RedisFailure) => void;

/** An account has more operations waiting than is allowed: it is told so, and Redis has not failed. */
export class OwnCrowd extends Error {
  override readonly name = 'OwnCrowd';
}

/** Carries no text of the server's, which may repeat what was sent. */
export class RedisError extends Error {
  override readonly name = 'RedisError';

  constructor(
    readonly reason: RedisFailureReason,
    /** The answer of a server that wants to be asked otherwise: NOSCRIPT, MOVED or ASK; NOPERM and the command's name. */
    readonly hint: string | null = null,
  ) {
    super(`redis: ${reason}`);
  }
}

/** First words of error replies. */
const REPLIES: Readonly<Record<string, RedisFailureReason>> = {
  GIVENUP: 'timeout',
  LOADING: 'loading',
  BUSY: 'busy',
  READONLY: 'read_only',
  MASTERDOWN: 'no_master',
  OOM: 'out_of_memory',
  MISCONF: 'cannot_save',
  CLUSTERDOWN: 'cluster_down',
  TRYAGAIN: 'cluster_down',
  NOREPLICAS: 'too_few_replicas',
  NOAUTH: 'refused',
  WRONGPASS: 'refused',
  NOPERM: 'refused',
};

/** After this long, what waited has been done or given up. */
const CROWDED_MS = 1_000;

const HINTS: ReadonlySet<string> = new Set(['NOSCRIPT', 'MOVED', 'ASK']);

/** Codes of Node.js for a certificate that is not taken (tls, "X509 certificate error codes"). */
const UNTRUSTED = /^(?:ERR_TLS_CERT_|CERT_|SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_|INVALID_|HOSTNAME_MISMATCH)/;

/** @returns what the client library threw, without its text; of its errors only replies begin with a word in capitals */
export function asRedisError(error: unknown): RedisError {
  if (error instanceof RedisError) return error;
  if (UNTRUSTED.test(String((Object(error) as { code?: unknown }).code))) return new RedisError('untrusted');
  const text = error instanceof Error ? error.message : '';
  const word = /^-?([A-Z]{2,})(?: |$)/.exec(text)?.[1];
  if (word === undefined) return new RedisError(error instanceof TypeError ? 'unexpected' : 'unreachable');
  if (word === 'NOPERM')
    return new RedisError('refused', `NOPERM ${/'([\w|]+)' (?:sub)?command/.exec(text)?.[1] ?? 'it'}`);
  if (HINTS.has(word)) return new RedisError('unexpected', text);
  return new RedisError(Object.hasOwn(REPLIES, word) ? (REPLIES[word] ?? 'unexpected') : 'unexpected');
}

/**
 * Runs an operation whose failure is Redis's.
 *
 * @throws SignalingError CALL_UNAVAILABLE, or CALL_RATE_LIMITED where the account asks for too much at once; `onFailure` is
 *   told why
 */
export function guarded<Result>(
  operation: string,
  onFailure: OnRedisFailure,
  work: () => Soon<Result>,
): Promise<Result> {
  const failed = (error: unknown): never => {
    if (error instanceof SignalingError) throw error;
    if (error instanceof OwnCrowd) throw new SignalingError('CALL_RATE_LIMITED', { retryAfterMs: CROWDED_MS });
    const { reason } = asRedisError(error);
    onFailure({ operation, reason });
    throw new SignalingError('CALL_UNAVAILABLE');
  };
  const result = orRejected(work);
  return isPromise(result) ? (result as Promise<Result>).catch(failed) : Promise.resolve(result);
}
