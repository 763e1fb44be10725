import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createRedisAdapters, type RedisAdapters } from '../../src/redis/adapters.js';
import { startRedis } from '../support/redis.js';
import { PATIENT } from './setup.js';

let redis: Awaited<ReturnType<typeof startRedis>>;
const nodes: RedisAdapters[] = [];
const node = (): RedisAdapters => {
  const adapters = createRedisAdapters({
    url: redis.url,
    encryptionKeys: [{ id: 'k', key: Buffer.alloc(32, 1) }],
    nameKey: Buffer.alloc(32, 2),
    ...PATIENT,
  });
  nodes.push(adapters);
  return adapters;
};
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(async () => {
  await Promise.all(nodes.map((each) => each.close()));
  await redis.stop();
});

describe('revocations on Redis', () => {
  it('reach every node, one that starts later too, however many there are', async () => {
    const [told, other] = [node(), node()];
    expect(await other.revocations.news()).toEqual([]);
    const all = Array.from({ length: 2_500 }, (_, n) => ({ accountId: `a${n}`, deviceId: 'phone', at: n }));
    for (let n = 0; n < all.length; n += 250) {
      await Promise.all(all.slice(n, n + 250).map((each) => told.revocations.add(each)));
    }
    const names = (news: readonly { accountId: string }[]) => new Set(news.map(({ accountId }) => accountId)).size;
    expect(names(await other.revocations.news())).toBe(2_500);
    expect(names(await node().revocations.news())).toBe(2_500);
  });
});

describe('a request to revoke', () => {
  it('is known to every node once one of them has carried it out, and goes by the time of Redis', async () => {
    const [told, other] = [node(), node()];
    const { now, before } = await told.revocations.begin('msg_1');
    const [seconds] = (await redis.command('TIME')) as readonly string[];
    expect(Math.abs(now - Number(seconds) * 1_000)).toBeLessThan(20_000);
    expect(before).toBeNull();
    expect((await other.revocations.begin('msg_1')).before).toBeNull();
    await told.revocations.done('msg_1', now);
    expect((await other.revocations.begin('msg_1')).before).toBe(now);
    expect((await other.revocations.begin('msg_2')).before).toBeNull();
    expect((await other.revocations.begin(null)).before).toBeNull();
  });
});
