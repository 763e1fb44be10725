import type { Clock, PermitDecision, RateLimit, RateLimiter } from '../ports.js';

interface Window {
  taken: number;
  /** By the clock that cannot go back. */
  readonly endsAt: number;
}

/**
 * Fixed windows in this process's memory. A refusal takes nothing, so a permit that comes back can be taken by the next
 * request; one that comes back after its window has ended is dropped.
 */
export function createMemoryRateLimiter(clock: Clock): RateLimiter {
  const windows = new Map<string, Window>();
  let sweepAtSize = 1_000;

  /** Forgets ended windows whenever the map has doubled since the last time: memory follows the keys in use. */
  const sweep = (now: number): void => {
    for (const [key, window] of windows) if (window.endsAt <= now) windows.delete(key);
    sweepAtSize = Math.max(1_000, windows.size * 2);
  };

  const take = (key: string, limit: RateLimit): PermitDecision => {
    const now = clock.elapsed();
    let window = windows.get(key);
    if (!window || window.endsAt <= now) {
      window = { taken: 0, endsAt: now + limit.windowSeconds * 1000 };
      windows.set(key, window);
      if (windows.size > sweepAtSize) sweep(now);
    }
    if (window.taken >= limit.max) return { granted: false, retryAfterMs: window.endsAt - now };
    window.taken += 1;
    const mine = window;
    let held = true;
    return {
      granted: true,
      giveBack: () => {
        if (held && windows.get(key) === mine && clock.elapsed() < mine.endsAt) mine.taken -= 1;
        held = false;
        return Promise.resolve();
      },
    };
  };

  return {
    take,
    close: () => {
      windows.clear();
      return Promise.resolve();
    },
  };
}
