import type { Clock } from '../../src/ports.js';

/** A clock that stands still until it is told to go on. */
export interface SetClock extends Clock {
  advanceSeconds(seconds: number): void;
}

export function createSetClock(start = Date.UTC(2026, 0, 1)): SetClock {
  let now = start;
  return {
    now: () => now,
    elapsed: () => now,
    advanceSeconds: (seconds) => {
      now += seconds * 1_000;
    },
  };
}
