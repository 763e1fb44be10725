import { SignalingError, ERRORS } from '../errors.js';
import { systemClock, type Clock } from '../ports.js';
import { settle } from './settle.js';

/** A function that a host gave, by the name under which its failures are told. */
export type CallbackName =
  | 'authenticator'
  | 'device-directory'
  | 'call-policy'
  | 'wake-up'
  | 'events'
  | 'metrics'
  | 'relay-provider'
  | 'rate-limiter'
  | 'shared-credentials'
  | 'own-context';

/**
 * - `threw`: it threw, or its promise was rejected
 * - `timeout`: it has not answered in its time
 * - `malformed`: its answer cannot be used
 * - `crowded`: too many of its answers are waited for; it was not called
 */
export type CallbackFailure = 'threw' | 'timeout' | 'malformed' | 'crowded';

/** A host's function that did not do what it is for. The host's own error is the cause: what that says is the host's affair. */
export class HostCallbackError extends Error {
  override readonly name = 'HostCallbackError';

  constructor(
    readonly callback: CallbackName,
    readonly reason: CallbackFailure,
    /** How often it has failed since the last time that this was told, this time included. */
    readonly failures: number,
    /** What is wrong with an answer, without its values. */
    detail: string | null,
    options: { readonly cause?: unknown },
  ) {
    super(`${callback}: ${reason}${detail === null ? '' : `: ${detail}`}`, options);
  }
}

/** An answer that cannot be used; the text names fields, and holds no value. */
export class MalformedAnswer extends Error {
  override readonly name = 'MalformedAnswer';
}

/** Given what a host's function did wrong, and what else was ours to prevent. */
export type OnDefect = (error: unknown, correlationId?: string) => void;

/**
 * A function that is only told something: it may throw, reject or be missing, and nothing comes of it. Its own failures are
 * told to nobody.
 */
export function quiet<Told extends readonly unknown[]>(
  listener: ((...told: Told) => unknown) | undefined,
): (...told: Told) => void {
  if (listener === undefined) return () => undefined;
  return (...told) => {
    try {
      settle(
        listener(...told),
        () => undefined,
        () => undefined,
      );
    } catch {
      // There is nobody left to tell.
    }
  };
}

export interface CallbackOptions {
  readonly name: CallbackName;
  /** How long it may take, in milliseconds. */
  readonly timeoutMs?: number;
  /** How many of its answers are waited for at most, and for how many of one lane. */
  readonly waiting?: { readonly all: number; readonly lane: number };
}

/** How long a host's function may take where nothing else is said, in milliseconds. */
export const CALLBACK_TIMEOUT_MS = 3_000;
const WAITING = { all: 1_000, lane: 64 };
/** How often the failures of one function are told, in milliseconds; in between they are counted. */
const TELL_MS = 10_000;

export interface CallbackWatch {
  readonly onDefect: OnDefect;
  /** Counts failures. */
  readonly onFailure?: (callback: CallbackName, reason: CallbackFailure) => void;
  readonly clock?: Clock;
}

/** One function of a host's, guarded: what it does wrong ends here. */
export interface Callback {
  /**
   * @param lane an account: one whose answers hang does not take the places of others
   * @param call calls the function
   * @param read makes the answer of what came. @throws MalformedAnswer, or anything: the answer cannot be used
   * @throws SignalingError what the function threw to be told to the client; else CALL_UNAVAILABLE
   */
  ask<Answer>(lane: string | null, call: () => unknown, read: (answer: unknown) => Answer): Promise<Answer>;
  /** Calls a function whose answer means nothing. Never throws, and waits for nothing. */
  tell(lane: string | null, call: () => unknown): void;
}

/**
 * The one place where a host's function is called. It may throw, reject, hang, or answer anything: it has so long to answer,
 * only so many of its answers are waited for, and its failures are counted and told once in 10 s.
 */
export function createCallback(options: CallbackOptions, watch: CallbackWatch): Callback {
  const { name, timeoutMs = CALLBACK_TIMEOUT_MS, waiting = WAITING } = options;
  const { clock = systemClock } = watch;
  const onDefect = quiet(watch.onDefect);
  const onFailure = quiet(watch.onFailure);
  /** Waited for, by lane; bounded by `waiting`. */
  const lanes = new Map<string, number>();
  let waited = 0;
  let untold = 0;
  let toldAt = -Infinity;

  function failed(reason: CallbackFailure, cause?: unknown): void {
    onFailure(name, reason);
    untold += 1;
    if (clock.elapsed() - toldAt < TELL_MS) return;
    toldAt = clock.elapsed();
    onDefect(new HostCallbackError(name, reason, untold, detailOf(cause), cause === undefined ? {} : { cause }));
    untold = 0;
  }

  function isCrowded(lane: string | null): boolean {
    return waited >= waiting.all || (lane !== null && (lanes.get(lane) ?? 0) >= waiting.lane);
  }

  /** @returns what gives the place free again */
  function takePlace(lane: string | null): () => void {
    waited += 1;
    if (lane !== null) lanes.set(lane, (lanes.get(lane) ?? 0) + 1);
    return () => {
      waited -= 1;
      const left = lane === null ? 0 : (lanes.get(lane) ?? 1) - 1;
      if (lane !== null && left > 0) lanes.set(lane, left);
      else if (lane !== null) lanes.delete(lane);
    };
  }

  /** Exactly one of the two is called, at once where nothing has to be waited for. */
  function run(
    lane: string | null,
    call: () => unknown,
    onAnswer: (answer: unknown) => void,
    onNone: (reason: CallbackFailure, cause?: unknown) => void,
  ): void {
    if (isCrowded(lane)) return onNone('crowded');
    let over = false;
    let end = (): void => void (over = true);
    const once =
      <Told extends readonly unknown[]>(then: (...told: Told) => void) =>
      (...told: Told): void => {
        if (over) return;
        end();
        then(...told);
      };
    const fail = once(onNone);
    try {
      settle(call(), once(onAnswer), (cause) => fail('threw', cause));
    } catch (cause) {
      fail('threw', cause);
    }
    if (over) return;
    const free = takePlace(lane);
    const timer = setTimeout(() => fail('timeout'), timeoutMs).unref();
    end = () => {
      over = true;
      clearTimeout(timer);
      free();
    };
  }

  return {
    ask: (lane, call, read) =>
      new Promise((resolve, reject) => {
        const refuse = (reason: CallbackFailure, cause?: unknown): void => {
          const meant = reason === 'threw' ? meantForClients(cause) : null;
          if (meant === null) failed(reason, cause);
          reject(meant ?? new SignalingError('CALL_UNAVAILABLE'));
        };
        const take = (answer: unknown): void => {
          try {
            resolve(read(answer));
          } catch (cause) {
            const meant = meantForClients(cause);
            if (meant === null) failed('malformed', cause);
            reject(meant ?? new SignalingError('CALL_UNAVAILABLE'));
          }
        };
        run(lane, call, take, refuse);
      }),
    tell: (lane, call) => run(lane, call, () => undefined, failed),
  };
}

/** What is wrong with an answer; what a host throws may throw when it is looked at. */
function detailOf(cause: unknown): string | null {
  try {
    return cause instanceof MalformedAnswer ? cause.message : null;
  } catch {
    return null;
  }
}

/** An error made for clients, with nothing in it that the host may have put there beside its code and waiting time. */
function meantForClients(thrown: unknown): SignalingError | null {
  try {
    if (!(thrown instanceof SignalingError) || !Object.hasOwn(ERRORS, thrown.code)) return null;
    const { retryAfterMs } = thrown.details;
    return new SignalingError(thrown.code, Number.isFinite(retryAfterMs) ? { retryAfterMs: Number(retryAfterMs) } : {});
  } catch {
    return null;
  }
}
