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
