import { afterEach, beforeEach, describe, it, expect } from '@jest/globals';
import { dueAt, settle } from '../../src/call/deadline.js';
import type { Call } from '../../src/call/call.js';
import { settled } from '../support/clock.js';
import { ALICE, ANSWER, BOB, BOB_LAPTOP, World, startInput } from './world.js';

const HOUR = 60 * 60 * 1000;

describe('what the server ends by itself, with no sweeper running', () => {
  let world: World;
  beforeEach(() => {
    world = new World();
  });
  afterEach(() => world.stop());

  const rung = async (state: Parameters<World['callUpTo']>[0]): Promise<string> => (await world.callUpTo(state)).callId;

  /** Each: how a call gets there, after how much more time it ends, and how. */
  const ends = [
    { name: 'no leg shows life', make: () => rung('INITIATED'), ms: 20_000, reason: 'UNREACHABLE' },
    { name: 'nobody answers', make: () => rung('RINGING'), ms: 61_000, reason: 'NO_ANSWER' },
    {
      name: 'nobody answers, the only sign of life being a stream',
      make: async () => {
        const callId = await rung('INITIATED');
        await world.listen(BOB);
        return callId;
      },
      ms: 62_000,
      reason: 'NO_ANSWER',
    },
    { name: 'the media never comes up', make: () => rung('CONNECTING'), ms: 30_000, reason: 'CONNECT_FAILED' },
    {
      name: 'a party does not find its peer again',
      make: () => rung('RECONNECTING'),
      ms: 30_000,
      reason: 'CONNECTION_LOST',
    },
    { name: 'neither party has a stream or sends', make: () => rung('ACTIVE'), ms: 60_000, reason: 'SIGNALING_LOST' },
    {
      name: 'every leg that showed life is busy',
      make: async () => {
        const callId = await rung('INITIATED');
        await world.calls.declineCall(BOB, callId, 'BUSY');
        return callId;
      },
      ms: 20_000,
      reason: 'BUSY',
    },
  ];

  it.each(ends)('$name: open 1 ms before $ms ms, $reason on it', async ({ make, ms, reason }) => {
    const callId = await make();
    const deadline = world.clock.now() + ms;
    world.clock.jump(ms - 1);
    expect((await world.calls.call(ALICE, callId))?.state).not.toBe('ENDED');
    world.clock.jump(1);
    expect(await world.calls.call(ALICE, callId)).toMatchObject({
      state: 'ENDED',
      endReason: reason,
      endedAt: deadline,
      endedBy: null,
      remainingMs: null,
    });
  });

  it.each(ends)('$name: looked at much later, it ended at its deadline all the same', async ({ make, ms, reason }) => {
    const callId = await make();
    const deadline = world.clock.now() + ms;
    world.clock.jump(ms + HOUR);
    expect(await world.calls.call(ALICE, callId)).toMatchObject({
      state: 'ENDED',
      endReason: reason,
      endedAt: deadline,
    });
  });

  it.each(ends)('$name: the sweeper ends it when nobody looks', async ({ make, ms, reason }) => {
    const callId = await make();
    world.clock.jump(ms);
    await world.calls.sweep();
    expect(await world.store.read(callId)).toMatchObject({ stored: { call: { state: 'ENDED', endReason: reason } } });
  });

  it('counts the ring down from 60 s and lets an answer count until 62 s', async () => {
    const { callId, offerId } = await world.callUpTo('RINGING');
    const remaining = async (): Promise<unknown> => (await world.calls.call(BOB, callId))?.remainingMs;
    expect(await remaining()).toBe(59_000);
    world.clock.jump(59_000);
    expect(await remaining()).toBe(0);
    world.clock.jump(1_999);
    expect(await remaining()).toBe(0);
    expect(await world.calls.answerCall(BOB, { callId, offerId, answerSdp: ANSWER })).toMatchObject({
      state: 'CONNECTING',
      remainingMs: 30_000,
    });
  });

  it('refuses an answer at 62 s', async () => {
    const { callId, offerId } = await world.callUpTo('RINGING');
    world.clock.jump(61_000);
    await expect(world.calls.answerCall(BOB, { callId, offerId, answerSdp: ANSWER })).rejects.toMatchObject({
      code: 'CALL_ENDED',
    });
  });

  it('shows nothing due while a call is active', async () => {
    const { callId } = await world.callUpTo('ACTIVE');
    expect((await world.calls.call(ALICE, callId))?.remainingMs).toBeNull();
  });

  it('does not restart the time to reconnect when the same loss is reported again', async () => {
    const { callId } = await world.callUpTo('RECONNECTING');
    world.clock.jump(20_000);
    await world.calls.reportConnection(BOB, callId, 'DISCONNECTED');
    expect((await world.calls.call(ALICE, callId))?.remainingMs).toBe(10_000);
  });

  it('keeps a call that one party is heard of, and ends it 60 s after the last sign of either', async () => {
    const { callId } = await world.callUpTo('ACTIVE');
    const bob = await world.listen(BOB);
    world.clock.jump(10 * 60_000);
    expect((await world.calls.call(ALICE, callId))?.state).toBe('ACTIVE');
    await bob.leave();
    const left = world.clock.now();
    world.clock.jump(59_999);
    expect((await world.calls.call(ALICE, callId))?.state).toBe('ACTIVE');
    world.clock.jump(1);
    const ended = await world.calls.call(ALICE, callId);
    expect(ended).toMatchObject({ endReason: 'SIGNALING_LOST', endedAt: left + 60_000 });
  });

  it('takes a repeated report for a sign of life', async () => {
    const { callId } = await world.callUpTo('ACTIVE');
    world.clock.jump(50_000);
    await world.calls.reportConnection(BOB, callId, 'CONNECTED');
    world.clock.jump(50_000);
    expect((await world.calls.call(ALICE, callId))?.state).toBe('ACTIVE');
  });

  it('rings on while a leg that showed life is not busy', async () => {
    const { callId } = await world.callUpTo('RINGING');
    await world.calls.declineCall(BOB_LAPTOP, callId, 'BUSY');
    world.clock.jump(30_000);
    expect((await world.calls.call(ALICE, callId))?.state).toBe('RINGING');
    await world.calls.declineCall(BOB, callId, 'BUSY');
    expect(await world.calls.call(ALICE, callId)).toMatchObject({ endReason: 'BUSY', endedAt: world.clock.now() });
  });

  it('loses SDP, candidates and attachment 60 s after the end, and the tombstone after 24 h', async () => {
    const { callId } = await world.callUpTo('ENDED', { attachment: 'an identity key' });
    world.clock.jump(59_999);
    expect((await world.calls.call(BOB, callId))?.attachment).toBe('an identity key');
    expect(await world.store.log(callId, 0, 100)).not.toEqual([]);
    world.clock.jump(1);
    await world.calls.sweep();
    expect(JSON.stringify(await world.store.read(callId))).not.toMatch(/v=0|identity/);
    expect(await world.store.log(callId, 0, 100)).toEqual([]);
    world.clock.jump(24 * HOUR - 60_001);
    expect(await world.calls.call(BOB, callId)).toMatchObject({ endReason: 'COMPLETED', attachment: null });
    world.clock.jump(1);
    expect(await world.calls.call(BOB, callId)).toBeNull();
    expect(await world.calls.recentCalls(BOB, 50)).toEqual([]);
  });

  it('gives parties the full time again, and a ring the rest of its time, after the service was down', async () => {
    const { callId } = await world.callUpTo('RECONNECTING');
    const ringing = (await world.calls.startCall(ALICE, startInput('carol'))).call.id;
    await world.store.beat();
    world.clock.jump(25_000 + HOUR);
    expect((await world.calls.call(ALICE, callId))?.remainingMs).toBe(30_000);
    expect((await world.calls.call(ALICE, ringing))?.state).toBe('INITIATED');
    await world.store.beat();
    world.clock.jump(4_000);
    await world.store.beat();
    expect((await world.calls.call(ALICE, callId))?.remainingMs).toBe(26_000);
    expect((await world.calls.call(ALICE, ringing))?.remainingMs).toBe(56_000);
  });

  it('sweeps a call again later when downtime has moved its deadline', async () => {
    const { callId } = await world.callUpTo('RECONNECTING');
    await world.store.beat();
    world.clock.jump(HOUR);
    await world.store.beat();
    await world.calls.sweep();
    expect(await world.store.due(10)).not.toContain(callId);
    for (let second = 0; second < 30; second += 3) {
      world.clock.jump(3_000);
      await world.store.beat();
    }
    await world.calls.sweep();
    expect(await world.calls.call(ALICE, callId)).toMatchObject({ endReason: 'CONNECTION_LOST' });
  });

  it('lets go of a stream that gave no sign since the invite, but not of one that answered a ping', async () => {
    const bob = await world.listen(BOB);
    const deaf = await world.callUpTo('INITIATED');
    await settled();
    world.clock.jump(20_000);
    expect(await world.calls.call(ALICE, deaf.callId)).toMatchObject({ endReason: 'UNREACHABLE' });
    const heard = await world.callUpTo('INITIATED');
    await settled();
    bob.stream.heard();
    await settled();
    world.clock.jump(20_000);
    expect((await world.calls.call(ALICE, heard.callId))?.state).toBe('INITIATED');
  });
});

describe('a deadline that passes while a move is on its way', () => {
  it('wins, by the clock of the store', async () => {
    let slow = false;
    const world: World = new World({
      wrapStore: (store) => {
        const commit = store.commit.bind(store);
        store.commit = (tag, change) => {
          if (slow) world.clock.jump(1);
          slow = false;
          return commit(tag, change);
        };
        return store;
      },
    });
    const { callId, offerId } = await world.callUpTo('RINGING');
    world.clock.jump(60_999);
    slow = true;
    await expect(world.calls.answerCall(BOB, { callId, offerId, answerSdp: ANSWER })).rejects.toMatchObject({
      code: 'CALL_ENDED',
      details: { call: { endReason: 'NO_ANSWER' } },
    });
    expect(await world.calls.call(ALICE, callId)).toMatchObject({ endReason: 'NO_ANSWER', answeredAt: null });
    await world.stop();
  });
});

describe('settling', () => {
  it('leaves a call alone, the very same one, when time has changed nothing', async () => {
    const world = new World();
    const { callId } = await world.callUpTo('ACTIVE');
    const call = (await world.store.read(callId)).stored?.call as Call;
    const time = { now: world.clock.now(), outages: [] };
    expect(settle(call, time).call).toBe(call);
    expect(dueAt(call)).toBe(call.heardAt + 60_000);
    await world.stop();
  });
});
