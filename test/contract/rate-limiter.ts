import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { RateLimiter } from '../../src/ports.js';

/** What a rate limiter is tested with: `advance` moves the time that it goes by. */
export interface RateLimiterSetup {
  readonly limiter: RateLimiter;
  advance(milliseconds: number): Promise<void>;
}

/** What every rate limiter promises, whatever it keeps its counts in. */
export function rateLimiterContract(name: string, setUp: () => Promise<RateLimiterSetup>): void {
  describe(`${name} as a rate limiter`, () => {
    const limit = { max: 20, windowSeconds: 600 };
    let setup: RateLimiterSetup;
    beforeEach(async () => {
      setup = await setUp();
    });
    afterEach(() => setup.limiter.close());

    const takeMany = async (count: number, key = 'callRelay:alice') => {
      const decisions = await Promise.all(Array.from({ length: count }, () => setup.limiter.take(key, limit)));
      return { decisions, granted: decisions.filter((decision) => decision.granted) };
    };

    it('grants exactly the limit to 1,000 who ask at once', async () => {
      expect((await takeMany(1_000)).granted).toHaveLength(20);
    });

    it('counts each key by itself', async () => {
      await takeMany(20, 'a');
      expect((await takeMany(20, 'b')).granted).toHaveLength(20);
    });

    it('begins a window with the first permit, and says exactly how long it still lasts', async () => {
      await takeMany(1);
      await setup.advance(100_000);
      await takeMany(19);
      await setup.advance(99_000);
      const refused = await setup.limiter.take('callRelay:alice', limit);
      if (refused.granted) throw new Error('granted over the limit');
      expect(refused.retryAfterMs).toBeGreaterThan(400_000);
      expect(refused.retryAfterMs).toBeLessThanOrEqual(401_000);
      await setup.advance(refused.retryAfterMs);
      expect((await takeMany(21)).granted).toHaveLength(20);
    });

    it('lets the next one have a permit that came back, after any number of refusals', async () => {
      const { decisions } = await takeMany(1_000);
      const first = decisions.find((decision) => decision.granted);
      if (!first?.granted) throw new Error('nothing granted');
      await first.giveBack();
      expect((await takeMany(10)).granted).toHaveLength(1);
    });

    it('takes a permit back once only', async () => {
      const permit = await setup.limiter.take('k', limit);
      if (!permit.granted) throw new Error('refused');
      await permit.giveBack();
      await permit.giveBack();
      expect((await takeMany(30, 'k')).granted).toHaveLength(20);
    });

    it('grants exactly a large limit too, and the permits of it that came back', async () => {
      const large = { max: 600, windowSeconds: 60 };
      const takeLarge = (count: number) =>
        Promise.all(Array.from({ length: count }, async () => setup.limiter.take('large', large)));
      const many = await takeLarge(1_000);
      const granted = many.filter((decision) => decision.granted);
      expect(granted).toHaveLength(600);
      await Promise.all(granted.slice(0, 30).map((permit) => permit.giveBack()));
      await granted[0]?.giveBack();
      expect((await takeLarge(100)).filter((permit) => permit.granted)).toHaveLength(30);

      await setup.advance(60_000);
      const [late] = await takeLarge(1);
      if (!late?.granted) throw new Error('refused');
      await granted[40]?.giveBack();
      expect((await takeLarge(700)).filter((permit) => permit.granted)).toHaveLength(599);
    });

    it('drops a permit that comes back after its window: no window ever holds more than the limit', async () => {
      const permit = await setup.limiter.take('k', limit);
      if (!permit.granted) throw new Error('refused');
      await setup.advance(600_000);
      await takeMany(1, 'k');
      await permit.giveBack();
      expect((await takeMany(30, 'k')).granted).toHaveLength(19);
    });
  });
}
