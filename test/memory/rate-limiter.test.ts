import { expect, it } from '@jest/globals';
import { createMemoryRateLimiter } from '../../src/memory/rate-limiter.js';
import { rateLimiterContract } from '../contract/rate-limiter.js';
import { heapHeld } from '../support/own-cost.js';

rateLimiterContract('memory', () => {
  let now = 1_000_000;
  const limiter = createMemoryRateLimiter({ now: () => now, elapsed: () => now });
  return Promise.resolve({
    limiter,
    advance: (milliseconds) => {
      now += milliseconds;
      return Promise.resolve();
    },
  });
});

it('forgets windows that have ended', async () => {
  let now = 0;
  const limiter = createMemoryRateLimiter({ now: () => now, elapsed: () => now });
  const before = heapHeld();
  for (let key = 0; key < 300_000; key += 1) {
    now += 10;
    await limiter.take(`account ${key} ${'x'.repeat(200)}`, { max: 1, windowSeconds: 1 });
  }
  // 300,000 keys of 200 characters would be far more than this; 100 are in force at a time.
  expect(heapHeld() - before).toBeLessThan(10e6);
  await limiter.close();
});
