import { describe, expect, it } from '@jest/globals';
import { startRedis, startRedisCluster } from '../support/redis.js';
import { startRaces } from './races.js';

const DEPLOYMENTS = [
  { name: 'one Redis server', rounds: 1_000, startServers: () => startRedis() },
  { name: 'a Redis Cluster', rounds: 200, startServers: () => startRedisCluster() },
] as const;

describe.each(DEPLOYMENTS)('over three nodes and $name, $rounds times', ({ rounds, startServers }) => {
  it('two users who call each other at once are in one call, and one of ten answers wins', async () => {
    const redis = await startServers();
    const races = await startRaces(redis.url);
    try {
      const answerers = await races.answerers('callee');
      for (let round = 0; round < rounds; round++) {
        await races.glare();
        await races.answerAtOnce('callee', answerers);
      }
      expect.hasAssertions();
    } finally {
      await races.close();
      await redis.stop();
    }
  }, 1_800_000);
});
