import { setTimeout as sleep } from 'node:timers/promises';
import { asProviderError } from '../relay/deadline.js';
import {
  type Minted,
  type ProviderChain,
  ProviderError,
  type ProviderRequest,
  type RelayProvider,
} from '../relay/ports.js';

export interface ChainOptions {
  /** Tries over all providers together. */
  readonly maxTries: number;
  /** Time for one try, in milliseconds. */
  readonly tryMs: number;
  /** Time for all of it, in milliseconds: a wait that would not end within it is not begun. */
  readonly deadlineMs: number;
  /** Upper bound of the wait before a provider is asked a second time, in milliseconds; doubles with each failure. */
  readonly backoffMs: number;
  /** 0 to below 1, for jitter. */
  readonly random: () => number;
}

/** A provider's place in one request. */
interface Turn {
  readonly provider: RelayProvider;
  failures: number;
  /** Not to be asked earlier, by performance.now(). */
  notBefore: number;
  /** Not to be asked any more. */
  over: boolean;
}

/**
 * The one policy of tries: each failure moves on to the next provider, round and round. A provider is asked again only
 * after a failure that may pass (no connection, timeout, 429, 5xx), after a wait with full jitter, and not before the
 * end of its Retry-After. An open breaker is passed over and is no try.
 */
export function createChain(options: ChainOptions): ProviderChain {
  return async (providers, request) => {
    const latest = performance.now() + options.deadlineMs;
    const turns = providers.map((provider): Turn => ({ provider, failures: 0, notBefore: 0, over: false }));
    let last: ProviderError | undefined;
    let tries = 0;

    for (let turn = turns[0]; turn !== undefined && tries < options.maxTries; turn = turnAfter(turns, turn)) {
      await waitUntil(turn.notBefore, request.signal);
      if (request.signal.aborted) break;
      try {
        return await tryOnce(turn.provider, request, options.tryMs);
      } catch (error) {
        const failure = asProviderError(error);
        turn.notBefore = performance.now() + waitAfter(failure, turn.failures, options);
        turn.over = !mayPass(failure) || turn.notBefore >= latest;
        if (failure.reason === 'breaker_open') continue;
        turn.failures += 1;
        tries += 1;
        last = failure;
      }
    }
    throw last ?? new ProviderError(request.signal.aborted ? 'timeout' : 'breaker_open', null);
  };
}

/** The next one round that may still be asked; at last the same one again. */
function turnAfter(turns: readonly Turn[], turn: Turn): Turn | undefined {
  const at = turns.indexOf(turn) + 1;
  return [...turns.slice(at), ...turns.slice(0, at)].find(({ over }) => !over);
}

async function waitUntil(time: number, signal: AbortSignal): Promise<void> {
  const ms = Math.ceil(time - performance.now());
  // Aborted: the wait is over too, and the caller sees the signal.
  if (ms > 0) await sleep(ms, undefined, { signal }).catch(() => undefined);
}

/** A request with a signal of its own; a pseudonym is made only for a provider that looks at it. */
class Try implements ProviderRequest {
  readonly #request: ProviderRequest;

  constructor(
    request: ProviderRequest,
    readonly signal: AbortSignal,
  ) {
    this.#request = request;
  }

  get ttlSeconds(): number {
    return this.#request.ttlSeconds;
  }

  get pseudonym(): string {
    return this.#request.pseudonym;
  }
}

async function tryOnce(provider: RelayProvider, request: ProviderRequest, tryMs: number): Promise<Minted> {
  const abort = new AbortController();
  const giveUp = (): void => abort.abort();
  const timer = setTimeout(giveUp, tryMs);
  request.signal.addEventListener('abort', giveUp, { once: true });
  if (request.signal.aborted) giveUp();
  try {
    return { provider, credentials: await provider.credentials(new Try(request, abort.signal)) };
  } finally {
    clearTimeout(timer);
    request.signal.removeEventListener('abort', giveUp);
  }
}

function mayPass({ reason, httpStatus }: ProviderError): boolean {
  if (reason === 'status') return httpStatus === 429 || (httpStatus !== null && httpStatus >= 500);
  return reason === 'connection' || reason === 'timeout';
}

function waitAfter(error: ProviderError, failuresBefore: number, options: ChainOptions): number {
  const jitter = options.random() * options.backoffMs * 2 ** failuresBefore;
  return Math.max(jitter, error.retryAfterMs);
}
