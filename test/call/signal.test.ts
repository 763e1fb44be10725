import { afterEach, beforeEach, describe, it, expect } from '@jest/globals';
import type { IceCandidate } from '../../src/call/call.js';
import type { SignalReceipt } from '../../src/call/signal.js';
import type { Viewer } from '../../src/identity/viewer.js';
import { settled } from '../support/clock.js';
import { ALICE, ANSWER, BOB, BOB_LAPTOP, OFFER, World, candidate, device } from './world.js';

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.stop());

type Sdp = { readonly type: 'OFFER' | 'ANSWER' | 'ROLLBACK'; readonly inReplyTo?: string; readonly sdp?: string };

async function describeTo(
  callId: string,
  viewer: Viewer,
  clientSeq: number,
  { type, inReplyTo, sdp }: Sdp,
): Promise<SignalReceipt> {
  const body = sdp ?? (type === 'ROLLBACK' ? '' : type === 'OFFER' ? OFFER : ANSWER);
  return world.calls.sendDescription(viewer, { callId, clientSeq, type, sdp: body, inReplyTo: inReplyTo ?? null });
}

async function trickle(
  callId: string,
  viewer: Viewer,
  clientSeq: number,
  ...n: readonly number[]
): Promise<SignalReceipt> {
  const candidates: readonly IceCandidate[] = n.map(candidate);
  return world.calls.sendIceCandidates(viewer, { callId, clientSeq, candidates, endOfCandidates: n.length === 0 });
}

describe('negotiating again', () => {
  it('takes an offer to the other party, which has to answer it, and the answer back', async () => {
    const { callId } = await world.callUpTo('ACTIVE');
    const [alice, bob] = [await world.listen(ALICE), await world.listen(BOB)];
    const { descriptionId } = await describeTo(callId, BOB, 1, { type: 'OFFER' });
    expect(await world.calls.call(ALICE, callId)).toMatchObject({ pendingOffer: { id: descriptionId, type: 'OFFER' } });
    expect(await world.calls.call(BOB, callId)).toMatchObject({ pendingOffer: null, nextClientSeq: 2 });
    await describeTo(callId, ALICE, 1, { type: 'ANSWER', inReplyTo: descriptionId ?? '' });
    await settled();
    expect(await world.calls.call(ALICE, callId)).toMatchObject({ pendingOffer: null });
    expect(alice.said.at(-1)).toBe('offer');
    expect(bob.said.at(-1)).toBe('answer');
    expect(bob.events.at(-1)).toMatchObject({
      from: 'CALLER',
      polite: true,
      description: { inReplyTo: descriptionId },
    });
  });

  it('lets the offer of the caller win when both offer, the callee first', async () => {
    const { callId } = await world.callUpTo('ACTIVE');
    const [alice, bob] = [await world.listen(ALICE), await world.listen(BOB)];
    const theirs = await describeTo(callId, BOB, 1, { type: 'OFFER' });
    const ours = await describeTo(callId, ALICE, 1, { type: 'OFFER' });
    await settled();
    expect(bob.said.at(-1)).toBe('offer collision');
    const late = describeTo(callId, ALICE, 2, { type: 'ANSWER', inReplyTo: theirs.descriptionId ?? '' });
    await expect(late).rejects.toMatchObject({ code: 'CALL_SIGNAL_STALE' });
    await describeTo(callId, BOB, 2, { type: 'ANSWER', inReplyTo: ours.descriptionId ?? '' });
    await describeTo(callId, BOB, 3, { type: 'OFFER' });
    await settled();
    expect(alice.said.slice(-2)).toEqual(['answer', 'offer']);
  });

  it('lets the offer of the caller win when both offer, the caller first', async () => {
    const { callId } = await world.callUpTo('ACTIVE');
    const [alice, bob] = [await world.listen(ALICE), await world.listen(BOB)];
    const ours = await describeTo(callId, ALICE, 1, { type: 'OFFER' });
    await describeTo(callId, BOB, 1, { type: 'OFFER' });
    await settled();
    expect(alice.said.slice(-1)).not.toContain('offer');
    expect(bob.events.at(-1)).toMatchObject({ collision: true, description: { id: ours.descriptionId } });
    expect(await world.calls.call(BOB, callId)).toMatchObject({ pendingOffer: { id: ours.descriptionId } });
  });

  it('takes back one own offer, and nothing else', async () => {
    const { callId } = await world.callUpTo('ACTIVE');
    const bob = await world.listen(BOB);
    const { descriptionId } = await describeTo(callId, ALICE, 1, { type: 'OFFER' });
    await expect(describeTo(callId, BOB, 1, { type: 'ROLLBACK' })).rejects.toMatchObject({ code: 'CALL_SIGNAL_STALE' });
    await describeTo(callId, ALICE, 2, { type: 'ROLLBACK' });
    await settled();
    expect(bob.events.at(-1)).toMatchObject({ description: { type: 'ROLLBACK', sdp: '', inReplyTo: descriptionId } });
    const late = describeTo(callId, BOB, 2, { type: 'ANSWER', inReplyTo: descriptionId ?? '' });
    await expect(late).rejects.toMatchObject({ code: 'CALL_SIGNAL_STALE' });
    await expect(describeTo(callId, ALICE, 3, { type: 'ROLLBACK' })).rejects.toMatchObject({
      code: 'CALL_SIGNAL_STALE',
    });
  });

  it('is not answered by the side that offered', async () => {
    const { callId } = await world.callUpTo('ACTIVE');
    const { descriptionId } = await describeTo(callId, ALICE, 1, { type: 'OFFER' });
    const own = describeTo(callId, ALICE, 2, { type: 'ANSWER', inReplyTo: descriptionId ?? '' });
    await expect(own).rejects.toMatchObject({ code: 'CALL_SIGNAL_STALE' });
  });
});

describe('candidates', () => {
  it('of the caller reach every leg, and one that opens later gets them all', async () => {
    world.devices = null;
    const bob = await world.listen(BOB);
    const { callId } = await world.callUpTo('INITIATED');
    await trickle(callId, ALICE, 1, 1, 2);
    const laptop = await world.listen(BOB_LAPTOP);
    await trickle(callId, ALICE, 2);
    await settled();
    expect(bob.said.slice(1)).toEqual(['invited', 'candidates 1,2', 'candidates ']);
    expect(laptop.said.slice(1)).toEqual(['invited', 'candidates 1,2', 'candidates ']);
    expect(laptop.events.at(-1)).toMatchObject({ endOfCandidates: true, from: 'CALLER' });
  });

  it('are 200 for a description: one more is refused by name and spends no number, and the end is taken always', async () => {
    const { callId } = await world.callUpTo('ACTIVE');
    const bob = await world.listen(BOB);
    const batch = (first: number): readonly number[] => Array.from({ length: 50 }, (_, n) => first + n);
    for (let n = 1; n <= 4; n += 1) await trickle(callId, ALICE, n, ...batch(50 * n));
    await expect(trickle(callId, ALICE, 5, 1)).rejects.toMatchObject({ code: 'CALL_INPUT_INVALID' });
    await expect(trickle(callId, ALICE, 5, 1)).rejects.toThrow(/candidates.*200/);
    const last: IceCandidate[] = [candidate(2)];
    const both = { callId, clientSeq: 5, candidates: last, endOfCandidates: true };
    await expect(world.calls.sendIceCandidates(ALICE, both)).rejects.toMatchObject({ code: 'CALL_INPUT_INVALID' });
    expect(await trickle(callId, ALICE, 5)).toMatchObject({ clientSeq: 5, duplicate: false });
    await settled();
    const given = bob.events.filter((event) => 'candidates' in event) as unknown as { candidates: unknown[] }[];
    expect(given.flatMap(({ candidates }) => candidates)).toHaveLength(200);
    expect(bob.events.at(-1)).toMatchObject({ endOfCandidates: true, from: 'CALLER' });
    // The next description has as many of its own.
    await describeTo(callId, ALICE, 6, { type: 'OFFER', sdp: OFFER.replaceAll('ufrag:', 'ufrag:2') });
    await trickle(callId, ALICE, 7, 3);
  });

  it('of a leg that loses are never seen', async () => {
    const alice = await world.listen(ALICE);
    const { callId, offerId } = await world.callUpTo('RINGING');
    await trickle(callId, BOB_LAPTOP, 1, 9);
    await world.calls.answerCall(BOB, { callId, offerId, answerSdp: ANSWER });
    expect(await trickle(callId, BOB_LAPTOP, 2, 8)).toEqual({ clientSeq: 2, duplicate: false, descriptionId: null });
    await trickle(callId, BOB, 1, 1);
    await settled();
    expect(alice.said.filter((said) => said.startsWith('candidates'))).toEqual(['candidates 1']);
  });

  it('go between the parties only, once answered', async () => {
    const { callId } = await world.callUpTo('CONNECTING');
    const [bob, laptop] = [await world.listen(BOB), await world.listen(BOB_LAPTOP)];
    await trickle(callId, ALICE, 1, 5);
    await settled();
    expect(bob.said.at(-1)).toBe('candidates 5');
    expect(laptop.said).toHaveLength(1);
  });

  it('are at most 200 for one description', async () => {
    const { callId } = await world.callUpTo('CONNECTING');
    const fifty = Array.from({ length: 50 }, (_, n) => n);
    for (let seq = 1; seq <= 4; seq++) await trickle(callId, ALICE, seq, ...fifty);
    await expect(trickle(callId, ALICE, 5, 1)).rejects.toMatchObject({ code: 'CALL_INPUT_INVALID' });
    await describeTo(callId, ALICE, 5, { type: 'OFFER' });
    await expect(trickle(callId, ALICE, 6, ...fifty)).resolves.toMatchObject({ duplicate: false });
  });
});

describe('numbered signals', () => {
  it('are taken once: the same again is a duplicate, something else a conflict', async () => {
    const { callId } = await world.callUpTo('ACTIVE');
    const bob = await world.listen(BOB);
    const first = await describeTo(callId, ALICE, 1, { type: 'OFFER' });
    expect(await describeTo(callId, ALICE, 1, { type: 'OFFER' })).toEqual({ ...first, duplicate: true });
    await trickle(callId, ALICE, 2, 1);
    expect(await trickle(callId, ALICE, 2, 1)).toEqual({ clientSeq: 2, duplicate: true, descriptionId: null });
    for (const other of [trickle(callId, ALICE, 2, 2), describeTo(callId, ALICE, 2, { type: 'OFFER' })])
      await expect(other).rejects.toMatchObject({ code: 'CALL_SIGNAL_CONFLICT', details: { expectedClientSeq: 3 } });
    await settled();
    expect(bob.said.slice(-2)).toEqual(['offer', 'candidates 1']);
  });

  it('are put in order when they arrive in another', async () => {
    const { callId } = await world.callUpTo('CONNECTING');
    const bob = await world.listen(BOB);
    const sent = [5, 3, 4, 2, 1].map((seq) => trickle(callId, ALICE, seq, seq));
    await world.clock.advance(500);
    await Promise.all(sent);
    await settled();
    expect(bob.said.slice(-5)).toEqual([1, 2, 3, 4, 5].map((n) => `candidates ${n}`));
  });

  it('wait 2 s for one that is missing, and say then which', async () => {
    const { callId } = await world.callUpTo('CONNECTING');
    let outcome: unknown = 'waits';
    const sent = trickle(callId, ALICE, 3, 3).catch((error: unknown) => (outcome = error));
    await world.clock.advance(1_999);
    expect(outcome).toBe('waits');
    await world.clock.advance(100);
    await sent;
    expect(outcome).toMatchObject({ code: 'CALL_SIGNAL_GAP', details: { expectedClientSeq: 1 }, retryable: true });
  });

  it('use up the number of a stale answer, which its retry hears again', async () => {
    const { callId } = await world.callUpTo('ACTIVE');
    const stale = (): Promise<unknown> => describeTo(callId, BOB, 1, { type: 'ANSWER', inReplyTo: 'gone' });
    await expect(stale()).rejects.toMatchObject({ code: 'CALL_SIGNAL_STALE' });
    await expect(stale()).rejects.toMatchObject({ code: 'CALL_SIGNAL_STALE' });
    expect(await world.calls.call(BOB, callId)).toMatchObject({ nextClientSeq: 2 });
    await expect(trickle(callId, BOB, 2, 1)).resolves.toMatchObject({ duplicate: false });
  });

  it('do not use up the number of any other refusal', async () => {
    const { callId } = await world.callUpTo('RINGING');
    await expect(describeTo(callId, ALICE, 1, { type: 'OFFER' })).rejects.toMatchObject({
      code: 'CALL_STATE_CONFLICT',
    });
    expect(await world.calls.call(ALICE, callId)).toMatchObject({ nextClientSeq: 1 });
  });

  it('are believed when they are too old to be remembered', async () => {
    const { callId } = await world.callUpTo('CONNECTING');
    for (let seq = 1; seq <= 100; seq++) await trickle(callId, ALICE, seq, 1);
    expect(await trickle(callId, ALICE, 1, 1)).toMatchObject({ duplicate: true });
    await expect(trickle(callId, ALICE, 100, 2)).rejects.toMatchObject({ code: 'CALL_SIGNAL_CONFLICT' });
  });

  it('are counted for each device of its own', async () => {
    world.devices = { bob: ['phone', '__proto__', 'constructor'] };
    const { callId } = await world.callUpTo('INITIATED');
    for (const id of ['phone', '__proto__', 'constructor']) {
      expect(await trickle(callId, device('bob', id), 1, 1)).toMatchObject({ duplicate: false });
      expect(await world.calls.call(device('bob', id), callId)).toMatchObject({ nextClientSeq: 2 });
    }
  });

  it.each([
    ['the caller', ALICE],
    ['the winner', BOB],
    ['a device that lost', BOB_LAPTOP],
  ])('are acknowledged and discarded after the end, from %s', async (_, viewer) => {
    const { callId } = await world.callUpTo('ENDED');
    const before = await world.store.log(callId, 0, 100);
    expect(await trickle(callId, viewer, 7, 1)).toMatchObject({ clientSeq: 7, duplicate: false });
    expect(await describeTo(callId, viewer, 9, { type: 'OFFER' })).toMatchObject({ clientSeq: 9, descriptionId: null });
    expect(await world.store.log(callId, 0, 100)).toEqual(before);
  });
});
