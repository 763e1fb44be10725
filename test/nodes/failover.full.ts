import { describe, expect, it } from '@jest/globals';
import { createClient } from '@keyv/redis';
import { readRedisUrl, type RedisTarget } from '../../src/redis/url.js';
import { StartCallDocument } from '../../src/client/generated/documents.js';
import { sdp } from '../support/device.js';
import { startNodes, type NodesOptions } from '../support/nodes.js';
import { eventually } from '../support/process.js';
import { startRedis, startRedisSentinels } from '../support/redis.js';
import { Talk } from './talk.js';

const TALKS = 4;

async function startTalks(options: NodesOptions) {
  const nodes = await startNodes(options);
  const talks = await Promise.all(
    Array.from({ length: TALKS }, (_, n) =>
      Talk.begin(nodes.device(`caller-${n}/phone`, [0, 1]), nodes.device(`callee-${n}/phone`, [1, 0]), `callee-${n}`),
    ),
  );
  return { nodes, talks };
}

/** @returns the port of the master, as a Sentinel says */
async function masterSeenBy(host: string, port: number): Promise<number> {
  const sentinel = createClient({ socket: { host, port } });
  await sentinel.connect();
  try {
    const [, masterPort] = await sentinel.sendCommand<string[]>(['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'calls']);
    return Number(masterPort);
  } finally {
    sentinel.destroy();
  }
}

describe('a Redis master that dies in the middle of calls', () => {
  it('is followed by its replica, and no signal that was acknowledged is lost', async () => {
    const redis = await startRedisSentinels('soon');
    const { nodes, talks } = await startTalks({ redisUrl: redis.url, env: { REDIS_WAIT_REPLICAS: '1' } });
    try {
      for (const talk of talks) talk.flow();
      await redis.master.kill();
      // A master that comes back empty before every Sentinel has left it would be taken for the right one.
      for (const { host, port } of (readRedisUrl(redis.url) as RedisTarget).addresses)
        await eventually(async () => (await masterSeenBy(host, port)) === redis.replica.port, 20_000);
      // Until there is a replica again nothing can be acknowledged.
      await redis.master.restart();
      await Promise.all(talks.map((talk) => talk.end()));
    } finally {
      await nodes.close();
      await redis.stop();
    }
  }, 400_000);
});

describe('an outage of Redis while a call rings', () => {
  it('is not counted', async () => {
    const redis = await startRedis();
    const nodes = await startNodes({ redisUrl: redis.url });
    const outageMs = 12_000;
    try {
      const input = {
        clientCallId: crypto.randomUUID(),
        calleeAccountId: 'b',
        media: 'AUDIO',
        offerSdp: sdp('offer'),
      } as const;
      const { data } = await nodes.ask(0, 'a/phone', StartCallDocument, { input });
      redis.suspend();
      await new Promise((resolve) => setTimeout(resolve, outageMs));
      redis.resume();
      await eventually(() => nodes.events('call.ended').length > 0, 60_000);
      const [ended] = nodes.events('call.ended');
      expect(ended).toMatchObject({ call_id: data?.startCall.call.id, end_reason: 'UNREACHABLE' });
      // It rang for 20 s of service.
      expect(ended?.['ring_ms']).toBeGreaterThanOrEqual(20_000 + outageMs - 1_500);
      expect(ended?.['ring_ms']).toBeLessThanOrEqual(20_000 + outageMs + 5_000);
    } finally {
      await nodes.close();
      await redis.stop();
    }
  }, 400_000);
});
