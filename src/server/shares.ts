import type { Clock } from '../ports.js';

/**
 * Shares of the event loop's turns, one for each who asks for something. Who asks for more at once than its share waits for
 * the next turn, and nobody else does.
 */
export interface Shares {
  /**
   * Begins a work in this turn, or in a later one after all that was given for the same owner before. It must not throw.
   *
   * @returns whether it was begun in this turn
   */
  run(owner: string | object, work: () => void): boolean;
}

/** What one owner may use of a turn, in milliseconds: with a few who use all of theirs, a turn is still short. */
const SHARE_MS = 2;
/** What a work counts for at least, for what it begins goes on by itself. */
const LEAST_MS = 0.1;

interface Share {
  usedMs: number;
  /** In order. */
  readonly waiting: Set<() => void>;
}

export function createShares(clock: Pick<Clock, 'elapsed'>): Shares {
  /** Who has used some of this turn, or waits. */
  const shares = new Map<string | object, Share>();
  let isPlanned = false;

  function begin(share: Share, work: () => void): void {
    const from = clock.elapsed();
    work();
    share.usedMs += Math.max(clock.elapsed() - from, LEAST_MS);
  }

  /** Runs after all that sockets had to say was read. */
  function nextTurn(): void {
    isPlanned = false;
    for (const [owner, share] of shares) {
      if (share.waiting.size === 0) shares.delete(owner);
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
    run: (owner, work) => {
      const share = shares.get(owner) ?? { usedMs: 0, waiting: new Set() };
      if (share.usedMs === 0) {
        shares.set(owner, share);
        plan();
      }
      const isNow = share.waiting.size === 0 && share.usedMs < SHARE_MS;
      if (isNow) begin(share, work);
      else share.waiting.add(work);
      return isNow;
    },
  };
}
