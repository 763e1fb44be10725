import type { Clock } from '../ports.js';

/**
 * A queue for clients that are not connected yet. It is first come, first served, and lets a few go in each turn of the event
 * loop, so that a crowd that comes at once delays the clients that are connected by little.
 */
export interface Newcomers {
  /**
   * @param mayGo asked when it is the caller's turn; while it says no, the caller and those behind wait
   * @returns whether the caller may go on; false: too many wait already, or the caller has waited too long
   */
  turn(mayGo?: () => boolean): Promise<boolean>;
  /** Lets all who wait go, and everybody who comes after them. */
  end(): void;
}

export interface NewcomersOptions {
  readonly clock: Clock;
  /** How many may wait. */
  readonly max: number;
  /** How long one may wait, in milliseconds. */
  readonly maxMs: number;
}

/** How many may go in one turn of the event loop: the work of so many takes a few milliseconds. */
const PER_TURN = 8;
/** How soon the first one asks again whether it may go, in milliseconds. */
const AGAIN_MS = 10;

interface Waiting {
  readonly since: number;
  readonly mayGo: () => boolean;
  readonly settle: (mayGo: boolean) => void;
}

const always = (): boolean => true;

export function createNewcomers({ clock, max, maxMs }: NewcomersOptions): Newcomers {
  const waiting = new Set<Waiting>();
  let left = PER_TURN;
  let isPlanned = false;
  let isOver = false;

  /** Runs after all that sockets had to say was read: what has arrived by then is not late. */
  function nextTurn(): void {
    isPlanned = false;
    left = PER_TURN;
    const now = clock.elapsed();
    for (const each of waiting) {
      if (isOver) settle(each, true);
      else if (now - each.since >= maxMs) settle(each, false);
      else if (left === 0) break;
      else if (each.mayGo()) go(each);
      else return void setTimeout(plan, AGAIN_MS);
    }
    if (waiting.size > 0) plan();
  }

  function plan(): void {
    if (isPlanned) return;
    isPlanned = true;
    setImmediate(nextTurn);
  }

  function go(each: Waiting): void {
    left -= 1;
    settle(each, true);
  }

  function settle(each: Waiting, mayGo: boolean): void {
    waiting.delete(each);
    each.settle(mayGo);
  }

  return {
    turn: (mayGo = always) => {
      if (isOver) return Promise.resolve(true);
      plan();
      if (waiting.size === 0 && left > 0 && mayGo()) {
        left -= 1;
        return Promise.resolve(true);
      }
      if (waiting.size >= max) return Promise.resolve(false);
      return new Promise((settle) => waiting.add({ since: clock.elapsed(), mayGo, settle }));
    },
    end: () => {
      isOver = true;
      if (waiting.size > 0) plan();
    },
  };
}
