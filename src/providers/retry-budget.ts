import type { Clock } from '../ports.js';

/** What each request may add, what each second adds, and what is kept at most. */
const PER_REQUEST = 2;
const PER_SECOND = 10;
const MOST = 500;

/**
 * How often providers may be asked a further time, all requests together: so that a provider in trouble meets at most three
 * times the usual load. It binds only when more than two of three tries fail, under more load than a few requests a second.
 */
export class RetryBudget {
  readonly #clock: Clock;
  #left = MOST;
  #at: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#at = clock.elapsed();
  }

  /** A request begins. */
  deposit(): void {
    this.#add(PER_REQUEST);
  }

  /**
   * @param isHedge the first try has not failed, it is only late: such tries leave half of the budget to those that failed
   * @returns whether one more retry may be made
   */
  withdraw(isHedge: boolean): boolean {
    const now = this.#clock.elapsed();
    this.#add(((now - this.#at) / 1_000) * PER_SECOND);
    this.#at = now;
    if (this.#left < (isHedge ? MOST / 2 : 1)) return false;
    this.#left -= 1;
    return true;
  }

  #add(retries: number): void {
    this.#left = Math.min(MOST, this.#left + retries);
  }
}
