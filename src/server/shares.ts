import type { Clock } from '../ports.js';

/**
 * Shares of the event loop's turns, one for each who asks for something. Who asks for more at once than its share waits for
 * the next turn, and in a full turn for more than half of it: all who wait go by turns. Nobody else waits.
 */
export interface Shares {
  /**
   * Begins a work in this turn, or in a later one after all that was given for the same owner before. It must not throw. What
   * it does at once is measured; it may give more works itself.
   *
   * @param leastMs what it counts for at least, where much of it is done later: asked when it has begun
   * @returns whether it was begun in this turn
   */
  run(owner: string | object, work: () => void, leastMs?: number | (() => number)): boolean;
  /** Somebody comes: one is let in a turn, so that those who wait for others get less of the next one. */
  hurry(): void;
}

/** What one owner may use of a turn, in milliseconds. */
const SHARE_MS = 2;
/** What all who wait may use of it together: however many use all of theirs, a turn is short. */
const TURN_MS = 4;
const HURRIED_MS = 0.5;
/** What a work counts for at least: what it begins goes on by itself. */
const LEAST_MS = 0.1;

interface Work {
  readonly begin: () => void;
  readonly leastMs: number | (() => number);
}

interface Share {
  usedMs: number;
  /** In order. */
  readonly waiting: Set<Work>;
}

export function createShares(clock: Pick<Clock, 'elapsed'>): Shares {
  /** Who has used some of this turn, or waits. */
  const shares = new Map<string | object, Share>();
  let [isPlanned, isHurried] = [false, false];
  /** What was used of this turn. */
  let turnMs = 0;

  function begin(share: Share, { begin: work, leastMs }: Work): void {
    const [from, usedMs] = [clock.elapsed(), share.usedMs];
    work();
    const ms = Math.max(clock.elapsed() - from, typeof leastMs === 'number' ? leastMs : leastMs());
    // What it gave to be begun within it has been counted, and is part of its own time.
    share.usedMs = Math.max(share.usedMs, usedMs + ms);
    turnMs += share.usedMs - usedMs;
  }

  /** Runs after all that sockets had to say was read. Those that had nothing of this turn come first in the next one. */
  function nextTurn(): void {
    isPlanned = false;
    // What was begun at once leaves less for those who wait, and one of them at least has its turn.
    let leftMs = isHurried ? HURRIED_MS : Math.max(HURRIED_MS, TURN_MS - turnMs);
    isHurried = false;
    turnMs = 0;
    for (const [owner, share] of [...shares]) {
      // Who is at it in each turn keeps the same one.
      if (share.waiting.size === 0 && share.usedMs === 0) shares.delete(owner);
      share.usedMs = 0;
      if (share.waiting.size === 0 || leftMs <= 0) continue;
      shares.delete(owner);
      shares.set(owner, share);
      for (const work of share.waiting) {
        if (share.usedMs >= Math.min(SHARE_MS, leftMs)) break;
        share.waiting.delete(work);
        begin(share, work);
      }
      leftMs -= share.usedMs;
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
      // Who asks for little waits for nobody.
      const mayUse = turnMs < TURN_MS ? SHARE_MS : SHARE_MS / 2;
      const isNow = share.waiting.size === 0 && share.usedMs < mayUse;
      if (isNow) begin(share, { begin: work, leastMs });
      else share.waiting.add({ begin: work, leastMs });
      return isNow;
    },
    hurry: () => {
      isHurried = true;
    },
  };
}
