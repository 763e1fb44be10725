import { SignalingError } from '../errors.js';
import { createMemoryRateLimiter } from '../memory/rate-limiter.js';
import type { Clock, PermitDecision, RateLimit, RateLimiter } from '../ports.js';
import type { Names } from './names.js';
import type { Redis } from './redis.js';
import { loadScript } from './script.js';

const TAKE = loadScript('take-permit');
const GIVE_BACK = loadScript('give-back');

export interface RedisRateLimiterParts {
  readonly redis: Redis;
  readonly names: Names;
  /** For the windows in this process. */
  readonly clock: Clock;
  /** How many nodes share the limits, as far as is known. */
  readonly nodes: () => number;
}

/** From so many permits a window on, nodes take some in advance. */
const MANY = 300;
/** One in so many of those that are left, and so many at most: what a node takes and does not use, no other node can give. */
const [SHARE, MOST] = [64, 16];

/** For so long it is not asked again whether a permit has come back, in milliseconds. */
const REFUSED_MS = 1_000;

/** Permits of one window that were taken and are not used yet. */
interface Lease {
  left: number;
  /** When the window ends, by the clock of Redis; and by the one here that cannot go back. */
  readonly window: number;
  readonly endsAt: number;
}

/**
 * Fixed windows in Redis, one for all nodes. Of a large limit a node takes a few permits in advance, so that most operations need
 * not ask: no more are granted than the limit, and a device that changes nodes may find some of them taken. While Redis cannot be
 * asked, each node goes on in its memory with its share of the limit, at least one permit: all of them together then grant about
 * as many.
 */
export function createRedisRateLimiter({ redis, names, clock, nodes }: RedisRateLimiterParts): RateLimiter {
  const memory = createMemoryRateLimiter(clock);
  const leases = new Map<string, Lease>();
  /** Those that are being asked for, each with the answer of Redis where that is a refusal. */
  const flights = new Map<string, Promise<PermitDecision | null>>();
  /** Until when there is none, and until when that is believed; by the clock that cannot go back. */
  const refusals = new Map<string, { readonly endsAt: number; readonly until: number }>();
  let sweepAtSize = 1_000;

  async function ask(key: string, { max, windowSeconds }: RateLimit, share: number) {
    const permits = names.permits(key);
    const from = clock.elapsed();
    const args = [max, windowSeconds * 1000, share, MOST];
    const [taken, endsAt, remainingMs] = (await redis.run(TAKE, [permits], args)) as readonly [number, number, number];
    return { permits, taken, endsAt, remainingMs, from };
  }

  function refused(key: string, { from, remainingMs }: { readonly from: number; readonly remainingMs: number }) {
    refusals.set(key, { endsAt: from + remainingMs, until: from + Math.min(remainingMs, REFUSED_MS) });
    if (refusals.size > sweepAtSize) sweep(from);
    return { granted: false, retryAfterMs: remainingMs } as const;
  }

  function knownRefusal(key: string): PermitDecision | null {
    const known = refusals.get(key);
    const now = clock.elapsed();
    return known && now < known.until ? { granted: false, retryAfterMs: known.endsAt - now } : null;
  }

  const take = async (key: string, limit: RateLimit): Promise<PermitDecision> => {
    const asked = await ask(key, limit, 0);
    const { permits, taken, endsAt } = asked;
    if (taken === 0) return refused(key, asked);
    let held = true;
    return {
      granted: true,
      giveBack: async () => {
        if (!held) return;
        held = false;
        refusals.delete(key);
        await redis.run(GIVE_BACK, [permits], [endsAt]);
      },
    };
  };

  function leased(key: string): PermitDecision | null {
    const lease = leases.get(key);
    if (!lease || lease.left <= 0 || clock.elapsed() >= lease.endsAt) return null;
    lease.left -= 1;
    let held = true;
    return {
      granted: true,
      giveBack: () => {
        if (held) lease.left += 1;
        held = false;
        refusals.delete(key);
        return Promise.resolve();
      },
    };
  }

  async function lease(key: string, limit: RateLimit): Promise<PermitDecision | null> {
    const asked = await ask(key, limit, SHARE);
    const { taken, endsAt: window, remainingMs, from } = asked;
    if (taken === 0) return refused(key, asked);
    const known = leases.get(key);
    // Those that come back are of the same window.
    if (known?.window === window) known.left += taken;
    else leases.set(key, { left: taken, window, endsAt: from + remainingMs });
    if (leases.size > sweepAtSize) sweep(from);
    return null;
  }

  function sweep(now: number): void {
    for (const [key, { endsAt }] of leases) if (endsAt <= now) leases.delete(key);
    for (const [key, { until }] of refusals) if (until <= now) refusals.delete(key);
    sweepAtSize = Math.max(1_000, leases.size * 2, refusals.size * 2);
  }

  /** Who asks while others do takes of what they are given. */
  async function takeLeased(key: string, limit: RateLimit): Promise<PermitDecision> {
    const flight = flights.get(key) ?? lease(key, limit).finally(() => flights.delete(key));
    flights.set(key, flight);
    return (await flight) ?? leased(key) ?? takeLeased(key, limit);
  }

  return {
    take: (key, limit) => {
      const known = leased(key) ?? knownRefusal(key);
      if (known) return known;
      return (limit.max < MANY ? take(key, limit) : takeLeased(key, limit)).catch((error: unknown) => {
        // The account's own operations crowd each other out: Redis is there, and memory would grant a second time.
        if (isRefusal(error)) return { granted: false, retryAfterMs: error.details.retryAfterMs ?? 1_000 };
        const share = Math.max(1, Math.floor(limit.max / nodes()));
        return memory.take(key, { ...limit, max: share });
      });
    },
    close: () => memory.close(),
  };
}

function isRefusal(error: unknown): error is SignalingError {
  return error instanceof SignalingError && error.code === 'CALL_RATE_LIMITED';
}
