import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startNodes, type Nodes } from '../support/nodes.js';
import { eventually } from '../support/process.js';
import { startRedis, type RedisServer } from '../support/redis.js';

const CALLS = 6;

describe('calls that nobody answers, on two nodes', () => {
  let redis: RedisServer;
  let nodes: Nodes;
  beforeAll(async () => {
    redis = await startRedis();
    nodes = await startNodes({ redisUrl: redis.url });
  }, 60_000);
  afterAll(async () => {
    await nodes?.close();
    await redis?.stop();
  });

  it('end once, whichever node looks first', async () => {
    const started = await Promise.all(
      Array.from({ length: CALLS }, (_, n) => nodes.device(`caller-${n}/phone`, [n % 2]).start(`nobody-${n}`)),
    );
    const callIds = started.map(({ call }) => call.id).sort();
    await eventually(() => nodes.events('call.ended').length >= CALLS, 30_000);
    // The other node has had its turn too.
    await Promise.all([nodes.stop(0), nodes.stop(1)]);
    const ended = nodes.events('call.ended');
    expect(ended.map((event) => event['call_id']).sort()).toEqual(callIds);
    expect(new Set(ended.map((event) => event['end_reason']))).toEqual(new Set(['UNREACHABLE']));
  }, 60_000);
});
