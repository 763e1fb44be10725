import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { setTimeout as wait } from 'node:timers/promises';
import { accountIndexContract } from '../contract/account-index.js';
import { callStoreContract } from '../contract/call-store.js';
import { presenceContract } from '../contract/presence.js';
import { rateLimiterContract } from '../contract/rate-limiter.js';
import { wakeBusContract } from '../contract/wake-bus.js';
import { SetClock } from '../support/clock.js';
import { startRedis, startRedisCluster, startRedisSentinels } from '../support/redis.js';
import { PATIENT, startReadyNode } from './setup.js';

const DEPLOYMENTS = {
  'one Redis server': () => startRedis(),
  'a Redis Cluster': () => startRedisCluster(),
  'Redis behind Sentinels': () => startRedisSentinels(),
} as const;

for (const [name, start] of Object.entries(DEPLOYMENTS)) {
  describe(name, () => {
    let url: string;
    let stop: () => Promise<void>;
    beforeAll(async () => {
      ({ url, stop } = await start());
    });
    afterAll(() => stop());

    callStoreContract(name, async () => {
      const { callStore: store, close } = await startReadyNode(url, PATIENT);
      return { store, pass: (ms) => wait(ms), stop: close };
    });

    accountIndexContract(name, async () => {
      const { accountIndex: index, close } = await startReadyNode(url, PATIENT);
      return { index, stop: close };
    });

    presenceContract(name, async () => {
      const { presence, close } = await startReadyNode(url, PATIENT);
      return { presence, stop: close };
    });

    wakeBusContract(name, async () => {
      const [here, there] = await Promise.all([startReadyNode(url, PATIENT), startReadyNode(url, PATIENT)]);
      const stopBoth = async (): Promise<void> => {
        await Promise.all([here.close(), there.close()]);
      };
      return { sender: here.wakeBus, listener: there.wakeBus, stop: stopBoth };
    });

    let limiters = 0;
    rateLimiterContract(name, async () => {
      const clock = new SetClock();
      const { rateLimiter, close, failures } = await startReadyNode(url, { ...PATIENT, clock });
      const run = limiters++;
      const stopped = async (): Promise<void> => {
        await close();
        // What is counted in memory, because Redis fails, is not what is tested here.
        expect(failures).toEqual([]);
      };
      return {
        limiter: { take: (key, limit) => rateLimiter.take(`${run} ${key}`, limit), close: stopped },
        advance: (milliseconds) => Promise.resolve(clock.jump(milliseconds)),
      };
    });
  });
}
