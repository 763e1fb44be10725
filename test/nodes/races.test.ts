import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startRedis, startRedisCluster } from '../support/redis.js';
import { startRaces, type Races } from './races.js';

const ROUNDS = { 'one Redis server': 6, 'a Redis Cluster': 3 } as const;

for (const [name, rounds] of Object.entries(ROUNDS)) {
  describe(`over three nodes and ${name}`, () => {
    let races: Races;
    const stops: (() => Promise<void>)[] = [];
    beforeAll(async () => {
      const redis = await (name === 'a Redis Cluster' ? startRedisCluster() : startRedis());
      stops.push(() => redis.stop());
      races = await startRaces(redis.url);
      stops.push(() => races.close());
    }, 60_000);
    afterAll(async () => {
      for (const stop of stops.reverse()) await stop();
    }, 20_000);

    it('two users who call each other at once are in one call', async () => {
      for (let round = 0; round < rounds; round++) await races.glare();
      expect.hasAssertions();
    }, 60_000);

    it('of ten devices that answer at once one wins', async () => {
      const answerers = await races.answerers('callee');
      for (let round = 0; round < rounds; round++) await races.answerAtOnce('callee', answerers);
      expect.hasAssertions();
    }, 60_000);
  });
}
