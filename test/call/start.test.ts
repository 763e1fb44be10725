import { afterEach, beforeEach, describe, it, expect } from '@jest/globals';
import { settled } from '../support/clock.js';
import { SignalingError } from '../../src/errors.js';
import { ALICE, ALICE_TABLET, ANSWER, BOB, BOB_LAPTOP, CAROL, World, device, startInput } from './world.js';

describe('starting a call', () => {
  let world: World;
  beforeEach(() => {
    world = new World();
  });
  afterEach(() => world.stop());

  const start = (viewer = ALICE, callee = 'bob', changes = {}): ReturnType<World['calls']['startCall']> =>
    world.calls.startCall(viewer, startInput(callee, changes));

  it('invites every device of the callee, and no other', async () => {
    const listeners = await Promise.all([ALICE_TABLET, BOB, BOB_LAPTOP, CAROL].map((viewer) => world.listen(viewer)));
    const { outcome, call, offerId } = await start();
    await settled();
    expect(outcome).toBe('CREATED');
    expect(call).toMatchObject({ state: 'INITIATED', viewerRole: 'CALLER', remainingMs: 60_000, nextClientSeq: 1 });
    expect(listeners.map(({ said }) => said.includes('invited'))).toEqual([false, true, true, false]);
    expect(listeners[1]?.events[1]).toMatchObject({ offer: { id: offerId, type: 'OFFER' }, call: { id: call.id } });
  });

  it('wakes the devices that have no stream, and only those', async () => {
    await world.listen(BOB);
    const { call } = await start();
    expect(world.wakeUps).toEqual([
      {
        kind: 'INVITE',
        callId: call.id,
        accountId: 'bob',
        deviceId: 'laptop',
        media: 'AUDIO',
        reason: null,
        expiresAt: call.createdAt + 60_000,
      },
    ]);
  });

  it('rings at most 10 devices, those that can be reached at once before the others', async () => {
    const ids = Array.from({ length: 12 }, (_, n) => `device-${n}`);
    world.devices = { bob: ids };
    const last = await world.listen(device('bob', 'device-11'));
    await start();
    await settled();
    expect(last.said).toContain('invited');
    expect(world.wakeUps).toHaveLength(9);
  });

  it('without a directory rings what has a stream, and wakes the account as a whole', async () => {
    world.devices = null;
    const bob = await world.listen(BOB);
    const { call } = await start();
    await settled();
    expect(bob.said).toContain('invited');
    expect(world.wakeUps).toMatchObject([{ kind: 'INVITE', accountId: 'bob', deviceId: null }]);
    const late = await world.listen(BOB_LAPTOP);
    await settled();
    expect(late.said).toEqual(['ready resumed=false open=1', 'invited']);
    expect((await world.calls.openCalls(device('bob', 'watch'))).map(({ id }) => id)).toEqual([call.id]);
  });

  it('rings only the device that was meant', async () => {
    const [bob, laptop] = [await world.listen(BOB), await world.listen(BOB_LAPTOP)];
    const { call, offerId } = await start(ALICE, 'bob', { calleeDeviceId: 'laptop' });
    await settled();
    expect(bob.said).toEqual(['ready resumed=false open=0']);
    expect(laptop.said).toContain('invited');
    const answer = world.calls.answerCall(BOB, { callId: call.id, offerId, answerSdp: ANSWER });
    await expect(answer).rejects.toMatchObject({ code: 'CALL_STATE_CONFLICT' });
    expect(await world.calls.openCalls(BOB)).toEqual([]);
  });

  it('is refused to one own account', async () => {
    await expect(start(ALICE, 'alice')).rejects.toMatchObject({ code: 'CALL_INPUT_INVALID' });
  });

  it('gives the first answer again when it is repeated, until 24 h after the end', async () => {
    const input = startInput('bob');
    const first = await world.calls.startCall(ALICE, input);
    const again = { ...first, outcome: 'REPLAYED' };
    expect(await world.calls.startCall(ALICE, input)).toEqual(again);
    await world.calls.hangUpCall(ALICE, first.call.id, 'HUNG_UP');
    world.clock.jump(24 * 3_600_000 - 1);
    expect(await world.calls.startCall(ALICE, input)).toMatchObject({
      outcome: 'REPLAYED',
      offerId: first.offerId,
      call: { id: first.call.id, endReason: 'CANCELLED' },
    });
  });

  it.each([
    ['another callee', { calleeAccountId: 'carol' }],
    ['another offer', { offerSdp: 'v=0\r\nanother' }],
    ['another medium', { media: 'VIDEO' as const }],
    ['another attachment', { attachment: 'x' }],
  ])('refuses one name of a call for %s', async (_, changes) => {
    const input = startInput('bob');
    await world.calls.startCall(ALICE, input);
    await expect(world.calls.startCall(ALICE, { ...input, ...changes })).rejects.toMatchObject({
      code: 'CALL_SIGNAL_CONFLICT',
    });
  });

  it('takes the same name from another device for another call', async () => {
    const input = startInput('bob');
    const first = await world.calls.startCall(ALICE, input);
    await world.calls.hangUpCall(ALICE, first.call.id, 'HUNG_UP');
    const second = await world.calls.startCall(ALICE_TABLET, input);
    expect(second).toMatchObject({ outcome: 'CREATED' });
    expect(second.call.id).not.toBe(first.call.id);
  });

  it('makes one call of 6 starts that come under one name at once, for one permit', async () => {
    const input = startInput('bob');
    const all = await Promise.all(Array.from({ length: 6 }, () => world.calls.startCall(ALICE, input)));
    expect(new Set(all.map(({ call }) => call.id)).size).toBe(1);
    expect(all.filter(({ outcome }) => outcome === 'CREATED')).toHaveLength(1);
    for (let more = 0; more < 5; more++) {
      await world.calls.hangUpCall(ALICE, (await world.calls.openCalls(ALICE))[0]?.id ?? '', 'HUNG_UP');
      await start();
    }
    await expect(start()).rejects.toMatchObject({ code: 'CALL_RATE_LIMITED' });
  });

  it('rings again when a start is repeated, as the first time may have been cut short', async () => {
    const input = startInput('bob');
    await world.calls.startCall(ALICE, input);
    const before = world.wakeUps.length;
    await world.calls.startCall(ALICE, input);
    expect(world.wakeUps.slice(before)).toEqual(world.wakeUps.slice(0, before));
  });

  it.each([
    ['the caller itself', ALICE, 'bob'],
    ['another device of the caller', ALICE_TABLET, 'bob'],
  ])('is refused to %s while the pair has a call, and says which', async (_, viewer, callee) => {
    const { call } = await start();
    await expect(start(viewer, callee)).rejects.toMatchObject({
      code: 'CALL_STATE_CONFLICT',
      details: { call: { id: call.id, state: 'INITIATED' } },
    });
  });

  it('is refused to either side while they talk', async () => {
    const { callId } = await world.callUpTo('ACTIVE');
    for (const [viewer, callee] of [[ALICE, 'bob'] as const, [BOB, 'alice'] as const])
      await expect(start(viewer, callee)).rejects.toMatchObject({
        code: 'CALL_STATE_CONFLICT',
        details: { call: { id: callId, state: 'ACTIVE' } },
      });
  });

  it('is possible again as soon as the call before has ended', async () => {
    await world.callUpTo('ENDED');
    await expect(start()).resolves.toMatchObject({ outcome: 'CREATED' });
  });

  it('lets an account have 4 open calls, counts what it started only, and never grants more to a burst', async () => {
    const callees = ['bob', 'carol', 'dave', 'erin', 'frank'];
    await start(CAROL, 'alice');
    await world.calls.hangUpCall(CAROL, (await world.calls.openCalls(CAROL))[0]?.id ?? '', 'HUNG_UP');
    const all = await Promise.allSettled(callees.map((callee) => start(ALICE, callee)));
    const refused = all.filter((result) => result.status === 'rejected');
    expect(refused).toHaveLength(1);
    expect((refused[0]?.reason as SignalingError).code).toBe('CALL_RATE_LIMITED');
    const [open] = await world.calls.openCalls(ALICE);
    await world.calls.hangUpCall(ALICE, open?.id ?? '', 'HUNG_UP');
    await expect(start(ALICE, open?.callee.accountId)).resolves.toMatchObject({ outcome: 'CREATED' });
  });

  it('finds the places of calls that ended while nobody looked', async () => {
    for (const callee of ['bob', 'carol', 'dave', 'erin']) await start(ALICE, callee);
    world.clock.jump(20_000);
    await expect(start(ALICE, 'frank')).resolves.toMatchObject({ outcome: 'CREATED' });
  });

  it('grants 6 a minute to an ordered pair; repeating a start costs nothing, and the other direction has its own', async () => {
    const input = startInput('bob');
    for (let n = 0; n < 6; n++) {
      const { call } = await world.calls.startCall(ALICE, n === 0 ? input : startInput('bob'));
      await world.calls.hangUpCall(ALICE, call.id, 'HUNG_UP');
      await world.calls.startCall(ALICE, input);
    }
    await expect(start()).rejects.toMatchObject({ code: 'CALL_RATE_LIMITED', details: { retryAfterMs: 60_000 } });
    await expect(start(BOB, 'alice')).resolves.toMatchObject({ outcome: 'CREATED' });
  });

  it('gives the permit back when policy cannot be asked, and none for a refusal', async () => {
    let down = true;
    const mayCall = (): Promise<boolean> =>
      down ? Promise.reject(new SignalingError('CALL_UNAVAILABLE')) : Promise.resolve(true);
    const strict = new World({ policy: { mayCall } });
    for (let n = 0; n < 10; n++)
      await expect(strict.calls.startCall(ALICE, startInput('bob'))).rejects.toMatchObject({
        code: 'CALL_UNAVAILABLE',
      });
    down = false;
    await expect(strict.calls.startCall(ALICE, startInput('bob'))).resolves.toMatchObject({ outcome: 'CREATED' });
    await strict.stop();
  });

  it.each([
    ['an account that refuses the caller', (w: World) => w.refused.push(['alice', 'bob']), 'bob'],
    ['an unknown account', () => undefined, 'nobody'],
    ['an account without devices', (w: World) => (w.devices = { ...w.devices, bob: [] }), 'bob'],
  ])('looks to the caller as if %s could not be reached, and the callee hears nothing', async (_, prepare, callee) => {
    prepare(world);
    const bob = await world.listen(BOB);
    const { call, outcome, offerId } = await start(ALICE, callee);
    const reachable = await world.calls.startCall(ALICE, startInput('carol'));
    expect({ ...call, id: '', callee: null }).toEqual({ ...reachable.call, id: '', callee: null });
    expect(outcome).toBe('CREATED');
    await settled();
    expect(bob.said).toEqual(['ready resumed=false open=0']);
    expect(world.wakeUps.filter(({ accountId }) => accountId === callee)).toEqual([]);
    expect(await world.calls.call(BOB, call.id)).toBeNull();
    expect(await world.calls.recentCalls(BOB, 50)).toEqual([]);
    for (const act of [
      world.calls.reportRinging(BOB, call.id),
      world.calls.answerCall(BOB, { callId: call.id, offerId, answerSdp: ANSWER }),
      world.calls.hangUpCall(BOB, call.id, 'HUNG_UP'),
    ])
      await expect(act).rejects.toMatchObject({ code: 'CALL_NOT_FOUND', details: {} });
    world.clock.jump(20_000);
    expect(await world.calls.call(ALICE, call.id)).toMatchObject({ state: 'ENDED', endReason: 'UNREACHABLE' });
  });
});
