import type { Clock } from '../ports.js';

export type BreakerState = 'closed' | 'half_open' | 'open';

/** Tries are counted by the second, over so many of them. */
const WINDOW_SECONDS = 10;
/** Fewer failures than this in the window say nothing. */
const ENOUGH = 30;

export interface BreakerOptions {
  readonly clock: Clock;
  /** The time between two probes while it is open, in milliseconds. */
  readonly probeMs: number;
  readonly onState: (state: BreakerState) => void;
}

/**
 * Leaves a provider alone that answers nothing. It opens when none of at least 30 tries of the last 10 seconds succeeded:
 * a provider that answers every second request, or fails for a part of each second, is worth a retry and stays in use.
 * While it is open one try at a time goes through, as a probe; the first that succeeds closes it.
 */
export class Breaker {
  readonly #options: BreakerOptions;
  #state: BreakerState = 'closed';
  /** Failures by second, the newest last. */
  #failures: { readonly second: number; count: number }[] = [];
  #succeededAt = -Infinity;
  #probeAt = 0;

  constructor(options: BreakerOptions) {
    this.#options = options;
  }

  /** Takes a place: each `true` must be followed by `succeeded`, `failed` or `abandoned`. */
  admits(): boolean {
    if (this.#state === 'closed') return true;
    if (this.#state === 'half_open' || this.#options.clock.elapsed() < this.#probeAt) return false;
    this.#become('half_open');
    return true;
  }

  succeeded(): void {
    this.#succeededAt = this.#options.clock.elapsed();
    this.#become('closed');
  }

  failed(): void {
    const now = this.#options.clock.elapsed();
    const second = Math.floor(now / 1_000);
    this.#failures = this.#failures.filter((bucket) => bucket.second > second - WINDOW_SECONDS);
    const newest = this.#failures.at(-1);
    if (newest?.second === second) newest.count += 1;
    else this.#failures.push({ second, count: 1 });
    const count = this.#failures.reduce((sum, bucket) => sum + bucket.count, 0);
    const saysNothing = count < ENOUGH || now - this.#succeededAt < WINDOW_SECONDS * 1_000;
    if (this.#state === 'half_open' || !saysNothing) this.#open(now);
  }

  /** The try was given up for a reason that says nothing of the provider. */
  abandoned(): void {
    if (this.#state === 'half_open') this.#open(this.#options.clock.elapsed());
  }

  #open(now: number): void {
    this.#probeAt = now + this.#options.probeMs;
    this.#become('open');
  }

  #become(state: BreakerState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#options.onState(state);
  }
}
