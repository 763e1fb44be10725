import type { Clock } from '../ports.js';
import { networkOf } from './proxies.js';

/**
 * A queue for clients that are not connected yet. A few go in each turn of the event loop, so that a crowd that comes at once
 * delays the clients that are connected by little: by turns from each place that they come from, and first come, first served
 * among those of one.
 */
export interface Newcomers {
  /**
   * @param address of the client: those of one network are of one place
   * @param mayGo asked when it is the caller's turn; while it says no, the caller and all others wait
   * @returns whether the caller may go on; false: too many wait, and no place has more of them, or it has waited too long
   */
  turn(address: string, mayGo?: () => boolean): Promise<boolean>;
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
  /** Those of one place, in order; the place whose turn it was last stands last. */
  const places = new Map<string, Set<Waiting>>();
  let count = 0;
  let left = PER_TURN;
  let isPlanned = false;
  let isOver = false;

  /** Runs after all that sockets had to say was read: what has arrived by then is not late. */
  function nextTurn(): void {
    isPlanned = false;
    left = PER_TURN;
    const now = clock.elapsed();
    for (const [from, waiting] of places) {
      for (const each of waiting) {
        if (isOver) settle(each, waiting, true);
        else if (now - each.since >= maxMs) settle(each, waiting, false);
        else if (left === 0) return plan();
        else if (!each.mayGo()) return void setTimeout(plan, AGAIN_MS);
        else {
          left -= 1;
          settle(each, waiting, true);
          break;
        }
      }
      places.delete(from);
      if (waiting.size > 0) places.set(from, waiting);
    }
  }

  function plan(): void {
    if (isPlanned) return;
    isPlanned = true;
    setImmediate(nextTurn);
  }

  function settle(each: Waiting, waiting: Set<Waiting>, mayGo: boolean): void {
    waiting.delete(each);
    count -= 1;
    each.settle(mayGo);
  }

  /** The last one of the place with most makes room, if that is not the caller's own. */
  function makeRoom(own: number): boolean {
    let most: Set<Waiting> | null = null;
    for (const waiting of places.values()) if (waiting.size > Math.max(own, most?.size ?? 0)) most = waiting;
    const last = [...(most ?? [])].at(-1);
    if (!most || !last) return false;
    settle(last, most, false);
    return true;
  }

  return {
    turn: (address, mayGo = always) => {
      if (isOver) return Promise.resolve(true);
      plan();
      if (count === 0 && left > 0 && mayGo()) {
        left -= 1;
        return Promise.resolve(true);
      }
      const from = networkOf(address);
      const waiting = places.get(from) ?? new Set();
      if (count >= max && !makeRoom(waiting.size)) return Promise.resolve(false);
      places.set(from, waiting);
      count += 1;
      return new Promise((settled) => waiting.add({ since: clock.elapsed(), mayGo, settle: settled }));
    },
    end: () => {
      isOver = true;
      if (count > 0) plan();
    },
  };
}
