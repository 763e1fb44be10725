import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { bytesOf } from '../../src/call/room.js';
import { LIMITS } from '../../src/limits.js';
import { settled } from '../support/clock.js';
import { flood, heavy } from './flood.js';
import { ALICE, ANSWER, BOB, candidate, device, OFFER, startInput, World } from './world.js';

const MIB = 1024 * 1024;

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.stop());

const stored = async (callId: string): Promise<number> => {
  const log = await world.store.log(callId, 0, 1_000_000);
  return log.reduce((sum, entry) => sum + Buffer.byteLength(JSON.stringify(entry)), 0);
};

describe('the log of a call', () => {
  it('stays within 2 MiB a side while both send all that the limits allow, and a device that reads along gets all of it', async () => {
    const { callId } = await world.callUpTo('ACTIVE');
    const [alice, bob] = [await world.listen(ALICE), await world.listen(BOB)];
    let most = 0;
    const sent = await flood(world.calls, callId, 60, async () => {
      await settled();
      most = Math.max(most, await stored(callId));
    });
    expect(sent.bytes).toBeGreaterThan(40 * MIB);
    expect(most).toBeGreaterThan(2 * MIB);
    expect(most).toBeLessThan(2 * LIMITS.logBytesPerSide + MIB / 4);
    expect([alice.done, bob.done]).toEqual([false, false]);
    const candidates = (said: readonly string[]): number => said.filter((word) => word.startsWith('candidates')).length;
    expect(candidates(bob.said)).toBe(sent.batches / 2);
    expect(candidates(alice.said)).toBe(sent.batches / 2);
    expect(bob.said.filter((word) => word.startsWith('offer'))).toHaveLength(2 * 60);
  });

  it('counts as held what it holds, and its call grows no more than its log', async () => {
    const { callId } = await world.callUpTo('ACTIVE');
    await flood(world.calls, callId, 40);
    const call = (await world.store.read(callId)).stored?.call;
    if (!call) throw new TypeError('the call is gone');
    const states = (await world.store.log(callId, 0, 1_000_000)).filter(({ told }) => told.kind === 'STATE');
    const ofStates = states.reduce((sum, entry) => sum + Buffer.byteLength(JSON.stringify(entry)), 0);
    expect(bytesOf(call, 'CALLER') + bytesOf(call, 'CALLEE') + ofStates).toBe(await stored(callId));
    expect(Buffer.byteLength(JSON.stringify(call))).toBeLessThan(MIB / 4);
  });

  it('refuses what is current beyond the limit, by name, and takes it once an exchange has made room', async () => {
    const { callId } = await world.callUpTo('ACTIVE');
    // Control characters take six bytes each as they are kept: within the limits of each line, and over that of all of them.
    const escaped = Array.from({ length: 50 }, (_, n) => ({ ...candidate(n), candidate: '\u0001'.repeat(2_048) }));
    const send = async (clientSeq: number, candidates = escaped): Promise<unknown> =>
      world.calls.sendIceCandidates(ALICE, { callId, clientSeq, candidates, endOfCandidates: false });
    for (let clientSeq = 1; clientSeq <= 3; clientSeq++) await send(clientSeq);
    await expect(send(4)).rejects.toMatchObject({
      code: 'CALL_INPUT_INVALID',
      message: 'candidates: at most 2097152 bytes of current descriptions and candidates of one side.',
    });
    expect(await world.calls.call(ALICE, callId)).toMatchObject({ nextClientSeq: 4 });
    const offer = { callId, clientSeq: 4, type: 'OFFER', sdp: OFFER, inReplyTo: null } as const;
    const { descriptionId } = await world.calls.sendDescription(ALICE, offer);
    await expect(send(5)).rejects.toMatchObject({ code: 'CALL_INPUT_INVALID' });
    const answer = { callId, clientSeq: 1, type: 'ANSWER', sdp: ANSWER, inReplyTo: descriptionId } as const;
    await world.calls.sendDescription(BOB, answer);
    await expect(send(5)).resolves.toMatchObject({ duplicate: false });
  });

  it('keeps a bounded number of changes of state', async () => {
    const { callId } = await world.callUpTo('ACTIVE');
    for (let n = 0; n < 500; n++)
      await world.calls.reportConnection(ALICE, callId, n % 2 ? 'CONNECTED' : 'DISCONNECTED');
    const log = await world.store.log(callId, 0, 10_000);
    expect(log.length).toBeLessThan(LIMITS.liveEventsWaiting + 80);
    expect(log.at(-1)).toMatchObject({ told: { state: 'ACTIVE' } });
  });

  it('tells the end of candidates however often it is sent a bounded number of times', async () => {
    const { callId } = await world.callUpTo('ACTIVE');
    for (let clientSeq = 1; clientSeq <= 500; clientSeq++)
      await world.calls.sendIceCandidates(ALICE, { callId, clientSeq, candidates: [], endOfCandidates: true });
    expect((await world.store.log(callId, 0, 10_000)).length).toBeLessThan(220);
    expect(await world.calls.call(ALICE, callId)).toMatchObject({ nextClientSeq: 501 });
  });
});

describe('a device that comes back after entries were dropped', () => {
  it('starts over with what is current, and only then', async () => {
    const { callId } = await world.callUpTo('ACTIVE');
    const cursor = await (await world.listen(BOB)).leave();
    await flood(world.calls, callId, 1);
    const early = await world.listen(BOB, cursor);
    const later = await early.leave();
    expect(early.said[0]).toBe('ready resumed=true open=1');
    await flood(world.calls, callId, 30);
    const back = await world.listen(BOB, later);
    await settled();
    expect(back.said[0]).toBe('ready resumed=false open=1');
    expect(back.done).toBe(false);
    // The offer of the last completed exchange, and the one that is pending: nothing void, nothing past.
    const pending = (await world.calls.call(BOB, callId))?.pendingOffer?.id;
    const offers = back.events.flatMap((event) => (event.type === 'DescriptionReceived' ? [event.description.id] : []));
    expect(offers).toContain(pending);
    expect(new Set(offers).size).toBe(2);
    const again = await world.listen(BOB, await back.leave());
    await settled();
    expect(again.said).toEqual(['ready resumed=true open=1']);
  });

  it('is not made to start over by what was never for it', async () => {
    const alice = await world.listen(ALICE);
    const { callId, offerId } = await world.callUpTo('RINGING');
    const loser = await world.listen(device('bob', 'laptop'));
    await world.calls.sendIceCandidates(BOB, {
      callId,
      clientSeq: 1,
      candidates: [candidate(1)],
      endOfCandidates: true,
    });
    const cursor = await alice.leave();
    await world.calls.answerCall(BOB, { callId, offerId, answerSdp: ANSWER });
    const lost = await loser.leave();
    await flood(world.calls, callId, 20, undefined, { BOB: 2, ALICE: 1 });
    const [back, other] = [await world.listen(ALICE, cursor), await world.listen(device('bob', 'laptop'), lost)];
    await settled();
    expect(other.said[0]).toBe('ready resumed=true open=0');
    expect(back.said[0]).toBe('ready resumed=false open=1');
    const soon = await world.listen(ALICE, await back.leave());
    await settled();
    expect(soon.said[0]).toBe('ready resumed=true open=1');
  });

  it('has the kept back candidates only as they were told anew', async () => {
    const alice = await world.listen(ALICE);
    const { callId, offerId } = await world.callUpTo('RINGING');
    await world.calls.sendIceCandidates(BOB, {
      callId,
      clientSeq: 1,
      candidates: [candidate(7)],
      endOfCandidates: true,
    });
    const cursor = await alice.leave();
    await world.calls.answerCall(BOB, { callId, offerId, answerSdp: ANSWER });
    const back = await world.listen(ALICE, cursor);
    await settled();
    expect(back.said).toEqual(['ready resumed=true open=1', 'CONNECTING', 'answer', 'candidates 7']);
    const told = (await world.store.log(callId, 0, 100)).filter(({ told: { kind } }) => kind === 'CANDIDATES');
    expect(told).toHaveLength(1);
  });
});

describe('all calls of an account together', () => {
  it('have 16 MiB, which an ended call gives back, and nobody else has to bear', async () => {
    // Calls that others started: Bob has more than one account may start.
    const callers = Array.from({ length: 9 }, (_, n) => device(`caller-${n}`, 'phone'));
    const callIds: string[] = [];
    for (const caller of callers) {
      const { call, offerId } = await world.calls.startCall(caller, startInput('bob'));
      await world.calls.answerCall(BOB, { callId: call.id, offerId, answerSdp: ANSWER });
      callIds.push(call.id);
    }
    const fill = async (callId: string): Promise<number> => {
      for (let clientSeq = 1; clientSeq <= 4; clientSeq++) await heavy(world.calls, BOB, callId, clientSeq, true);
      return (await world.store.read(callId)).stored?.call.legs.length ?? 0;
    };
    for (const callId of callIds.slice(0, 8)) await fill(callId);
    const last = callIds[8] ?? '';
    await expect(fill(last)).rejects.toMatchObject({
      code: 'CALL_INPUT_INVALID',
      message: 'candidates: at most 16777216 bytes in all calls of an account.',
    });
    const caller = callers[8] ?? ALICE;
    await expect(heavy(world.calls, caller, last, 1, true)).resolves.toMatchObject({ duplicate: false });
    const { nextClientSeq = 0 } = (await world.calls.call(BOB, last)) ?? {};
    await world.calls.hangUpCall(BOB, callIds[0] ?? '', 'HUNG_UP');
    await expect(heavy(world.calls, BOB, last, nextClientSeq, true)).rejects.toMatchObject({
      code: 'CALL_INPUT_INVALID',
    });
    for (let passed = 0; passed < 61_000; passed += 1_000) {
      world.clock.jump(1_000);
      for (const callId of callIds.slice(1)) await world.calls.reportConnection(BOB, callId, 'CONNECTED');
      await world.calls.sweep();
    }
    await expect(heavy(world.calls, BOB, last, nextClientSeq, true)).resolves.toMatchObject({ duplicate: false });
  });

  it('count no more what is superseded, once room is needed', async () => {
    const callers = Array.from({ length: 10 }, (_, n) => device(`caller-${n}`, 'phone'));
    for (const caller of callers) {
      const { call, offerId } = await world.calls.startCall(caller, startInput('bob'));
      await world.calls.answerCall(BOB, { callId: call.id, offerId, answerSdp: ANSWER });
      let clientSeq = 1;
      for (let n = 0; n < 6; n++) {
        const offer = { callId: call.id, clientSeq: clientSeq++, type: 'OFFER', sdp: OFFER, inReplyTo: null } as const;
        await world.calls.sendDescription(BOB, offer);
        for (let batch = 0; batch < 4; batch++) await heavy(world.calls, BOB, call.id, clientSeq++);
      }
      expect(await world.calls.call(BOB, call.id)).toMatchObject({ nextClientSeq: 31 });
    }
  });
});

describe('more candidates than one description may have', () => {
  const batch = async (callId: string, clientSeq: number, size: number, endOfCandidates = false): Promise<unknown> =>
    world.calls.sendIceCandidates(ALICE, {
      callId,
      clientSeq,
      candidates: Array.from({ length: size }, (_, n) => candidate(n)),
      endOfCandidates,
    });

  it('are refused as a whole, by a message that says what still goes, and the number stays free', async () => {
    const { callId } = await world.callUpTo('ACTIVE');
    const bob = await world.listen(BOB);
    for (let clientSeq = 1; clientSeq <= 3; clientSeq++) await batch(callId, clientSeq, 50);
    await batch(callId, 4, 45);
    await expect(batch(callId, 5, 16, true)).rejects.toMatchObject({
      code: 'CALL_INPUT_INVALID',
      message: 'candidates: at most 200 for one description; the end of candidates is taken beyond them.',
    });
    expect(await world.calls.call(ALICE, callId)).toMatchObject({ nextClientSeq: 5 });
    await batch(callId, 5, 5);
    await batch(callId, 6, 0, true);
    const ends = [{ ...candidate(0), candidate: '' }];
    await world.calls.sendIceCandidates(ALICE, { callId, clientSeq: 7, candidates: ends, endOfCandidates: false });
    await settled();
    expect(bob.events.at(-2)).toMatchObject({ endOfCandidates: true, candidates: [] });
    expect(bob.events.at(-1)).toMatchObject({ candidates: [{ candidate: '' }] });
  });
});
