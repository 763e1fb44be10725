import { afterEach, describe, expect, it } from '@jest/globals';
import { CANARIES } from '../support/canaries.js';
import { startRedis } from '../support/redis.js';
import type { RedisServer } from '../support/redis.js';
import { PATIENT, startNode } from './setup.js';
import type { Node } from './setup.js';

describe('a Redis server that is not open to everybody', () => {
  const stops: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop();
  });

  async function server(...args: readonly string[]): Promise<RedisServer> {
    const started = await startRedis({ args });
    stops.push(() => started.stop());
    return started;
  }

  function node(url: string): Node {
    const started = startNode(url, PATIENT);
    stops.push(() => started.close());
    return started;
  }

  it('is used with the password of the URL, and that is told to nobody', async () => {
    const { port } = await server('--requirepass', CANARIES.relaySecret);
    const right = node(`redis://:${CANARIES.relaySecret}@127.0.0.1:${port}`);
    const wrong = node(`redis://:${CANARIES.apiToken}@127.0.0.1:${port}`);
    const none = node(`redis://127.0.0.1:${port}`);
    await expect(right.presence.devicesOf('alice')).resolves.toEqual([]);
    for (const refused of [wrong, none]) {
      await expect(refused.presence.devicesOf('alice')).rejects.toMatchObject({ code: 'CALL_UNAVAILABLE' });
      expect(refused.failures).toEqual([{ operation: 'devices', reason: 'refused' }]);
      expect(refused.degraded()).toBe(true);
    }
  });

  it('is used in the database of the URL', async () => {
    const { port, command } = await server();
    await node(`redis://127.0.0.1:${port}/3`).presence.enter({ accountId: 'alice', deviceId: 'phone' }, 's', 1);
    // The proof of keys, and the device; and no other database has anything.
    const inUse = String(await command('INFO', 'keyspace')).match(/^db.*keys=\d+/gm);
    expect(inUse).toEqual(['db3:keys=2']);
  });
});
