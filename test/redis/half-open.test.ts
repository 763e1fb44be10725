import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/process.js';
import { startRedis, type RedisServer } from '../support/redis.js';
import { startSilentProxy, type SilentProxy } from '../support/silent-proxy.js';
import { PATIENT, startReadyNode, type Node } from './setup.js';

let server: RedisServer;
let network: SilentProxy;
let node: Node;
let other: Node;
beforeEach(async () => {
  server = await startRedis();
  network = await startSilentProxy(`http://${server.host}:${server.port}`);
  node = await startReadyNode(network.origin.replace('http:', 'redis:'), PATIENT);
  other = await startReadyNode(server.url, PATIENT);
});
afterEach(async () => {
  await Promise.all([node.close(), other.close()]);
  await network.close();
  await server.stop();
});

/** What can only be said of a machine that is busy: many times as long as is promised. */
const BUSY_MS = 10_000;

describe('a node whose connections to Redis stay open and carry nothing any more', () => {
  it('has those who listen look, and hears again over a new connection', async () => {
    const heard: (string | null)[] = [];
    await node.wakeBus.subscribe('alice', (callId) => heard.push(callId));
    other.wakeBus.wake(['alice'], 'tag.before');
    await eventually(() => heard.includes('tag.before'));

    network.silence();
    other.wakeBus.wake(['alice'], 'tag.lost');
    await eventually(() => heard.includes(null), BUSY_MS);
    expect(heard).not.toContain('tag.lost');
    other.wakeBus.wake(['alice'], 'tag.after');
    await eventually(() => heard.includes('tag.after'), BUSY_MS);
  }, 60_000);

  it('has each of many look once for a connection that it lost', async () => {
    const accounts = Array.from({ length: 200 }, (_, i) => `account-${i}`);
    const looks = new Map<string, number>();
    for (const account of accounts)
      await node.wakeBus.subscribe(account, (callId) => {
        if (callId === null) looks.set(account, (looks.get(account) ?? 0) + 1);
      });
    network.silence();
    await eventually(() => looks.size === accounts.length, BUSY_MS);
    // Once when it was lost for long, and once when the new one took over.
    expect(Math.max(...looks.values())).toBeLessThanOrEqual(2);
  }, 60_000);
});
