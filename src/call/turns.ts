import type { Timers } from '../ports.js';
import { isPromise, type Soon } from '../soon.js';

/** How long a move may take, in milliseconds: one that takes longer is stuck, and holds nobody up. */
const PATIENCE_MS = 100;

interface Turn {
  /** Resolves when its move begins: that of the one before is over, or stuck. */
  readonly begun: Promise<void>;
  readonly over: Promise<void>;
}

const BEGUN = Promise.resolve();

/**
 * Lets moves of one call that begin in this process go one after the other. Nothing depends on it: compare-and-set is what
 * makes moves atomic. But signals that a device sends in a row would otherwise overtake each other here, and each would have
 * to be made again.
 */
export class Turns {
  readonly #timers: Pick<Timers, 'wait'>;
  readonly #last = new Map<string, Turn>();

  constructor(timers: Pick<Timers, 'wait'>) {
    this.#timers = timers;
  }

  /** Whether a move of the call has not ended yet, so that the next one would have to wait. */
  isTaken(callId: string): boolean {
    return this.#last.has(callId);
  }

  take<Result>(callId: string, work: () => Soon<Result>): Soon<Result> {
    const before = this.#last.get(callId);
    // Patience is with the one before alone: in a long line, nobody races the others for having waited.
    const begun = before?.begun.then(() => Promise.race([before.over, this.#timers.wait(PATIENCE_MS)]));
    const result = begun ? begun.then(work) : work();
    if (!isPromise(result)) return result;
    const over = (result as Promise<Result>).then(
      () => undefined,
      () => undefined,
    );
    const mine = { begun: begun ?? BEGUN, over };
    this.#last.set(callId, mine);
    void over.then(() => {
      if (this.#last.get(callId) === mine) this.#last.delete(callId);
    });
    return result;
  }
}
