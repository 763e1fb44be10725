import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { RedisServer } from '../support/redis.js';

/** What can become of a Redis server, and how it ends. */
export interface RedisFault {
  readonly name: string;
  readonly begin: (redis: RedisServer) => unknown;
  readonly end: (redis: RedisServer) => unknown;
  /** Connections are lost, so that streams end and devices look for another node. */
  readonly cuts?: boolean;
}

/** Longer than anybody waits for an answer. */
export const OUTAGE_MS = 3_000;

/** Waits until the server answers, as it does when it has slept its time. */
const awake = (redis: RedisServer): unknown => redis.command('PING');

/** Calls cannot be changed while one of these lasts. */
export const OUTAGES: readonly RedisFault[] = [
  {
    name: 'is killed, and started again with its file',
    begin: (redis) => redis.kill(),
    end: (redis) => redis.restart(),
    cuts: true,
  },
  { name: 'pauses its clients', begin: (redis) => redis.command('CLIENT', 'PAUSE', `${OUTAGE_MS}`, 'ALL'), end: awake },
  {
    name: 'is busy and answers nobody',
    begin: (redis) => void redis.command('DEBUG', 'SLEEP', `${OUTAGE_MS / 1_000}`),
    end: awake,
  },
  { name: 'is stopped, and goes on', begin: (redis) => redis.suspend(), end: (redis) => redis.resume() },
  {
    name: 'becomes read-only',
    begin: (redis) => redis.command('REPLICAOF', '127.0.0.1', '1'),
    end: (redis) => redis.command('REPLICAOF', 'NO', 'ONE'),
  },
  {
    name: 'is out of memory',
    begin: (redis) => redis.command('CONFIG', 'SET', 'maxmemory', '1'),
    end: (redis) => redis.command('CONFIG', 'SET', 'maxmemory', '0'),
  },
];

/** Everything is gone afterwards. */
export const LOSSES: readonly RedisFault[] = [
  { name: 'is emptied', begin: (redis) => redis.command('FLUSHALL'), end: awake },
  {
    name: 'is started again without its file',
    begin: async (redis) => {
      await redis.kill();
      rmSync(join(redis.directory, 'appendonlydir'), { recursive: true });
    },
    end: (redis) => redis.restart(),
  },
];
