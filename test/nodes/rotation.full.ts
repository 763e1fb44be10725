import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { encryptionKey, startNodes, type Nodes } from '../support/nodes.js';
import { startRedis, type RedisServer } from '../support/redis.js';
import type { TestDevice } from '../support/device.js';
import { Talk } from './talk.js';

const [OLD, NEW] = [encryptionKey('old'), encryptionKey('new')];

describe('exchanging ENCRYPTION_KEYS', () => {
  let redis: RedisServer;
  let nodes: Nodes;
  beforeAll(async () => {
    redis = await startRedis();
    nodes = await startNodes({ redisUrl: redis.url, env: { ENCRYPTION_KEYS: OLD } });
  }, 60_000);
  afterAll(async () => {
    await nodes?.close();
    await redis?.stop();
  });

  async function restartEach(keys: string): Promise<void> {
    for (const node of [0, 1]) {
      await nodes.stop(node);
      await nodes.start(node, { ENCRYPTION_KEYS: keys });
    }
  }
  const devices: TestDevice[] = [];
  const begin = (name: string): Promise<Talk> => {
    const caller = nodes.device(`caller-${name}/phone`, [0, 1]);
    const callee = nodes.device(`callee-${name}/phone`, [1, 0]);
    devices.push(caller, callee);
    return Talk.begin(caller, callee, `callee-${name}`);
  };

  it('disturbs no call: every node learns the new key, then all use it, then they forget the old one', async () => {
    const first = await begin('first');
    first.flow();
    // A node that encrypts with a key that another one does not know yet would be talking to itself.
    await restartEach(`${OLD},${NEW}`);
    await restartEach(`${NEW},${OLD}`);
    await first.end();
    await Promise.all(devices.splice(0).map((device) => device.close()));

    // What was kept under the old key is not asked for any more: in production that takes two days, in which
    // each call that was to be looked at was scheduled anew.
    await redis.command('DEL', ...((await redis.command('KEYS', 'voip:due*')) as readonly string[]));
    const second = await begin('second');
    second.flow();
    await restartEach(NEW);
    await second.end();
    expect(nodes.output().includes('undecipherable')).toBe(false);
  }, 400_000);
});
