import { afterEach, beforeEach, describe, it, expect } from '@jest/globals';
import { settled } from '../support/clock.js';
import { ALICE, ALICE_TABLET, ANSWER, BOB, BOB_LAPTOP, World, startInput } from './world.js';

describe('a call that was answered', () => {
  let world: World;
  beforeEach(() => {
    world = new World();
  });
  afterEach(() => world.stop());

  it.each([
    ['HUNG_UP', 'COMPLETED'],
    ['CONNECT_FAILED', 'CONNECT_FAILED'],
    ['MEDIA_FAILED', 'MEDIA_FAILED'],
  ] as const)('ends when a party hangs up: %s reads %s, for both, and stays so', async (reason, endReason) => {
    const { callId } = await world.callUpTo('ACTIVE');
    const [alice, bob] = [await world.listen(ALICE), await world.listen(BOB)];
    await world.calls.hangUpCall(BOB, callId, reason);
    expect(await world.calls.hangUpCall(ALICE, callId, 'HUNG_UP')).toMatchObject({
      endReason,
      endedBy: 'CALLEE',
    });
    await settled();
    expect([alice.said.at(-1), bob.said.at(-1)]).toEqual([`ENDED ${endReason}`, `ENDED ${endReason}`]);
  });

  it('follows the last report of each party', async () => {
    const { callId } = await world.callUpTo('CONNECTING');
    const steps = [
      [ALICE, 'CONNECTED', 'ACTIVE'],
      [ALICE, 'CONNECTED', 'ACTIVE'],
      [BOB, 'DISCONNECTED', 'RECONNECTING'],
      [ALICE, 'DISCONNECTED', 'RECONNECTING'],
      [BOB, 'CONNECTED', 'RECONNECTING'],
      [ALICE, 'CONNECTED', 'ACTIVE'],
    ] as const;
    for (const [viewer, report, state] of steps)
      expect(await world.calls.reportConnection(viewer, callId, report)).toMatchObject({ state });
  });

  it('keeps the time of the first connection', async () => {
    const { callId } = await world.callUpTo('ACTIVE');
    const connectedAt = world.clock.now();
    world.clock.jump(5_000);
    await world.calls.reportConnection(BOB, callId, 'DISCONNECTED');
    expect(await world.calls.reportConnection(BOB, callId, 'CONNECTED')).toMatchObject({ connectedAt });
  });

  it('ends for both when a device of a party is revoked, whose stream closes', async () => {
    const { callId } = await world.callUpTo('ACTIVE');
    const [alice, bob] = [await world.listen(ALICE), await world.listen(BOB)];
    await world.calls.revokeDevice(BOB);
    await settled();
    expect(alice.said.at(-1)).toBe('ENDED DEVICE_REVOKED');
    expect(bob.said.at(-1)).toBe('closed DEVICE_REVOKED');
    expect(await world.calls.call(ALICE, callId)).toMatchObject({ endReason: 'DEVICE_REVOKED', endedBy: null });
  });

  it('goes on when a device is revoked that had lost it', async () => {
    const { callId } = await world.callUpTo('ACTIVE');
    await world.calls.revokeDevice(BOB_LAPTOP);
    await world.calls.revokeDevice(ALICE_TABLET);
    expect(await world.calls.call(ALICE, callId)).toMatchObject({ state: 'ACTIVE' });
  });
});

describe('a device that is revoked while a call rings', () => {
  it('is out of it, and cannot answer; the others ring on', async () => {
    const world = new World();
    const { callId, offerId } = await world.callUpTo('RINGING');
    const laptop = await world.listen(BOB_LAPTOP);
    await world.calls.revokeDevice(BOB);
    await settled();
    expect(await world.calls.call(BOB, callId)).toMatchObject({ endReason: 'DEVICE_REVOKED' });
    const answer = { callId, offerId, answerSdp: ANSWER };
    await expect(world.calls.answerCall(BOB, answer)).rejects.toMatchObject({ code: 'CALL_STATE_CONFLICT' });
    expect(await world.calls.answerCall(BOB_LAPTOP, answer)).toMatchObject({ state: 'CONNECTING' });
    await settled();
    expect(laptop.said.at(-1)).toBe('CONNECTING');
    await world.stop();
  });
});

describe('what the world is told', () => {
  let world: World;
  beforeEach(() => {
    world = new World();
  });
  afterEach(() => world.stop());

  const woken = (): readonly string[] =>
    world.wakeUps.map(({ kind, deviceId, reason }) => `${kind} ${deviceId}${reason ? ` ${reason}` : ''}`);

  it('events of a call, with how long it rang and how long they talked', async () => {
    const { callId } = await world.callUpTo('ACTIVE');
    world.clock.jump(30_000);
    await world.calls.hangUpCall(ALICE, callId, 'HUNG_UP');
    const common = { callId, callerAccountId: 'alice', calleeAccountId: 'bob', media: 'AUDIO' };
    expect(world.events).toEqual([
      { event: 'call.started', ...common, endReason: null, ringMs: null, talkMs: null },
      { event: 'call.answered', ...common, endReason: null, ringMs: 2_000, talkMs: null },
      { event: 'call.ended', ...common, endReason: 'COMPLETED', ringMs: 2_000, talkMs: 30_000 },
    ]);
  });

  it.each([
    ['answers', 'CONNECTING', ['CANCEL laptop ANSWERED_ELSEWHERE']],
    ['declines', 'DECLINE', ['CANCEL laptop DECLINED_ELSEWHERE']],
    ['is cancelled', 'CANCEL', ['CANCEL phone CANCELLED', 'CANCEL laptop CANCELLED']],
    ['is not answered', 'NO_ANSWER', ['MISSED phone NO_ANSWER', 'MISSED laptop NO_ANSWER']],
  ])('devices that were woken, when one %s', async (_, what, then) => {
    const { callId } = await world.callUpTo(what === 'CONNECTING' ? 'CONNECTING' : 'RINGING');
    if (what === 'DECLINE') await world.calls.declineCall(BOB, callId, 'DECLINED');
    if (what === 'CANCEL') await world.calls.hangUpCall(ALICE, callId, 'HUNG_UP');
    if (what === 'NO_ANSWER') {
      world.clock.jump(62_000);
      await world.calls.sweep();
    }
    expect(woken()).toEqual(['INVITE phone', 'INVITE laptop', ...then]);
  });

  it('nothing more to devices that had a stream', async () => {
    await world.listen(BOB);
    await world.listen(BOB_LAPTOP);
    const { call } = await world.calls.startCall(ALICE, startInput('bob'));
    await world.calls.hangUpCall(ALICE, call.id, 'HUNG_UP');
    expect(woken()).toEqual([]);
  });
});

describe('the calls of a viewer', () => {
  it('are listed newest first, ended ones included, for every device of both accounts', async () => {
    const world = new World();
    const first = await world.callUpTo('ENDED');
    world.clock.jump(1_000);
    const second = await world.callUpTo('RINGING');
    for (const viewer of [ALICE, ALICE_TABLET, BOB, BOB_LAPTOP])
      expect((await world.calls.recentCalls(viewer, 20)).map(({ id }) => id)).toEqual([second.callId, first.callId]);
    expect(await world.calls.recentCalls(BOB, 1)).toHaveLength(1);
    await expect(world.calls.recentCalls(BOB, 51)).rejects.toMatchObject({ code: 'CALL_INPUT_INVALID' });
    expect(await world.calls.openCalls(ALICE_TABLET)).toEqual([]);
    expect((await world.calls.openCalls(ALICE)).map(({ id }) => id)).toEqual([second.callId]);
    await world.stop();
  });
});
