import type { Clock } from '../ports.js';

/** After so many failures in a row a service is left alone, but for one request in PAUSE_MS: nobody else waits for it. */
export const FAILURES_IN_A_ROW = 3;
export const PAUSE_MS = 1_000;

/** Remembers that a service is down. */
export interface Patience {
  /** Whether it may be asked now; to be called once for each request. */
  admits(): boolean;
  /** Whether it is left alone, but for those that are admitted. */
  isOver(): boolean;
  /** How often it has failed since its last answer. */
  failures(): number;
  failed(): void;
  answered(): void;
}

export function createPatience(clock: Clock): Patience {
  let failures = 0;
  let askedAt = -Infinity;
  const isOver = (): boolean => failures >= FAILURES_IN_A_ROW;
  return {
    admits: () => {
      if (isOver() && clock.elapsed() - askedAt < PAUSE_MS) return false;
      askedAt = clock.elapsed();
      return true;
    },
    isOver,
    failures: () => failures,
    failed: () => {
      failures += 1;
      // Of many that hang, none is asked anew as soon as the last of them has failed.
      askedAt = clock.elapsed();
    },
    answered: () => void (failures = 0),
  };
}
