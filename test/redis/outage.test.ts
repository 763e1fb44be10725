import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises';
import { callIdOf } from '../../src/call/ids.js';
import type { Call } from '../../src/call/call.js';
import { newCall } from '../../src/call/start.js';
import { SignalingError } from '../../src/errors.js';
import { device, startInput } from '../call/world.js';
import { eventually } from '../support/process.js';
import { startRedis } from '../support/redis.js';
import type { RedisServer } from '../support/redis.js';
import { contentsOf } from './contents.js';
import { pairTag, startNode } from './setup.js';
import type { Node } from './setup.js';

const ALICE = device('alice', 'phone');
const TAG = pairTag('alice', 'bob');
/** A request is answered in this time, whatever becomes of Redis. */
const ANSWERED_MS = 2_000;

/** A timer like those of the operations: what holds this process up holds it up as well. */
async function tooLate(): Promise<'too late'> {
  await wait(ANSWERED_MS);
  for (let turn = 0; turn < 5; turn++) await nextTurn();
  return 'too late';
}

function madeCall(name: string, now: number): { readonly call: Call; readonly key: string } {
  const ring = { targets: [], silent: false, accountWoken: false };
  const id = callIdOf(TAG, name);
  return { call: newCall(id, 'offer', name, ALICE, startInput('bob'), ring, now).call, key: name };
}

/** Everything that can be asked of Redis, save for permits and the cache, which go on without it. */
function operations(node: Node, known: Call): Readonly<Record<string, () => Promise<unknown>>> {
  const { callStore, accountIndex, presence, wakeBus } = node;
  const { call, key } = madeCall('given-up', known.createdAt);
  const record = { hash: 'h', outcome: 'CREATED', callId: call.id, offerId: 'offer' } as const;
  const write = { entries: [], dropped: [], dueAt: known.createdAt, expiresAt: null };
  return {
    readPair: () => callStore.readPair(TAG, 'none'),
    read: async () => callStore.read(known.id),
    create: async () =>
      callStore.commit(TAG, {
        writes: [{ ...write, call, expectedVersion: 0 }],
        start: { pairVersion: 1, starter: 'alice', key, record },
        notAfter: null,
      }),
    change: async () =>
      callStore.commit(TAG, {
        writes: [{ ...write, call: { ...known, attachment: 'changed' }, expectedVersion: 1 }],
        start: null,
        notAfter: null,
      }),
    log: () => callStore.log(known.id, 0, 10),
    due: () => callStore.due(10),
    schedule: () => callStore.schedule(known.id, known.createdAt),
    beat: () => callStore.beat(),
    enter: () => accountIndex.enter(['alice', 'bob'], 'given-up'),
    retire: () => accountIndex.retire(['alice'], known.id),
    live: () => accountIndex.live('alice'),
    recent: () => accountIndex.recent('alice', 10),
    claimStart: () => accountIndex.claimStart('alice', 'given-up', { hash: 'h', callId: 'c' }),
    takePlace: () => accountIndex.takePlace('alice', 'given-up', 4),
    freePlace: () => accountIndex.freePlace('alice', known.id),
    nextEpoch: () => presence.nextEpoch(),
    enterStream: () => presence.enter({ accountId: 'alice', deviceId: 'given-up' }, 's2', 2),
    touch: () => presence.touch(ALICE, 's1'),
    leave: () => presence.leave(ALICE, 's1'),
    revoke: () => presence.revoke(ALICE),
    devicesOf: () => presence.devicesOf('alice'),
    subscribe: () => wakeBus.subscribe('carol', () => undefined),
  };
}

describe('while Redis does not answer', () => {
  let server: RedisServer;
  let node: Node;
  let known: Call;
  beforeEach(async () => {
    server = await startRedis({ appendOnly: true });
    node = startNode(server.url);
    const { callStore, accountIndex, presence } = node;
    const { time } = await callStore.readPair(TAG, 'none');
    const { call, key } = madeCall('known', time.now);
    known = call;
    await callStore.commit(TAG, {
      writes: [{ call, expectedVersion: 0, entries: [], dropped: [], dueAt: time.now + 60_000, expiresAt: null }],
      start: {
        pairVersion: 0,
        starter: 'alice',
        key,
        record: { hash: 'h', outcome: 'CREATED', callId: call.id, offerId: 'offer' },
      },
      notAfter: null,
    });
    await accountIndex.enter(['alice'], call.id);
    await accountIndex.takePlace('alice', call.id, 4);
    await presence.enter(ALICE, 's1', 1);
  });
  afterEach(async () => {
    await node.close();
    await server.stop();
  });

  /** Asks for everything, all of it at once or each on a node of its own, so that none fails for want of a connection. */
  async function askForEverything(nodes: (name: string) => Node): Promise<Readonly<Record<string, string>>> {
    const asked = Object.keys(operations(node, known)).map(async (name) => {
      const outcome = operations(nodes(name), known)
        [name]?.()
        .then(
          () => 'done',
          (error: unknown) => (error instanceof SignalingError ? error.code : String(error)),
        );
      return [name, await Promise.race([outcome, tooLate()])] as const;
    });
    return Object.fromEntries(await Promise.all(asked)) as Record<string, string>;
  }

  const unavailable = (): Readonly<Record<string, string>> =>
    Object.fromEntries(Object.keys(operations(node, known)).map((name) => [name, 'CALL_UNAVAILABLE']));
  const values = async (): Promise<unknown> =>
    (await contentsOf(server)).map(({ key, value }) => [key, createHash('sha256').update(value).digest('hex')]);

  it.each(['hangs', 'holds all commands back'])(
    'because it %s, everything fails in time and nothing is done later',
    async (how) => {
      const before = await values();
      const names = Object.keys(operations(node, known));
      const nodes = new Map(names.map((name) => [name, startNode(server.url)]));
      const nodeOf = (name: string): Node => nodes.get(name) ?? node;
      for (const { presence } of nodes.values()) await presence.devicesOf('nobody');
      if (how === 'hangs') server.suspend();
      else await server.command('CLIENT', 'PAUSE', '4000', 'ALL');
      // Once with connections that were well when it began, and once when it is known that they are not.
      expect(await askForEverything(nodeOf)).toEqual(unavailable());
      expect(await askForEverything(nodeOf)).toEqual(unavailable());
      server.resume();
      await eventually(() => [...nodes.values()].every((each) => !each.degraded()));
      expect(await values()).toEqual(before);
      // What was given up can be asked for again.
      expect(await operations(node, known)['change']?.()).toBe('committed');
      await Promise.all([...nodes.values()].map((each) => each.close()));
    },
    60_000,
  );

  it('because it is gone, everything fails at once; after its return all is there', async () => {
    await node.callStore.beat();
    const keys = async (): Promise<unknown> => (await contentsOf(server)).map(({ key }) => key);
    const before = await keys();
    await server.kill();
    await eventually(() => node.degraded());
    expect(await askForEverything(() => node)).toEqual(unavailable());
    await server.restart();
    await eventually(() => !node.degraded());
    expect(await keys()).toEqual(before);
    expect((await node.callStore.read(known.id)).stored).toEqual({ call: known, version: 1 });
  });

  it('permits are granted in memory, each node its share, and in Redis again afterwards', async () => {
    const limit = { max: 20, windowSeconds: 600 };
    const others = Array.from({ length: 3 }, () => startNode(server.url));
    const all = [node, ...others];
    for (let beat = 0; beat < 2; beat++) for (const { callStore } of all) await callStore.beat();
    await server.kill();
    await eventually(() => all.every((each) => each.degraded()));
    const take = async ({ rateLimiter }: Node, key: string, max = limit.max): Promise<boolean> =>
      (await rateLimiter.take(key, { ...limit, max })).granted;
    const granted = await Promise.all(all.flatMap((each) => Array.from({ length: 50 }, () => take(each, 'k'))));
    expect(granted.filter(Boolean)).toHaveLength(20);
    expect(await Promise.all(all.map((each) => take(each, 'scarce', 1)))).toEqual([true, true, true, true]);
    await server.restart();
    await eventually(() => all.every((each) => !each.degraded()));
    const again = await Promise.all(all.flatMap((each) => Array.from({ length: 20 }, () => take(each, 'k'))));
    expect(again.filter(Boolean)).toHaveLength(20);
    await Promise.all(others.map((each) => each.close()));
  });

  it('the cache is as good as empty', async () => {
    // Its own deadline is so short that a busy machine may miss it.
    await eventually(async () => {
      await node.keyv.set('key', 'value');
      return (await node.keyv.get('key')) === 'value';
    });
    server.suspend();
    expect(await node.keyv.get('key')).toBeUndefined();
    await node.keyv.set('key', 'other');
    await node.keyv.delete('key');
    server.resume();
    await eventually(async () => (await node.keyv.get('key')) === 'value');
  });

  it('a connection that breaks is made anew', async () => {
    await server.command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await eventually(async () => (await node.presence.devicesOf('alice').catch(() => [])).length === 1);
    expect(node.degraded()).toBe(false);
  });

  it('a subscriber whose connection broke is told that it may have missed something', async () => {
    const heard: (string | null)[] = [];
    await node.wakeBus.subscribe('alice', (callId) => heard.push(callId));
    await server.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await eventually(() => heard.length > 0);
    expect(heard).toEqual([null]);
    node.wakeBus.wake(['alice'], 'call');
    await eventually(() => heard.length > 1);
    expect(heard).toEqual([null, 'call']);
  });

  it.each([
    ['out of memory', 'out_of_memory', ['CONFIG', 'SET', 'maxmemory', '1'], ['CONFIG', 'SET', 'maxmemory', '0']],
    ['made a replica', 'no_master', ['REPLICAOF', '127.0.0.1', '1'], ['REPLICAOF', 'NO', 'ONE']],
  ] as const)(
    'because it is %s, changes fail, and succeed as soon as it is not any more',
    async (_, reason, off, on) => {
      const change = operations(node, known)['change'];
      await server.command(...off);
      await expect(change?.()).rejects.toMatchObject({ code: 'CALL_UNAVAILABLE' });
      expect(['read_only', reason]).toContain(node.failures.at(-1)?.reason);
      await server.command(...on);
      await eventually(async () => (await change?.().catch(() => null)) === 'committed');
    },
  );
});
