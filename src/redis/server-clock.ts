import type { Deadline } from './deadline.js';

/** How long a measurement counts, at least: clocks drift apart by far less in that time than a command may take. */
const WINDOW_MS = 10_000;

/**
 * What a server's clock will say at a moment of ours, told from answers that carried its time. Never later than it really
 * will: whoever may act only before such a moment acts before we give up, or not at all.
 */
export class ServerClock {
  /** Least differences, server's clock less ours, that answers proved in this window and in the one before. */
  #current = -Infinity;
  #previous = -Infinity;
  #windowEndsAt = 0;

  /**
   * @param serverMs what the server's clock said, Unix milliseconds, at some moment between the two of ours
   */
  measured(serverMs: number, sentAt: Deadline, receivedAt: Deadline): void {
    if (serverMs + 1 - sentAt < Math.max(this.#current, this.#previous)) {
      // It was set back.
      this.#current = -Infinity;
      this.#previous = -Infinity;
    } else if (receivedAt >= this.#windowEndsAt) {
      this.#previous = this.#current;
      this.#current = -Infinity;
      this.#windowEndsAt = receivedAt + WINDOW_MS;
    }
    this.#current = Math.max(this.#current, serverMs - receivedAt);
  }

  /** @returns Unix milliseconds by the server's clock, rounded down; null: nothing was measured yet */
  at(deadline: Deadline): number | null {
    const difference = Math.max(this.#current, this.#previous);
    return difference === -Infinity ? null : Math.floor(deadline + difference);
  }
}
