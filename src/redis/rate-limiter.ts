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

/**
 * Fixed windows in Redis, one for all nodes. While it cannot be asked, each node goes on in its memory with its share of the
 * limit, at least one permit: all of them together then grant about as many.
 */
export function createRedisRateLimiter({ redis, names, clock, nodes }: RedisRateLimiterParts): RateLimiter {
  const memory = createMemoryRateLimiter(clock);

  const take = async (key: string, limit: RateLimit): Promise<PermitDecision> => {
    const permits = names.permits(key);
    const args = [limit.max, limit.windowSeconds * 1000];
    const [taken, endsAt, remainingMs] = (await redis.run(TAKE, [permits], args)) as [0 | 1, number, number];
    if (taken === 0) return { granted: false, retryAfterMs: remainingMs };
    let held = true;
    return {
      granted: true,
      giveBack: async () => {
        if (!held) return;
        held = false;
        await redis.run(GIVE_BACK, [permits], [endsAt]);
      },
    };
  };

  return {
    take: (key, limit) =>
      take(key, limit).catch((error: unknown) => {
        // The account's own operations crowd each other out: Redis is there, and memory would grant a second time.
        if (isRefusal(error)) return { granted: false, retryAfterMs: error.details.retryAfterMs ?? 1_000 };
        const share = Math.max(1, Math.floor(limit.max / nodes()));
        return memory.take(key, { ...limit, max: share });
      }),
    close: () => memory.close(),
  };
}

function isRefusal(error: unknown): error is SignalingError {
  return error instanceof SignalingError && error.code === 'CALL_RATE_LIMITED';
}
