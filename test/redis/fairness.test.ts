import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises';
import { actingFor } from '../../src/identity/acting.js';
import { LIMITS } from '../../src/limits.js';
import { startRedis } from '../support/redis.js';
import type { RedisServer } from '../support/redis.js';
import { device, startInput } from '../call/world.js';
import { startNode } from './setup.js';
import type { Node } from './setup.js';

const OTHERS = Array.from({ length: 10 }, (_, n) => device(`other${n}`, 'phone'));

describe('a Redis connection that accounts share', () => {
  let server: RedisServer;
  let node: Node;
  const heard: (string | null)[] = [];
  beforeEach(async () => {
    heard.length = 0;
    server = await startRedis();
    node = startNode(server.url);
    for (const { accountId } of OTHERS) await node.wakeBus.subscribe(accountId, (callId) => heard.push(callId));
  });
  afterEach(async () => {
    await node.close();
    await server.stop();
  });

  const readsOf = async (): Promise<number> => {
    const stats = String(await server.command('INFO', 'commandstats'));
    return [...stats.matchAll(/cmdstat_eval(?:sha)?:calls=(\d+)/g)].reduce((sum, [, calls]) => sum + Number(calls), 0);
  };

  /** What each of the others waits for what a stream does every few seconds, again and again until it is told to stop. */
  function measure(): () => Promise<readonly number[]> {
    let over = false;
    const waits: number[] = [];
    const running = OTHERS.map(async (other) => {
      while (!over) {
        const from = performance.now();
        await actingFor(other.accountId, () => node.presence.devicesOf(other.accountId));
        waits.push(performance.now() - from);
        await wait(5);
      }
    });
    return async () => {
      over = true;
      await Promise.all(running);
      return waits.sort((a, b) => a - b);
    };
  }
  const p99 = (waits: readonly number[]): number => waits[Math.floor(waits.length * 0.99)] ?? Infinity;

  it('is used up by none: 30,000 reads at once of one account are refused, and others wait hardly longer', async () => {
    const callIds: string[] = [];
    for (let n = 0; n < 3; n++)
      callIds.push((await node.calls.startCall(device('mallory', 'phone'), startInput(`b${n}`))).call.id);
    const read = (n: number): Promise<unknown> => node.callStore.read(callIds[n % 3] ?? '');
    // As much as the account may have waiting, all the time: fair, and as slow for others as it is allowed to be.
    const idle = measure();
    await wait(1_000);
    const before = p99(await idle());

    const readBefore = await readsOf();
    const busy = measure();
    const outcomes: string[] = [];
    // As by one device's permit of 40 documents with 15 times `recentCalls(first: 50)`, which all come at once.
    const flood: Promise<unknown>[] = [];
    for (let document = 0; document < 40; document++) {
      await nextTurn();
      const reads = Array.from({ length: 750 }, (_, n) => actingFor('mallory', () => read(document + n)));
      const noted = reads.map((each) =>
        each.then(
          () => outcomes.push('read'),
          (error: { code: string }) => outcomes.push(error.code),
        ),
      );
      flood.push(...noted);
    }
    await Promise.all(flood);
    await wait(200);
    const during = await busy();

    // Who asks for too much may also wait too long; the others must not, which would have been thrown.
    expect(['read', 'CALL_RATE_LIMITED', 'CALL_UNAVAILABLE']).toEqual(expect.arrayContaining([...new Set(outcomes)]));
    expect(outcomes.filter((outcome) => outcome === 'CALL_RATE_LIMITED').length).toBeGreaterThan(20_000);
    const allowed = LIMITS.storeOperationsAtOnce + LIMITS.storeOperationsWaiting;
    expect(outcomes.filter((outcome) => outcome === 'read').length).toBeLessThanOrEqual(allowed);
    // What was refused never went to Redis.
    expect((await readsOf()) - readBefore).toBeLessThanOrEqual(allowed + during.length);
    expect(node.failures.filter(({ operation }) => operation !== 'call')).toEqual([]);
    expect(node.degraded()).toBe(false);
    expect(heard).toEqual([]);
    // Making 30,000 promises takes this process a moment, once: that is not what is measured here.
    expect(p99(during)).toBeLessThan(2 * before + 250);
  }, 30_000);

  it('is no less shared when the account comes again and again with as much as it may', async () => {
    const { call } = await node.calls.startCall(device('mallory', 'phone'), startInput('bob'));
    const idle = measure();
    await wait(1_500);
    const before = p99(await idle());
    let over = false;
    const flood = Array.from({ length: LIMITS.storeOperationsAtOnce + LIMITS.storeOperationsWaiting }, () =>
      actingFor('mallory', async () => {
        while (!over) await node.callStore.read(call.id).catch(() => undefined);
      }),
    );
    const busy = measure();
    await wait(2_500);
    const during = p99(await busy());
    over = true;
    await Promise.allSettled(flood);
    expect(node.failures.filter(({ operation }) => operation !== 'call')).toEqual([]);
    expect(node.degraded()).toBe(false);
    expect(heard).toEqual([]);
    expect({ before, during, fair: during <= 2 * before + 50 }).toMatchObject({ fair: true });
  }, 30_000);

  it('is kept while answers come, however late, and dropped when nothing comes', async () => {
    await node.presence.devicesOf('alice');
    const idOf = async (): Promise<string> =>
      /^id=(\d+).*cmd=(?:eval|evalsha|time|role)/m.exec(String(await server.command('CLIENT', 'LIST')))?.[1] ?? '';
    const connection = await idOf();
    expect(connection).not.toBe('');
    // Each answer is 300 ms late, and so is the probe behind them, by much more than the 1 s of silence that ends it.
    const slow = Array.from({ length: 8 }, () =>
      node.callStore.read('none').then(
        () => 'read',
        (error: { code: string }) => error.code,
      ),
    );
    for (let n = 0; n < 6; n++) {
      await server.command(
        'EVAL',
        "local t = redis.call('TIME') local e = t[1] * 1000 + t[2] / 1000 + 300 repeat t = redis.call('TIME') until t[1] * 1000 + t[2] / 1000 > e return 1",
        '0',
      );
    }
    await Promise.all(slow);
    await wait(1_500);
    expect(await idOf()).toBe(connection);
    server.suspend();
    await expect(node.callStore.read('none')).rejects.toMatchObject({ code: 'CALL_UNAVAILABLE' });
    await wait(200);
    expect(node.degraded()).toBe(true);
    server.resume();
  }, 30_000);
});
