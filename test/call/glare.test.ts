import { afterEach, beforeEach, describe, it, expect } from '@jest/globals';
import { settled } from '../support/clock.js';
import { ALICE, ALICE_TABLET, ANSWER, BOB, BOB_LAPTOP, CAROL, World, startInput } from './world.js';

describe('two who call each other', () => {
  let world: World;
  beforeEach(() => {
    world = new World();
  });
  afterEach(() => world.stop());

  it('share the first call: the second start adopts it, and answers its offer', async () => {
    const alice = await world.calls.startCall(ALICE, startInput('bob'));
    const input = startInput('alice');
    const bob = await world.calls.startCall(BOB, input);
    expect(bob).toMatchObject({ outcome: 'ADOPTED', offerId: alice.offerId });
    expect(bob.call).toMatchObject({ id: alice.call.id, viewerRole: 'CALLEE', pendingOffer: { id: alice.offerId } });
    const { id: callId } = bob.call;
    await world.calls.answerCall(BOB, { callId, offerId: bob.offerId, answerSdp: ANSWER });
    const again = await world.calls.startCall(BOB, input);
    expect(again).toMatchObject({
      outcome: 'ADOPTED',
      offerId: alice.offerId,
      call: { id: callId, state: 'CONNECTING' },
    });
  });

  it('share one call however many devices of both start at once', async () => {
    const devices = [ALICE, ALICE_TABLET, BOB, BOB_LAPTOP];
    const all = await Promise.allSettled(
      devices.map((viewer) =>
        world.calls.startCall(viewer, startInput(viewer.accountId === 'alice' ? 'bob' : 'alice')),
      ),
    );
    const started = all.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    expect(new Set(started.map(({ call }) => call.id)).size).toBe(1);
    expect(started.filter(({ outcome }) => outcome === 'CREATED')).toHaveLength(1);
  });

  it('share it while it rings too', async () => {
    const { callId } = await world.callUpTo('RINGING');
    const bob = await world.calls.startCall(BOB_LAPTOP, startInput('alice'));
    expect(bob).toMatchObject({ outcome: 'ADOPTED', call: { id: callId } });
  });

  it('do not share it with a device that the call does not ring', async () => {
    await world.calls.startCall(ALICE, startInput('bob', { calleeDeviceId: 'laptop' }));
    await expect(world.calls.startCall(BOB, startInput('alice'))).rejects.toMatchObject({
      code: 'CALL_STATE_CONFLICT',
    });
  });

  it('do not share it when the second one meant another device than the one that is calling', async () => {
    await world.calls.startCall(ALICE, startInput('bob'));
    const meant = (calleeDeviceId: string): Promise<unknown> =>
      world.calls.startCall(BOB, startInput('alice', { calleeDeviceId }));
    await expect(meant('tablet')).rejects.toMatchObject({ code: 'CALL_STATE_CONFLICT' });
    await expect(meant('phone')).resolves.toMatchObject({ outcome: 'ADOPTED' });
  });

  it('are not told of each other where one refuses the other, who calls later', async () => {
    world.refused.push(['alice', 'bob']);
    const alice = await world.calls.startCall(ALICE, startInput('bob'));
    const bob = await world.calls.startCall(BOB, startInput('alice'));
    expect(bob.outcome).toBe('CREATED');
    expect(bob.call.id).not.toBe(alice.call.id);
    const { id: callId } = bob.call;
    const answer = { callId, offerId: bob.offerId, answerSdp: ANSWER };
    expect(await world.calls.answerCall(ALICE, answer)).toMatchObject({ state: 'CONNECTING' });
  });

  it('are not told of each other where one refuses the other, who called before', async () => {
    world.refused.push(['alice', 'bob']);
    await world.calls.startCall(BOB, startInput('alice'));
    const alice = await world.calls.startCall(ALICE, startInput('bob'));
    expect(alice).toMatchObject({ outcome: 'CREATED', call: { state: 'INITIATED', viewerRole: 'CALLER' } });
  });
});

describe('a call in the place of another', () => {
  let world: World;
  beforeEach(() => {
    world = new World();
  });
  afterEach(() => world.stop());

  it.each(['CONNECTING', 'ACTIVE', 'RECONNECTING'] as const)(
    'ends a call that is %s, and rings its other device only',
    async (state) => {
      const { callId } = await world.callUpTo(state);
      const [alice, bob, laptop] = [await world.listen(ALICE), await world.listen(BOB), await world.listen(BOB_LAPTOP)];
      const started = await world.calls.startCall(ALICE, startInput('bob', { replacesCallId: callId }));
      await settled();
      expect(started).toMatchObject({ outcome: 'CREATED', call: { replacesCallId: callId, state: 'INITIATED' } });
      expect(await world.calls.call(BOB, callId)).toMatchObject({ endReason: 'REPLACED', endedBy: 'CALLER' });
      expect(alice.said).toContain('ENDED REPLACED');
      expect(bob.said.slice(-2).sort()).toEqual(['ENDED REPLACED', 'invited']);
      expect(laptop.said).not.toContain('invited');
    },
  );

  it('may be started by the device that answered', async () => {
    const { callId } = await world.callUpTo('ACTIVE');
    const alice = await world.listen(ALICE);
    const { call } = await world.calls.startCall(BOB, startInput('alice', { replacesCallId: callId }));
    await settled();
    expect(alice.said).toEqual(expect.arrayContaining(['invited', 'ENDED REPLACED']));
    expect(await world.calls.call(ALICE, callId)).toMatchObject({ endReason: 'REPLACED', endedBy: 'CALLEE' });
    expect(call.viewerRole).toBe('CALLER');
  });

  it.each([
    ['rings still', 'RINGING', ALICE, 'bob', 'CALL_STATE_CONFLICT'],
    ['is over', 'ENDED', ALICE, 'bob', 'CALL_ENDED'],
    ['another device of the account answered', 'ACTIVE', BOB_LAPTOP, 'alice', 'CALL_ANSWERED_ELSEWHERE'],
    ['another device of the account started', 'ACTIVE', ALICE_TABLET, 'bob', 'CALL_STATE_CONFLICT'],
    ['is of other accounts', 'ACTIVE', CAROL, 'bob', 'CALL_NOT_FOUND'],
    ['is with another account', 'ACTIVE', ALICE, 'carol', 'CALL_NOT_FOUND'],
  ] as const)('is refused for a call that %s', async (_, state, viewer, callee, code) => {
    const { callId } = await world.callUpTo(state);
    const replacing = world.calls.startCall(viewer, startInput(callee, { replacesCallId: callId }));
    await expect(replacing).rejects.toMatchObject({ code });
  });

  it('needs no place of its own among the open calls', async () => {
    const { callId } = await world.callUpTo('ACTIVE');
    for (const callee of ['carol', 'dave', 'erin']) await world.calls.startCall(ALICE, startInput(callee));
    await expect(world.calls.startCall(ALICE, startInput('bob', { replacesCallId: callId }))).resolves.toMatchObject({
      outcome: 'CREATED',
    });
    await expect(world.calls.startCall(ALICE, startInput('frank'))).rejects.toMatchObject({
      code: 'CALL_RATE_LIMITED',
    });
  });
});
