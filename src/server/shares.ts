import type { Clock } from '../ports.js';

/**
 * Shares of the event loop's turns, one for each who asks for something. Who asks for more at once than its share waits for
 * the next turn, and nobody else does.
 */
export interface Shares {
  /**
   * Begins a work in this turn, or in a later one after all that was given for the same owner before. It must not throw. What
   * it does at once is measured; it may give more works itself.
   *
   * @param leastMs what it counts for at least, where much of it is done later
   * @returns whether it was begun in this turn
   */
  run(owner: string | object, work: () => void, leastMs?: number): boolean;
}

/** What one owner may use of a turn, in milliseconds: with a few who use all of theirs, a turn is still short. */
const SHARE_MS = 2;
/** What a work counts for at least: what it begins goes on by itself. */
const LEAST_MS = 0.1;

interface Work {
  readonly begin: () => void;
  readonly leastMs: number;
}

interface Share {
  usedMs: number;
  /** In order. */
  readonly waiting: Set<Work>;
}

export function createShares(clock: Pick<Clock, 'elapsed'>): Shares {
  /** Who has used some of this turn, or waits. */
  const shares = new Map<string | object, Share>();
  let isPlanned = false;

  function begin(share: Share, { begin: work, leastMs }: Work): void {
    const [from, usedMs] = [clock.elapsed(), share.usedMs];
    work();
    // What it gave to be begun within it has been counted, and is part of its own time.
    share.usedMs = Math.max(share.usedMs, usedMs + Math.max(clock.elapsed() - from, leastMs));
  }

  /** Runs after all that sockets had to say was read. */
  function nextTurn(): void {
    isPlanned = false;
    for (const [owner, share] of shares) {
      // Who is at it in each turn keeps the same one.
      if (share.waiting.size === 0 && share.usedMs === 0) shares.delete(owner);
      share.usedMs = 0;
      for (const work of share.waiting) {
        if (share.usedMs >= SHARE_MS) break;
        share.waiting.delete(work);
        begin(share, work);
      }
    }
    if (shares.size > 0) plan();
  }

  function plan(): void {
    if (isPlanned) return;
    isPlanned = true;
    setImmediate(nextTurn);
  }

  return {
    run: (owner, work, leastMs = LEAST_MS) => {
      const share = shares.get(owner) ?? { usedMs: 0, waiting: new Set() };
      shares.set(owner, share);
      plan();
      const isNow = share.waiting.size === 0 && share.usedMs < SHARE_MS;
      if (isNow) begin(share, { begin: work, leastMs });
      else share.waiting.add({ begin: work, leastMs });
      return isNow;
    },
  };
}
