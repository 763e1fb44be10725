import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as wait } from 'node:timers/promises';
import { Doubts } from '../../src/redis/doubts.js';
import { Owed } from '../../src/redis/owed.js';
import { eventually } from '../support/process.js';
import { startRedis, type RedisServer } from '../support/redis.js';
import { PATIENT, startReadyNode, type Node } from './setup.js';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

/** As a node at work does it. */
function beating(node: Node): () => void {
  const timer = setInterval(() => void node.callStore.beat().catch(() => undefined), 500);
  return () => clearInterval(timer);
}

describe('who waits', () => {
  it('hears within two seconds that a node has died, which may have told nothing of its last commit', async () => {
    const [listener, other] = [await startReadyNode(server.url, PATIENT), await startReadyNode(server.url, PATIENT)];
    const heard: (string | null)[] = [];
    await listener.wakeBus.subscribe('alice', (callId) => heard.push(callId));
    const [stop, die] = [beating(listener), beating(other)];
    await wait(2_500);
    expect(heard).toEqual([]);
    die();
    const diedAt = performance.now();
    await eventually(() => heard.length > 0, 10_000);
    expect(performance.now() - diedAt).toBeLessThan(4_000);
    await wait(1_500);
    // Once, and not again for as long as it is dead.
    expect(heard).toEqual([null]);
    stop();
    await Promise.all([listener.close(), other.close()]);
  }, 30_000);

  it('hears that Redis was emptied', async () => {
    const node = await startReadyNode(server.url, PATIENT);
    const heard: (string | null)[] = [];
    await node.wakeBus.subscribe('alice', (callId) => heard.push(callId));
    const stop = beating(node);
    await wait(1_200);
    heard.length = 0;
    await server.command('FLUSHALL');
    await eventually(() => heard.includes(null), 10_000);
    stop();
    await node.close();
  }, 30_000);

  it('hears when the connection that it listens over is cut, whatever was said meanwhile', async () => {
    const node = await startReadyNode(server.url, PATIENT);
    const heard: (string | null)[] = [];
    await node.wakeBus.subscribe('alice', (callId) => heard.push(callId));
    await server.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await eventually(() => heard.includes(null), 10_000);
    node.wakeBus.wake(['alice'], 'tag.call');
    await eventually(() => heard.includes('tag.call'), 10_000);
    await node.close();
  }, 30_000);
});

describe('doubts', () => {
  const subscribers = (count: number, onWake: () => void) =>
    Array.from({ length: count }, () => ({ listeners: new Set([{ onWake }]) }));

  it('are told to all, some at a time, and once however often they are raised', async () => {
    let told = 0;
    const all = subscribers(1_000, () => (told += 1));
    const doubts = new Doubts();
    doubts.raise(all);
    doubts.raise(all);
    const atOnce = told;
    expect(atOnce).toBeGreaterThan(0);
    expect(atOnce).toBeLessThan(200);
    doubts.forget(all.at(-1)!);
    await eventually(() => told >= 999 + atOnce);
    await wait(50);
    // Those that had been told already look once more.
    expect(told).toBe(999 + atOnce);
  });
});

describe('wake-ups that could not be sent', () => {
  it('are sent when that is possible again, one for each channel', async () => {
    let isUp = false;
    const sent: string[] = [];
    const owed = new Owed((channel) => {
      if (!isUp) return Promise.reject(new Error('down'));
      sent.push(channel);
      return Promise.resolve();
    });
    for (const channel of ['a', 'b', 'a']) owed.add(channel);
    await wait(150);
    expect(sent).toEqual([]);
    isUp = true;
    await eventually(() => sent.length === 2);
    expect(sent.sort()).toEqual(['a', 'b']);
    owed.add('c');
    await eventually(() => sent.includes('c'));
    isUp = false;
    owed.add('d');
    owed.close();
    isUp = true;
    await wait(250);
    expect(sent).not.toContain('d');
  });
});
