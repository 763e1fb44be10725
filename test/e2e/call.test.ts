/** Whole calls over real sockets, by the reference graphql-ws client. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { candidateLine, Refused, sdp, type TestDevice } from '../support/device.js';
import { startCallWorld, type CallWorld } from '../support/call-world.js';

let world: CallWorld;
let people = 0;
beforeAll(async () => {
  world = await startCallWorld();
});
afterAll(() => world.close());

/** Two accounts that nobody else uses, each with one listening device. */
async function pair(): Promise<{ a: string; b: string; caller: TestDevice; callee: TestDevice }> {
  people += 1;
  const [a, b] = [`a${people}`, `b${people}`];
  const [caller, callee] = [world.device(`${a}/phone`), world.device(`${b}/phone`)];
  await Promise.all([caller.listen(), callee.listen()]);
  return { a, b, caller, callee };
}

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: unknown) => (error instanceof Refused ? error.code : String(error)),
  );

describe('a call', () => {
  it('is offered, rings, is answered, connects and ends, each told to the other side in order', async () => {
    const { a, b, caller, callee } = await pair();
    const started = await caller.start(b, { media: 'VIDEO', attachment: 'opaque' });
    expect(started).toMatchObject({ outcome: 'CREATED', call: { state: 'INITIATED', viewerRole: 'CALLER' } });
    const callId = started.call.id;
    await caller.candidates(callId, [candidateLine(1), candidateLine(2)]);

    const invited = await callee.next('CallInvited');
    expect(invited).toMatchObject({
      offer: { id: started.offerId, type: 'OFFER', sdp: sdp('offer') },
      call: {
        id: callId,
        media: 'VIDEO',
        attachment: 'opaque',
        viewerRole: 'CALLEE',
        caller: { account: { id: a }, device: null },
      },
    });
    expect((await callee.next('IceCandidatesReceived')).candidates).toHaveLength(2);
    await callee.ring(callId);
    await caller.state('RINGING');
    await callee.candidates(callId, [candidateLine(3)]);
    await callee.answer(callId, started.offerId);
    await callee.candidates(callId, [candidateLine(4)], undefined, true);

    await caller.state('CONNECTING');
    expect(await caller.next('DescriptionReceived')).toMatchObject({
      from: 'CALLEE',
      polite: false,
      collision: false,
      description: { type: 'ANSWER', sdp: sdp('answer'), inReplyTo: started.offerId },
    });
    await caller.next('IceCandidatesReceived', (event) => event.endOfCandidates);
    expect(caller.received(callId)).toEqual([candidateLine(3), candidateLine(4)]);

    await Promise.all([caller.report(callId), callee.report(callId)]);
    await Promise.all([caller.state('ACTIVE'), callee.state('ACTIVE')]);
    expect(await callee.hangUp(callId)).toMatchObject({ state: 'ENDED', endReason: 'COMPLETED', endedBy: 'CALLEE' });
    expect(await caller.state('ENDED')).toMatchObject({ endReason: 'COMPLETED', call: { endedBy: 'CALLEE' } });
    expect(await caller.openCalls()).toEqual([]);
    expect((await caller.recentCalls())[0]).toMatchObject({ id: callId, endReason: 'COMPLETED' });
  });

  it('rings every device, one wins, and the others are told so', async () => {
    const { b, caller, callee } = await pair();
    const [laptop, tablet] = [world.device(`${b}/laptop`), world.device(`${b}/tablet`)];
    await Promise.all([laptop.listen(), tablet.listen()]);
    const { call, offerId } = await caller.start(b);
    await Promise.all([callee, laptop, tablet].map((device) => device.next('CallInvited')));

    const outcomes = await Promise.all(
      [callee, laptop, tablet].map((device) => codeOf(device.answer(call.id, offerId))),
    );
    expect([...outcomes].sort()).toEqual(['CALL_ANSWERED_ELSEWHERE', 'CALL_ANSWERED_ELSEWHERE', 'done']);
    const losers = [callee, laptop, tablet].filter((_device, index) => outcomes[index] !== 'done');
    for (const loser of losers) {
      expect(await loser.state('ENDED')).toMatchObject({ endReason: 'ANSWERED_ELSEWHERE' });
      expect(await loser.call(call.id)).toMatchObject({ state: 'ENDED', endReason: 'ANSWERED_ELSEWHERE' });
    }
    expect(await caller.call(call.id)).toMatchObject({ state: 'CONNECTING', callee: { device: null } });
    // What the winner sends is for the caller alone.
    const winner = [callee, laptop, tablet].find((_device, index) => outcomes[index] === 'done');
    await winner?.candidates(call.id, [candidateLine(9)]);
    await caller.candidates(call.id, [candidateLine(10)]);
    await caller.next('IceCandidatesReceived');
    await winner?.next('IceCandidatesReceived');
    for (const loser of losers) expect(loser.received(call.id)).toEqual([]);
  });

  it('is one call when both sides call at the same moment', async () => {
    const { a, b, caller, callee } = await pair();
    const [mine, theirs] = await Promise.all([caller.start(b), callee.start(a)]);
    expect(mine.call.id).toBe(theirs.call.id);
    expect([mine.outcome, theirs.outcome].sort()).toEqual(['ADOPTED', 'CREATED']);
    const [adopter, adopted] = mine.outcome === 'ADOPTED' ? [caller, mine] : [callee, theirs];
    expect(adopted.call.pendingOffer?.id).toBe(adopted.offerId);
    expect(await adopter.answer(adopted.call.id, adopted.offerId)).toMatchObject({ state: 'CONNECTING' });
  });

  it('gives 70 candidates that were sent before the callee came, once each and in order', async () => {
    people += 1;
    const [a, b] = [`a${people}`, `b${people}`];
    const caller = world.device(`${a}/phone`);
    await caller.listen();
    const { call } = await caller.start(b);
    const lines = Array.from({ length: 70 }, (_, n) => candidateLine(n));
    // All at once: the numbers, not the arrival, give the order.
    await Promise.all(
      Array.from({ length: 7 }, (_, n) => caller.candidates(call.id, lines.slice(n * 10, n * 10 + 10))),
    );
    const callee = world.device(`${b}/phone`);
    await callee.listen();
    await callee.next('CallInvited');
    await callee.next('IceCandidatesReceived', (event) =>
      event.candidates.some(({ candidate }) => candidate === lines[69]),
    );
    expect(callee.received(call.id)).toEqual(lines);
  });

  it('keeps the addresses of a callee from the caller until it answers', async () => {
    const { b, caller, callee } = await pair();
    const { call } = await caller.start(b);
    await callee.next('CallInvited');
    await callee.candidates(call.id, [candidateLine(1)]);
    await callee.decline(call.id);
    await caller.state('ENDED');
    expect(caller.received(call.id)).toEqual([]);
    expect(JSON.stringify(caller.events)).not.toContain('192.0.2.');
  });

  it('is negotiated anew: an ICE restart, with the offer of the caller winning a collision', async () => {
    const { b, caller, callee } = await pair();
    const { call, offerId } = await caller.start(b);
    await callee.next('CallInvited');
    await callee.answer(call.id, offerId);
    await caller.next('DescriptionReceived');
    const theirs = await callee.describe(call.id, 'OFFER');
    const ours = await caller.describe(call.id, 'OFFER');
    expect(await callee.next('DescriptionReceived')).toMatchObject({
      polite: true,
      collision: true,
      description: { id: ours.descriptionId },
    });
    expect(await codeOf(caller.describe(call.id, 'ANSWER', theirs.descriptionId))).toBe('CALL_SIGNAL_STALE');
    await callee.describe(call.id, 'ANSWER', ours.descriptionId);
    await caller.next('DescriptionReceived', (event) => event.description.type === 'ANSWER');
    const again = await callee.describe(call.id, 'OFFER');
    expect((await caller.next('DescriptionReceived')).description.id).toBe(again.descriptionId);
  });
});

describe('signals that are sent again', () => {
  it('are acknowledged and not repeated; other content under a used number is refused', async () => {
    const { b, caller, callee } = await pair();
    const { call } = await caller.start(b);
    await callee.next('CallInvited');
    expect(await caller.candidates(call.id, [candidateLine(1)], 1)).toEqual({ clientSeq: 1, duplicate: false });
    for (let retry = 0; retry < 20; retry += 1) {
      expect(await caller.candidates(call.id, [candidateLine(1)], 1)).toEqual({ clientSeq: 1, duplicate: true });
    }
    const conflict = await caller
      .candidates(call.id, [candidateLine(2)], 1)
      .catch((error: unknown) => error as Refused);
    expect(conflict).toMatchObject({ code: 'CALL_SIGNAL_CONFLICT', extensions: { expectedClientSeq: 2 } });
    const gap = await caller.candidates(call.id, [candidateLine(3)], 5).catch((error: unknown) => error as Refused);
    expect(gap).toMatchObject({ code: 'CALL_SIGNAL_GAP', extensions: { expectedClientSeq: 2, retryable: true } });
    await caller.candidates(call.id, [candidateLine(4)], 2);
    await callee.next('IceCandidatesReceived', (event) => event.candidates[0]?.candidate === candidateLine(4));
    expect(callee.received(call.id)).toEqual([candidateLine(1), candidateLine(4)]);
  });

  it('a start is one call for ever, whatever is tried again', async () => {
    const { b, caller, callee } = await pair();
    const clientCallId = crypto.randomUUID();
    const starts = await Promise.all(Array.from({ length: 5 }, () => caller.start(b, { clientCallId })));
    expect(new Set(starts.map(({ call }) => call.id)).size).toBe(1);
    expect(new Set(starts.map(({ offerId }) => offerId)).size).toBe(1);
    expect(starts.map(({ outcome }) => outcome).sort()).toEqual(['CREATED', ...Array<string>(4).fill('REPLAYED')]);
    expect(await codeOf(caller.start(b, { clientCallId, media: 'VIDEO' }))).toBe('CALL_SIGNAL_CONFLICT');
    await callee.next('CallInvited');
  });
});

describe('a stranger', () => {
  it('cannot tell a call that is not theirs from one that does not exist', async () => {
    const { b, caller, callee } = await pair();
    const { call, offerId } = await caller.start(b);
    await callee.next('CallInvited');
    const stranger = world.device(`stranger${people}/phone`);
    const none = `${call.id.slice(0, -4)}AAAA`;
    const attempts = (id: string) => [
      stranger.ring(id),
      stranger.answer(id, offerId),
      stranger.decline(id),
      stranger.hangUp(id),
      stranger.report(id),
      stranger.candidates(id, [candidateLine(1)], 1),
      stranger.describe(id, 'OFFER', null, 1),
    ];
    const told = async (id: string) =>
      Promise.all(
        attempts(id).map((attempt) =>
          attempt.then(
            () => 'done',
            (error: unknown) => ({ message: (error as Refused).message, extensions: (error as Refused).extensions }),
          ),
        ),
      );
    const [theirs, nobodys] = [await told(call.id), await told(none)];
    expect(theirs).toEqual(nobodys);
    expect(theirs[0]).toMatchObject({ extensions: { code: 'CALL_NOT_FOUND' } });
    expect([await stranger.call(call.id), await stranger.call(none)]).toEqual([null, null]);
    expect(await caller.call(call.id)).toMatchObject({ state: 'INITIATED' });
  });
});

describe('what a client may send', () => {
  it.each<[string, Record<string, unknown>, string]>([
    ['clientCallId', { clientCallId: 'short' }, 'clientCallId'],
    ['calleeAccountId', { calleeAccountId: 'ä' }, 'calleeAccountId'],
    ['offerSdp over 64 KiB', { offerSdp: `v=0${'x'.repeat(65_536)}` }, 'offerSdp'],
    ['offerSdp that is none', { offerSdp: 'secret-canary-body' }, 'offerSdp'],
    ['attachment', { attachment: 'x'.repeat(4_097) }, 'attachment'],
  ])('%s: CALL_INPUT_INVALID names the field and its limit, never the value', async (_name, changes, field) => {
    const { b, caller } = await pair();
    const refused = (await caller.start(b, changes).catch((error: unknown) => error)) as Refused;
    expect(refused.code).toBe('CALL_INPUT_INVALID');
    expect(refused.message).toContain(field);
    expect(refused.message).not.toContain('secret-canary-body');
  });
});
