import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startNodes, type Nodes } from '../support/nodes.js';
import { eventually } from '../support/process.js';
import { startRedis, startRedisCluster, type RedisServer } from '../support/redis.js';
import { readies } from './talk.js';

const DEVICES = 40;
/** A second until nothing is heard, one for a connection that comes back, two for an answer that does not; and some more. */
const CLOSED_MS = 4_000 + 2_000;
/** A machine that is busy takes its time: what is shown is that all come back. */
const BACK_MS = 60_000;

describe.each(['a Redis', 'a Redis Cluster'])('a node on %s that hangs', (kind) => {
  let servers: readonly RedisServer[];
  let stop: () => Promise<unknown>;
  let nodes: Nodes;
  beforeAll(async () => {
    if (kind === 'a Redis') {
      const redis = await startRedis();
      [servers, stop] = [[redis], () => redis.stop()];
      nodes = await startNodes({ redisUrl: redis.url, count: 1 });
    } else {
      const cluster = await startRedisCluster();
      [servers, stop] = [cluster.primaries, () => cluster.stop()];
      nodes = await startNodes({ redisUrl: cluster.url, count: 1 });
    }
  }, 60_000);
  afterAll(async () => {
    await nodes?.close();
    await stop?.();
  });

  it('sends all that wait away, and has them back when it goes on', async () => {
    const retryMs = (): number => 2_000 * Math.random();
    const names = Array.from({ length: DEVICES }, (_, n) => `waiting-${n}/phone`);
    const devices = names.map((name) => nodes.device(name, [0], { retryMs }));
    await Promise.all(devices.map((device) => device.listen()));
    expect(devices.flatMap(({ closes }) => closes)).toEqual([]);
    for (const server of servers) server.suspend();
    await eventually(() => devices.every(({ closes }) => closes.includes(1013)), CLOSED_MS);
    for (const server of servers) server.resume();
    await eventually(() => devices.every(({ events }) => readies(events).length > 1), BACK_MS);
    expect(devices.flatMap(({ failures }) => failures)).toEqual([]);
  }, 120_000);
});
