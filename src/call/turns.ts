import type { Timers } from '../ports.js';
import { isPromise, type Soon } from '../soon.js';

/** How long a turn is waited for, in milliseconds: one that takes longer is stuck, and holds nobody up. */
const PATIENCE_MS = 100;

/**
 * Lets moves of one call that begin in this process go one after the other. Nothing depends on it: compare-and-set is what
 * makes moves atomic. But signals that a device sends in a row would otherwise overtake each other here, and each would have
 * to be made again.
 */
export class Turns {
  readonly #timers: Pick<Timers, 'wait'>;
  readonly #last = new Map<string, Promise<void>>();

  constructor(timers: Pick<Timers, 'wait'>) {
    this.#timers = timers;
  }

  take<Result>(callId: string, work: () => Soon<Result>): Soon<Result> {
    const before = this.#last.get(callId);
    const result = before ? Promise.race([before, this.#timers.wait(PATIENCE_MS)]).then(work) : work();
    if (!isPromise(result)) return result;
    const mine = (result as Promise<Result>).then(
      () => undefined,
      () => undefined,
    );
    this.#last.set(callId, mine);
    void mine.then(() => {
      if (this.#last.get(callId) === mine) this.#last.delete(callId);
    });
    return result;
  }
}
