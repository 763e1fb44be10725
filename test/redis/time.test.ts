import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { StartClaim } from '../../src/call/ports.js';
import { ANSWER, device, startInput } from '../call/world.js';
import { SetClock } from '../support/clock.js';
import { eventually } from '../support/process.js';
import { startRedis } from '../support/redis.js';
import type { RedisServer } from '../support/redis.js';
import { age, contentsOf } from './contents.js';
import { PATIENT, startNode } from './setup.js';
import type { Node } from './setup.js';

const HOUR = 60 * 60 * 1000;
const [ALICE, BOB] = [device('alice', 'phone'), device('bob', 'phone')];

describe('as time passes in Redis', () => {
  let server: RedisServer;
  let clock: SetClock;
  let node: Node;
  const nodes: Node[] = [];
  beforeAll(async () => {
    server = await startRedis({ appendOnly: true });
  });
  beforeEach(async () => {
    await server.command('FLUSHALL');
    clock = new SetClock();
    node = start();
  });
  afterAll(async () => {
    await Promise.all(nodes.map((each) => each.close()));
    await server.stop();
  });

  function start(): Node {
    const started = startNode(server.url, { ...PATIENT, clock });
    nodes.push(started);
    return started;
  }

  /** Both the time that scripts go by and what is left of the life of every key. */
  async function pass(ms: number): Promise<void> {
    clock.jump(ms);
    await age(server, ms);
  }

  async function call(): Promise<string> {
    const { call: started, offerId } = await node.calls.startCall(ALICE, startInput('bob'));
    await node.calls.answerCall(BOB, { callId: started.id, offerId, answerSdp: ANSWER });
    return started.id;
  }

  it('a claim is forgotten ten minutes after its start came to nothing, and two days after it came to a call', async () => {
    const { accountIndex: index } = node;
    const [first, second] = ['1', '2'].map((n) => ({ hash: `h${n}`, callId: `c${n}` })) as [StartClaim, StartClaim];
    for (const key of ['refused', 'key']) await index.claimStart('alice', key, first);
    await index.keepStart('alice', 'key', first);
    await pass(HOUR / 6 - 1_000);
    expect(await index.claimStart('alice', 'refused', second)).toEqual(first);
    await pass(2_000);
    expect(await index.claimStart('alice', 'refused', second)).toEqual(second);
    await pass(47 * HOUR);
    expect(await index.claimStart('alice', 'key', second)).toEqual(first);
    await pass(HOUR);
    expect(await index.claimStart('alice', 'key', second)).toEqual(second);
  });

  it('nothing is kept without an end', async () => {
    await node.callStore.beat();
    await node.presence.enter(ALICE, 's1', await node.presence.nextEpoch());
    await node.keyv.set('key', 'value');
    await call();
    const kept = await contentsOf(server);
    expect(kept.length).toBeGreaterThan(15);
    expect(kept.filter(({ leftMs }) => leftMs < 0).map(({ key }) => key)).toEqual([]);
  });

  it('a call that ended leaves a tombstone for a day, and in the end nothing at all', async () => {
    const callId = await call();
    await node.calls.hangUpCall(ALICE, callId, 'HUNG_UP');
    const logs = async (): Promise<number> =>
      (await contentsOf(server)).filter(({ key }) => key.startsWith('voip:entries:')).length;
    expect(await logs()).toBe(1);
    await pass(60_000);
    await node.calls.sweep();
    expect(await logs()).toBe(0);
    expect(await node.callStore.due(10)).toEqual([]);
    await pass(24 * HOUR - 90_000);
    expect(await node.calls.call(ALICE, callId)).toMatchObject({ state: 'ENDED', endReason: 'COMPLETED' });
    expect(await node.calls.recentCalls(BOB, 10)).toHaveLength(1);
    await pass(30_000);
    expect(await node.calls.call(ALICE, callId)).toBeNull();
    await pass(60_000);
    const left = new Set((await contentsOf(server)).map(({ key }) => key.split(':')[1]));
    expect([...left].sort()).toEqual(['claim', 'pair']);
    await pass(24 * HOUR);
    expect(await contentsOf(server)).toEqual([]);
  });

  it('a call that goes on is kept, however long and however often the service is down', async () => {
    const callId = await call();
    for (let day = 0; day < 5; day++) {
      await node.callStore.beat();
      await node.calls.reportConnection(ALICE, callId, 'CONNECTED');
      await pass(30 * HOUR);
      await node.callStore.beat();
    }
    expect(await node.calls.call(ALICE, callId)).toMatchObject({ state: 'ACTIVE' });
    expect(await node.calls.openCalls(BOB)).toHaveLength(1);
  });

  it('more than 5 s without a beat of any node are an outage, for all of them', async () => {
    const other = start();
    const outages = async ({ callStore }: Node): Promise<unknown> => (await callStore.read('none')).time.outages;
    clock.jump(HOUR);
    expect(await outages(node)).toEqual([]);
    await node.callStore.beat();
    const from = clock.now();
    clock.jump(5_000);
    expect(await outages(node)).toEqual([]);
    clock.jump(1);
    const ongoing = { from, to: clock.now() };
    expect([await outages(node), await outages(other)]).toEqual([[ongoing], [ongoing]]);
    await node.callStore.beat();
    for (let second = 0; second < 9; second++) {
      clock.jump(1_000);
      await other.callStore.beat();
    }
    // The first node gave no beat for 9 s, but the service was up.
    expect([await outages(node), await outages(other)]).toEqual([[ongoing], [ongoing]]);
    clock.jump(1_000);
    await node.callStore.beat();
    expect(await outages(start())).toEqual([ongoing]);
    clock.jump(10 * 60_000);
    await node.callStore.beat();
    await node.callStore.beat();
    expect(await outages(node)).toEqual([{ from: clock.now() - 10 * 60_000, to: clock.now() }]);
  });

  it('a restart of Redis is an outage when it takes as long as one', async () => {
    await node.callStore.beat();
    const from = clock.now();
    await server.kill();
    clock.jump(8_000);
    await expect(node.callStore.beat()).rejects.toMatchObject({ code: 'CALL_UNAVAILABLE' });
    await server.restart();
    await eventually(() => !node.degraded());
    await node.callStore.beat();
    expect((await node.callStore.read('none')).time.outages).toEqual([{ from, to: clock.now() }]);
  });

  it('an index forgets a call a day after it was retired, newest first until then', async () => {
    const { accountIndex: index } = node;
    const ids = async (): Promise<readonly string[]> => (await index.recent('alice', 10)).map(({ callId }) => callId);
    await index.enter(['alice'], 'first');
    clock.jump(1_000);
    for (const callId of ['second', 'third', 'fourth']) await index.enter(['alice'], callId);
    await index.retire(['alice'], 'first');
    clock.jump(24 * HOUR - 1);
    expect(await ids()).toEqual(['fourth', 'third', 'second', 'first']);
    expect(await index.recent('alice', 4)).toMatchObject([
      { at: clock.now() - 24 * HOUR + 1 },
      {},
      {},
      { live: false },
    ]);
    clock.jump(1);
    expect(await ids()).toEqual(['fourth', 'third', 'second']);
    expect((await index.live('alice')).map(({ callId }) => callId)).toEqual(['second', 'third', 'fourth']);
    await index.enter(['alice'], 'fifth');
    expect(await server.command('ZCARD', await keyOf('past'))).toBe(0);
    expect(await server.command('HLEN', await keyOf('ids'))).toBe(4);
  });

  async function keyOf(kind: string): Promise<string> {
    return (await contentsOf(server)).find(({ key }) => key.startsWith(`voip:${kind}:`))?.key ?? `no ${kind}`;
  }

  it('a device is remembered for two minutes after its stream was last there', async () => {
    const { presence } = node;
    const seen = (): ReturnType<typeof presence.devicesOf> => presence.devicesOf('alice');
    await presence.enter(ALICE, 's1', 1);
    clock.jump(30_000);
    expect(await seen()).toEqual([{ deviceId: 'phone', streaming: true, seenAt: clock.now() - 30_000 }]);
    clock.jump(1);
    expect(await seen()).toMatchObject([{ streaming: false }]);
    await presence.touch(ALICE, 's1');
    expect(await seen()).toEqual([{ deviceId: 'phone', streaming: true, seenAt: clock.now() }]);
    await presence.leave(ALICE, 's1');
    const leftAt = clock.now();
    clock.jump(119_999);
    expect(await seen()).toEqual([{ deviceId: 'phone', streaming: false, seenAt: leftAt }]);
    clock.jump(1);
    expect(await seen()).toEqual([]);
  });

  it('a node that beats is there for its streams, and one that does not takes them along', async () => {
    const { presence } = node;
    await presence.enter(ALICE, 's1', await presence.nextEpoch());
    clock.jump(45_000);
    await node.callStore.beat();
    const beatAt = clock.now();
    clock.jump(30_000);
    expect(await presence.devicesOf('alice')).toEqual([{ deviceId: 'phone', streaming: true, seenAt: beatAt }]);
    clock.jump(1);
    expect(await presence.devicesOf('alice')).toEqual([{ deviceId: 'phone', streaming: false, seenAt: beatAt }]);
  });

  it('a stream keeps the device, also when Redis has forgotten everything', async () => {
    const { presence } = node;
    const first = await presence.nextEpoch();
    await presence.enter(ALICE, 's1', first);
    await presence.enter(BOB, 'b1', first);
    await server.command('FLUSHALL');
    const second = await presence.nextEpoch();
    expect(second).toBeGreaterThan(first);
    expect(await presence.touch(ALICE, 's1')).toBe('CURRENT');
    expect(await presence.devicesOf('alice')).toMatchObject([{ deviceId: 'phone', streaming: true }]);
    await presence.enter(BOB, 'b2', second);
    expect(await presence.touch(BOB, 'b1')).toBe('TAKEN_OVER');
  });

  it('a window of permits lasts no longer than it may when the clock of Redis is set back', async () => {
    const limit = { max: 2, windowSeconds: 60 };
    const take = (): ReturnType<Node['rateLimiter']['take']> => node.rateLimiter.take('k', limit);
    for (let n = 0; n < 2; n++) expect(await take()).toMatchObject({ granted: true });
    clock.jump(-HOUR);
    expect(await take()).toEqual({ granted: false, retryAfterMs: 60_000 });
    clock.jump(59_999);
    expect(await take()).toEqual({ granted: false, retryAfterMs: 1 });
    clock.jump(1);
    expect(await take()).toMatchObject({ granted: true });
  });

  it('a socket that begins is newer than one before it, also when the clock of Redis is set back', async () => {
    const first = await node.presence.nextEpoch();
    // As drawn by a clock that was an hour ahead of what it is now; in microseconds.
    const ahead = first + HOUR * 1_000;
    await server.command('SET', 'voip:epoch', `${ahead}`);
    expect(await node.presence.nextEpoch()).toBe(ahead + 1);
  });

  it('a sweep does not undo what a later change of a call has scheduled', async () => {
    const other = start();
    const callId = await call();
    const { time } = await node.callStore.read(callId);
    clock.jump(31_000);
    expect(await node.callStore.due(10)).toEqual([callId]);
    await other.callStore.schedule(callId, time.now + 40_000);
    await node.callStore.schedule(callId, null);
    clock.jump(10_000);
    expect(await node.callStore.due(10)).toEqual([callId]);
  });
});
