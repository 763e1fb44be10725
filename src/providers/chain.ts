import type { Clock } from '../ports.js';
import { asProviderError } from '../relay/deadline.js';
import {
  type ChainRequest,
  type Minted,
  type ProviderChain,
  ProviderError,
  type ProviderRequest,
  type RelayProvider,
} from '../relay/ports.js';
import { Pace, type PaceBounds } from './pace.js';
import { RetryBudget } from './retry-budget.js';

export interface ChainOptions {
  readonly clock: Clock;
  /** Tries over all providers together. */
  readonly maxTries: number;
  /** Tries when the caller has something to fall back on. */
  readonly maxTriesWithFallback: number;
  /** Time for all of it, in milliseconds: a wait that would not end within it is not begun. */
  readonly deadlineMs: number;
  /** Upper bound of the first wait before a provider is asked again, in milliseconds; doubles with each failure. */
  readonly backoffMs: number;
  /** No wait is longer than this unless the provider asks for it. */
  readonly maxBackoffMs: number;
  /** A further try begins beside one that takes longer than this, or than four times the usual, whichever is more. */
  readonly patienceMs: PaceBounds;
  /** 0 to below 1, for jitter. */
  readonly random: () => number;
}

/** Why a try was aborted: another one had succeeded. It says nothing of its provider. */
export const SUPERSEDED = Symbol('superseded');

/** How long a request waits before it looks at an open breaker again, in milliseconds. */
const BREAKER_LOOK_MS = 100;

/** How long a request waits for the retry budget to grow, in milliseconds. */
const BUDGET_LOOK_MS = 100;

/** A timer of ours that fires later than this tells of a busy process, in milliseconds. */
const LATE_MS = 25;

/** A provider's place in one request. */
interface Turn {
  readonly provider: RelayProvider;
  tries: number;
  /** Not to be asked earlier, by the clock's elapsed time. */
  notBefore: number;
  /** Not to be asked any more. */
  over: boolean;
}

/**
 * The one policy of tries: each failure moves on to the next provider, round and round, at most `maxTries` times. A provider
 * is asked again only after a failure that may pass, after a wait with full jitter, not before the end of its Retry-After,
 * and within the retry budget. A try that takes unusually long gets another beside it; the first answer counts. An open
 * breaker is no try: it is looked at again until the deadline, unless the caller has something to fall back on.
 */
export function createChain(options: ChainOptions): ProviderChain {
  const budget = new RetryBudget(options.clock);
  const pace = new Pace(options.patienceMs);
  return (providers, request) => {
    budget.deposit();
    return new Tries(options, budget, pace, providers, request).run();
  };
}

interface Settle {
  resolve(minted: Minted): void;
  reject(error: ProviderError): void;
}

/** The tries of one request. */
class Tries {
  readonly #turns: readonly Turn[];
  readonly #running = new Set<AbortController>();
  readonly #latest: number;
  readonly #maxTries: number;
  #begun = 0;
  #at = 0;
  #last: ProviderError | undefined;
  #timer: NodeJS.Timeout | undefined;
  #settle: Settle | null = null;

  constructor(
    private readonly options: ChainOptions,
    private readonly budget: RetryBudget,
    private readonly pace: Pace,
    providers: readonly RelayProvider[],
    private readonly request: ChainRequest,
  ) {
    this.#turns = providers.map((provider) => ({ provider, tries: 0, notBefore: 0, over: false }));
    this.#latest = options.clock.elapsed() + options.deadlineMs;
    this.#maxTries = request.hasFallback ? options.maxTriesWithFallback : options.maxTries;
  }

  run(): Promise<Minted> {
    const { signal } = this.request;
    const onAbort = (): void => this.#fail(new ProviderError('timeout', null));
    return new Promise<Minted>((resolve, reject) => {
      this.#settle = { resolve, reject };
      if (signal.aborted) return onAbort();
      signal.addEventListener('abort', onAbort, { once: true });
      this.#next();
    }).finally(() => signal.removeEventListener('abort', onAbort));
  }

  /** Begins a try, or waits for the moment at which one may begin, or gives up when none ever may. */
  #next(): void {
    clearTimeout(this.#timer);
    if (this.#settle === null) return;
    const now = this.options.clock.elapsed();
    const turn = this.#begun < this.#maxTries ? this.#turnAt(now) : undefined;
    if (turn === undefined) return this.#giveUpUnlessRunning();
    if (turn.notBefore > now) return this.#wait(turn.notBefore - now);
    // A provider is overloaded only by those who ask it again.
    if (turn.tries > 0 && !this.budget.withdraw(this.#running.size > 0)) return this.#wait(BUDGET_LOOK_MS);
    this.#begin(turn, now);
  }

  /** The next one round that may be asked now; else the one that may be first. */
  #turnAt(now: number): Turn | undefined {
    const round = [...this.#turns.slice(this.#at), ...this.#turns.slice(0, this.#at)].filter(({ over }) => !over);
    const ready = round.find(({ notBefore }) => notBefore <= now);
    return ready ?? round.sort((a, b) => a.notBefore - b.notBefore)[0];
  }

  #begin(turn: Turn, startedAt: number): void {
    const { clock } = this.options;
    const abort = new AbortController();
    this.#running.add(abort);
    this.#begun += 1;
    turn.tries += 1;
    this.#at = (this.#turns.indexOf(turn) + 1) % this.#turns.length;
    this.#wait(this.pace.patienceWith(turn.provider));
    turn.provider.credentials(new Try(this.request, abort.signal)).then(
      (credentials) => {
        this.#running.delete(abort);
        this.pace.took(turn.provider, clock.elapsed() - startedAt);
        this.#end(SUPERSEDED)?.resolve({ provider: turn.provider, credentials });
      },
      (error: unknown) => {
        if (!this.#running.delete(abort)) return;
        this.#failed(turn, asProviderError(error));
        this.#next();
      },
    );
  }

  #failed(turn: Turn, failure: ProviderError): void {
    const now = this.options.clock.elapsed();
    if (failure.reason === 'breaker_open') {
      this.#begun -= 1;
      turn.tries -= 1;
      turn.notBefore = now + BREAKER_LOOK_MS;
      turn.over = this.request.hasFallback || turn.notBefore >= this.#latest;
      return;
    }
    this.#last = failure;
    turn.notBefore = now + this.#waitAfter(failure, turn.tries - 1);
    turn.over = !mayPass(failure) || turn.notBefore >= this.#latest;
  }

  #waitAfter(error: ProviderError, failuresBefore: number): number {
    const { random, backoffMs, maxBackoffMs } = this.options;
    const jitter = random() * Math.min(maxBackoffMs, backoffMs * 2 ** failuresBefore);
    return Math.max(jitter, error.retryAfterMs);
  }

  #wait(ms: number, isSecondLook = false): void {
    clearTimeout(this.#timer);
    const { clock } = this.options;
    const due = clock.elapsed() + ms;
    this.#timer = setTimeout(() => {
      // This process stood still: the answer may be there and not read yet, so the provider gets as long once more.
      const isLate = clock.elapsed() - due > LATE_MS;
      if (isLate && this.#running.size > 0 && !isSecondLook) this.#wait(ms, true);
      else this.#next();
    }, Math.ceil(ms));
  }

  #giveUpUnlessRunning(): void {
    if (this.#running.size === 0) this.#fail(this.#last ?? new ProviderError('breaker_open', null));
  }

  #fail(error: ProviderError): void {
    // Out of time in a wait: what the last try said tells more.
    const told = this.#running.size === 0 ? (this.#last ?? error) : error;
    this.#end(this.request.signal.reason)?.reject(told);
  }

  /** Ends whatever runs. @returns what settles the request, the first time */
  #end(reason: unknown): Settle | null {
    const settle = this.#settle;
    this.#settle = null;
    clearTimeout(this.#timer);
    for (const abort of this.#running) abort.abort(reason);
    this.#running.clear();
    return settle;
  }
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

/** Whether the same request may succeed a moment later. A page in place of credentials comes from a proxy that will go. */
function mayPass({ reason, httpStatus }: ProviderError): boolean {
  if (reason === 'status') return httpStatus === 429 || (httpStatus !== null && httpStatus >= 500);
  return reason === 'connection' || reason === 'timeout' || reason === 'malformed';
}
