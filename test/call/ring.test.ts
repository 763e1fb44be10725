import { afterEach, beforeEach, describe, it, expect } from '@jest/globals';
import { settled } from '../support/clock.js';
import { ALICE, ALICE_TABLET, ANSWER, BOB, BOB_LAPTOP, CAROL, World, candidate, device } from './world.js';
import type { Listener } from './world.js';

describe('ringing', () => {
  let world: World;
  let alice: Listener;
  let bob: Listener;
  let laptop: Listener;
  beforeEach(async () => {
    world = new World();
    [alice, bob, laptop] = [await world.listen(ALICE), await world.listen(BOB), await world.listen(BOB_LAPTOP)];
  });
  afterEach(() => world.stop());

  const answerWith = async (callId: string, offerId: string, viewer = BOB, answerSdp = ANSWER): Promise<unknown> =>
    world.calls.answerCall(viewer, { callId, offerId, answerSdp });

  it('is told once, however many devices report it', async () => {
    const { callId } = await world.callUpTo('RINGING');
    const first = await world.calls.reportRinging(BOB, callId);
    world.clock.jump(1_000);
    expect(await world.calls.reportRinging(BOB_LAPTOP, callId)).toMatchObject({ ringingAt: first.ringingAt });
    await settled();
    expect(alice.said.filter((said) => said === 'RINGING')).toHaveLength(1);
  });

  it('ends with the answer: caller told first of the state, then the answer, then the candidates; the rest lost it', async () => {
    const { callId, offerId } = await world.callUpTo('RINGING');
    const sent = { callId, endOfCandidates: false };
    await world.calls.sendIceCandidates(BOB_LAPTOP, { ...sent, clientSeq: 1, candidates: [candidate(9)] });
    await world.calls.sendIceCandidates(BOB, { ...sent, clientSeq: 1, candidates: [candidate(1), candidate(2)] });
    await world.calls.sendIceCandidates(BOB, { ...sent, clientSeq: 2, candidates: [candidate(3)] });
    await settled();
    expect(alice.said.slice(1)).toEqual(['RINGING']);
    await answerWith(callId, offerId);
    await settled();
    expect(alice.said.slice(2)).toEqual(['CONNECTING', 'answer', 'candidates 1,2', 'candidates 3']);
    expect(laptop.said.at(-1)).toBe('ENDED ANSWERED_ELSEWHERE');
    expect(bob.said.at(-1)).toBe('CONNECTING');
    expect(alice.events.find((event) => event.type === 'DescriptionReceived')).toMatchObject({
      from: 'CALLEE',
      polite: false,
      collision: false,
      description: { type: 'ANSWER', sdp: ANSWER, inReplyTo: offerId },
    });
  });

  it('has one winner of ten devices that answer at once', async () => {
    const ids = Array.from({ length: 10 }, (_, n) => `device-${n}`);
    world.devices = { bob: ids };
    const { callId, offerId } = await world.callUpTo('INITIATED');
    const all = await Promise.allSettled(ids.map((id) => answerWith(callId, offerId, device('bob', id))));
    const codes = all.map((result) => (result.status === 'fulfilled' ? 'won' : result.reason.code));
    expect(codes.sort()).toEqual([...Array<string>(9).fill('CALL_ANSWERED_ELSEWHERE'), 'won']);
  });

  it('shows a device that lost its own truth, while the call is active for the others', async () => {
    const { callId } = await world.callUpTo('ACTIVE');
    const answeredAt = world.clock.now() - 1_000;
    expect(await world.calls.call(BOB_LAPTOP, callId)).toMatchObject({
      state: 'ENDED',
      endReason: 'ANSWERED_ELSEWHERE',
      endedAt: answeredAt,
      answeredAt,
      connectedAt: null,
      remainingMs: null,
      callee: { accountId: 'bob', deviceId: 'phone' },
    });
    expect(await world.calls.call(BOB, callId)).toMatchObject({ state: 'ACTIVE', connectedAt: answeredAt + 1_000 });
    expect(await world.calls.openCalls(BOB_LAPTOP)).toEqual([]);
    await world.calls.hangUpCall(BOB, callId, 'HUNG_UP');
    expect(await world.calls.call(BOB_LAPTOP, callId)).toMatchObject({
      endReason: 'ANSWERED_ELSEWHERE',
      endedAt: answeredAt,
    });
  });

  it('keeps the devices of each account from the other', async () => {
    const { callId } = await world.callUpTo('ACTIVE');
    expect(await world.calls.call(ALICE, callId)).toMatchObject({
      caller: { deviceId: 'phone' },
      callee: { deviceId: null },
    });
    expect(await world.calls.call(BOB, callId)).toMatchObject({
      caller: { deviceId: null },
      callee: { deviceId: 'phone' },
    });
  });

  it('takes the same answer again, and no other one', async () => {
    const { callId, offerId } = await world.callUpTo('CONNECTING');
    await expect(answerWith(callId, offerId)).resolves.toMatchObject({ state: 'CONNECTING' });
    await expect(answerWith(callId, offerId, BOB, `${ANSWER}other`)).rejects.toMatchObject({
      code: 'CALL_STATE_CONFLICT',
      details: { call: { id: callId, state: 'CONNECTING' } },
    });
    await settled();
    expect(alice.said.filter((said) => said === 'answer')).toHaveLength(1);
  });

  it('is not answered with another offer in mind', async () => {
    const { callId } = await world.callUpTo('RINGING');
    await expect(answerWith(callId, 'another-offer')).rejects.toMatchObject({ code: 'CALL_SIGNAL_STALE' });
    expect(await world.calls.call(ALICE, callId)).toMatchObject({ state: 'RINGING' });
  });

  it('stops everywhere when one device declines for the account', async () => {
    const { callId } = await world.callUpTo('RINGING');
    await world.calls.declineCall(BOB, callId, 'DECLINED');
    await settled();
    expect([alice, bob, laptop].map(({ said }) => said.at(-1))).toEqual([
      'ENDED DECLINED',
      'ENDED DECLINED',
      'ENDED DECLINED_ELSEWHERE',
    ]);
    expect(await world.calls.call(BOB_LAPTOP, callId)).toMatchObject({
      endReason: 'DECLINED_ELSEWHERE',
      endedBy: 'CALLEE',
    });
    expect(await world.calls.call(ALICE, callId)).toMatchObject({ endReason: 'DECLINED', endedBy: 'CALLEE' });
    expect(await world.calls.declineCall(BOB, callId, 'DECLINED')).toMatchObject({ endReason: 'DECLINED' });
    await expect(world.calls.declineCall(BOB_LAPTOP, callId, 'DECLINED')).rejects.toMatchObject({ code: 'CALL_ENDED' });
  });

  it('goes on elsewhere when a device is busy, which for itself has ended', async () => {
    const { callId } = await world.callUpTo('RINGING');
    const busy = await world.calls.declineCall(BOB, callId, 'BUSY');
    expect(busy).toMatchObject({ state: 'ENDED', endReason: 'BUSY', endedAt: world.clock.now() });
    await settled();
    expect([alice, bob, laptop].map(({ said }) => said.at(-1))).toEqual(['RINGING', 'ENDED BUSY', 'RINGING']);
    await world.calls.hangUpCall(ALICE, callId, 'HUNG_UP');
    await settled();
    expect(await world.calls.call(BOB, callId)).toMatchObject({ endReason: 'BUSY' });
    expect(bob.said.at(-1)).toBe('ENDED BUSY');
    expect(laptop.said.at(-1)).toBe('ENDED CANCELLED');
  });

  it('goes on where a device ignores it, and lets that one answer still, or a busy one', async () => {
    const { callId, offerId } = await world.callUpTo('RINGING');
    expect(await world.calls.declineCall(BOB, callId, 'IGNORED')).toMatchObject({ state: 'RINGING', endReason: null });
    await world.calls.declineCall(BOB, callId, 'BUSY');
    expect(await world.calls.declineCall(BOB, callId, 'IGNORED')).toMatchObject({ endReason: 'BUSY' });
    await expect(answerWith(callId, offerId)).resolves.toMatchObject({ state: 'CONNECTING', endReason: null });
  });

  it('is cancelled by the caller', async () => {
    const { callId } = await world.callUpTo('RINGING');
    await world.calls.hangUpCall(ALICE, callId, 'HUNG_UP');
    await settled();
    expect([alice, bob, laptop].map(({ said }) => said.at(-1))).toEqual(Array(3).fill('ENDED CANCELLED'));
  });

  it('is completed, for both, when the answer was faster than the cancel', async () => {
    const { callId, offerId } = await world.callUpTo('RINGING');
    await answerWith(callId, offerId);
    await world.calls.hangUpCall(ALICE, callId, 'HUNG_UP');
    const reasons = await Promise.all([ALICE, BOB].map((viewer) => world.calls.call(viewer, callId)));
    expect(reasons.map((call) => call?.endReason)).toEqual(['COMPLETED', 'COMPLETED']);
  });

  it('is not touched by a hang-up of a leg or of another device of the caller', async () => {
    const { callId } = await world.callUpTo('RINGING');
    for (const viewer of [BOB, ALICE_TABLET])
      expect(await world.calls.hangUpCall(viewer, callId, 'HUNG_UP')).toMatchObject({ state: 'RINGING' });
  });

  it('tells nobody else: not there and not theirs are the same', async () => {
    const { callId, offerId } = await world.callUpTo('RINGING');
    const missing = callId.slice(0, -4) + 'zzzz';
    for (const id of [callId, missing, 'none']) {
      expect(await world.calls.call(CAROL, id)).toBeNull();
      for (const act of [
        world.calls.reportRinging(CAROL, id),
        answerWith(id, offerId, CAROL),
        world.calls.declineCall(CAROL, id, 'DECLINED'),
        world.calls.hangUpCall(CAROL, id, 'HUNG_UP'),
        world.calls.reportConnection(CAROL, id, 'CONNECTED'),
        world.calls.sendIceCandidates(CAROL, { callId: id, clientSeq: 1, candidates: [], endOfCandidates: true }),
      ])
        await expect(act).rejects.toMatchObject({ code: 'CALL_NOT_FOUND', details: {}, message: 'No such call.' });
    }
  });
});
