import { setTimeout as wait } from 'node:timers/promises';
import type { OnWake } from '../call/ports.js';

/** Those who listen for one account. */
export interface Doubtful {
  readonly listeners: ReadonlySet<{ readonly onWake: OnWake }>;
}

/** All that doubt look within so many steps of so many milliseconds, so that they do not ask Redis in one moment. */
const STEPS = 25;
const STEP_MS = 10;
const LEAST_A_STEP = 20;

/** Tells listeners that they may have missed something: they look. */
export class Doubts {
  readonly #waiting = new Set<Doubtful>();
  #telling = false;

  raise(doubtful: Iterable<Doubtful>): void {
    for (const each of doubtful) this.#waiting.add(each);
    if (!this.#telling) void this.#tell();
  }

  /** Somebody left, or heard otherwise. */
  forget(doubtful: Doubtful): void {
    this.#waiting.delete(doubtful);
  }

  async #tell(): Promise<void> {
    this.#telling = true;
    while (this.#waiting.size > 0) {
      const atOnce = Math.max(LEAST_A_STEP, Math.ceil(this.#waiting.size / STEPS));
      for (const each of [...this.#waiting].slice(0, atOnce)) {
        this.#waiting.delete(each);
        for (const { onWake } of each.listeners) onWake(null);
      }
      if (this.#waiting.size > 0) await wait(STEP_MS, null, { ref: false });
    }
    this.#telling = false;
  }
}
