import type { Timers } from '../ports.js';

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

  async take<Result>(callId: string, work: () => Promise<Result>): Promise<Result> {
    const before = this.#last.get(callId);
    let pass = (): void => undefined;
    const mine = new Promise<void>((resolve) => (pass = resolve));
    this.#last.set(callId, mine);
    try {
      if (before) await Promise.race([before, this.#timers.wait(PATIENCE_MS)]);
      return await work();
    } finally {
      pass();
      if (this.#last.get(callId) === mine) this.#last.delete(callId);
    }
  }
}
