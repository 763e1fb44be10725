import { afterEach, beforeEach, describe, it, expect } from '@jest/globals';
import { settled } from '../support/clock.js';
import { ALICE, ANSWER, BOB, BOB_LAPTOP, CAROL, OFFER, World, candidate, startInput } from './world.js';

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.stop());

async function trickle(callId: string, viewer = ALICE, ...n: readonly number[]): Promise<void> {
  const clientSeq = (await world.calls.call(viewer, callId))?.nextClientSeq ?? 1;
  await world.calls.sendIceCandidates(viewer, {
    callId,
    clientSeq,
    candidates: n.map(candidate),
    endOfCandidates: false,
  });
}

describe('a device that comes back with its cursor', () => {
  it('gets exactly what it missed, in order', async () => {
    const bob = await world.listen(BOB);
    const { callId, offerId } = await world.callUpTo('INITIATED');
    const cursor = await bob.leave();
    await trickle(callId, ALICE, 1);
    await trickle(callId, ALICE, 2);
    await world.calls.answerCall(BOB_LAPTOP, { callId, offerId, answerSdp: ANSWER });
    const again = await world.listen(BOB, cursor);
    await settled();
    expect(bob.said).toEqual(['ready resumed=false open=0', 'invited']);
    expect(again.said).toEqual([
      'ready resumed=true open=0',
      'candidates 1',
      'candidates 2',
      'ENDED ANSWERED_ELSEWHERE',
    ]);
  });

  it('gets the same again from every cursor it ever had', async () => {
    const alice = await world.listen(ALICE);
    const { callId } = await world.callUpTo('CONNECTING');
    for (const n of [1, 2, 3]) await trickle(callId, BOB, n);
    await world.calls.hangUpCall(BOB, callId, 'HUNG_UP');
    await alice.leave();
    for (const [n, event] of alice.events.entries()) {
      const again = await world.listen(ALICE, event.cursor);
      await settled();
      expect(again.said.slice(1)).toEqual(alice.said.slice(n + 1));
      expect(again.said[0]).toMatch(/resumed=true/);
    }
  });

  it('hears of calls that began and ended while it was away', async () => {
    const cursor = await (await world.listen(BOB)).leave();
    await world.callUpTo('ENDED');
    const again = await world.listen(BOB, cursor);
    await settled();
    expect(again.said).toEqual([
      'ready resumed=true open=0',
      'invited',
      'RINGING',
      'CONNECTING',
      'ACTIVE',
      'RECONNECTING',
      'ENDED COMPLETED',
    ]);
    const invited = again.events[1];
    expect(invited).toMatchObject({ type: 'CallInvited', call: { state: 'ENDED', endReason: 'COMPLETED' } });
    const ringing = again.events[2];
    expect(ringing).toMatchObject({ type: 'CallStateChanged', state: 'RINGING', call: { state: 'ENDED' } });
  });

  it('does not hear twice of a call that was over and purged', async () => {
    const bob = await world.listen(BOB);
    await world.callUpTo('ENDED');
    const cursor = await bob.leave();
    world.clock.jump(60_000);
    const again = await world.listen(BOB, cursor);
    const next = await again.leave();
    expect(again.said).toEqual(['ready resumed=true open=0']);
    const once = await world.listen(BOB, next);
    await settled();
    expect(once.said).toEqual(['ready resumed=true open=0']);
  });

  it('may come back 60 s after the end, and has to start over after that if it missed anything', async () => {
    const bob = await world.listen(BOB);
    const { callId } = await world.callUpTo('ACTIVE');
    const cursor = await bob.leave();
    await world.calls.hangUpCall(ALICE, callId, 'HUNG_UP');
    world.clock.jump(59_999);
    expect((await listenOnce(cursor))[0]).toMatch(/resumed=true/);
    world.clock.jump(1);
    expect(await listenOnce(cursor)).toEqual(['ready resumed=false open=0']);
  });

  it('has to start over when a call began and was purged while it was away', async () => {
    const cursor = await (await world.listen(BOB)).leave();
    await world.callUpTo('ENDED');
    world.clock.jump(60_000);
    await world.calls.sweep();
    expect(await listenOnce(cursor)).toEqual(['ready resumed=false open=0']);
  });

  it('need not start over for calls in which it had no part', async () => {
    const cursor = await (await world.listen(BOB)).leave();
    await world.callUpTo('ENDED', { calleeDeviceId: 'laptop' }).catch(() => undefined);
    const [call] = await world.calls.openCalls(ALICE);
    await world.calls.hangUpCall(ALICE, call?.id ?? '', 'HUNG_UP');
    world.clock.jump(60_000);
    await world.calls.sweep();
    expect(await listenOnce(cursor)).toEqual(['ready resumed=true open=0']);
  });

  it.each([
    ['forged', () => Promise.resolve('AAAA'.repeat(20))],
    ["another device's", async () => (await world.listen(BOB_LAPTOP)).leave()],
    ["another account's", async () => (await world.listen(CAROL)).leave()],
  ])('starts over with a cursor that is %s', async (_, make) => {
    expect(await listenOnce(await make())).toEqual(['ready resumed=false open=0']);
  });

  async function listenOnce(cursor: string): Promise<readonly string[]> {
    const again = await world.listen(BOB, cursor);
    await again.leave();
    return again.said;
  }
});

describe('a device that starts over', () => {
  it('gets the invite and its candidates while the call rings, and no states', async () => {
    const { callId } = await world.callUpTo('RINGING');
    await trickle(callId, ALICE, 1);
    const bob = await world.listen(BOB);
    await settled();
    expect(bob.said).toEqual(['ready resumed=false open=1', 'invited', 'candidates 1']);
  });

  it('gets nothing of a call that rings elsewhere on its behalf', async () => {
    await world.callUpTo('RINGING');
    const alice = await world.listen(ALICE);
    await settled();
    expect(alice.said).toEqual(['ready resumed=false open=1']);
  });

  it('gets what is current in a call that it holds, as a party on either side', async () => {
    const { callId } = await world.callUpTo('CONNECTING');
    await trickle(callId, ALICE, 1);
    await trickle(callId, BOB, 2);
    const [alice, bob] = [await world.listen(ALICE), await world.listen(BOB)];
    await settled();
    expect(alice.said).toEqual(['ready resumed=false open=1', 'answer', 'candidates 2']);
    expect(bob.said).toEqual(['ready resumed=false open=1', 'offer', 'candidates 1']);
  });

  it('gets nothing of exchanges that later ones have replaced, nor of offers that are void', async () => {
    const { callId } = await world.callUpTo('ACTIVE');
    await trickle(callId, ALICE, 1);
    const describing = { callId, sdp: OFFER, inReplyTo: null };
    const first = await world.calls.sendDescription(ALICE, { ...describing, clientSeq: 2, type: 'OFFER' });
    const answer = { ...describing, sdp: ANSWER, inReplyTo: first.descriptionId };
    await world.calls.sendDescription(BOB, { ...answer, clientSeq: 1, type: 'ANSWER' });
    await trickle(callId, ALICE, 3);
    await world.calls.sendDescription(ALICE, { ...describing, clientSeq: 4, type: 'OFFER' });
    await world.calls.sendDescription(ALICE, { ...describing, sdp: '', clientSeq: 5, type: 'ROLLBACK' });
    const last = await world.calls.sendDescription(ALICE, { ...describing, clientSeq: 6, type: 'OFFER' });
    const bob = await world.listen(BOB);
    await settled();
    expect(bob.said).toEqual(['ready resumed=false open=1', 'offer', 'candidates 3', 'offer']);
    expect(bob.events.at(-1)).toMatchObject({ description: { id: last.descriptionId } });
  });

  it('gets nothing of calls that are over, also for itself alone', async () => {
    await world.callUpTo('ACTIVE');
    const laptop = await world.listen(BOB_LAPTOP);
    await settled();
    expect(laptop.said).toEqual(['ready resumed=false open=0']);
  });

  it('goes on from there like any other, states included, and can come back with its cursor', async () => {
    const { callId } = await world.callUpTo('RINGING');
    const bob = await world.listen(BOB);
    const cursor = await bob.leave();
    await world.calls.hangUpCall(ALICE, callId, 'HUNG_UP');
    const again = await world.listen(BOB, cursor);
    await settled();
    expect(again.said).toEqual(['ready resumed=true open=0', 'RINGING', 'ENDED CANCELLED']);
  });
});

describe('several calls at once', () => {
  it('are each in order, none lost and none twice, over any number of returns', async () => {
    const seen: string[] = [];
    let cursor = await (await world.listen(ALICE)).leave();
    const ids: string[] = [];
    for (const caller of [BOB, CAROL]) ids.push((await world.calls.startCall(caller, startInput('alice'))).call.id);
    for (let n = 1; n <= 12; n++) {
      const caller = n % 2 ? BOB : CAROL;
      await trickle(ids[n % 2 ? 0 : 1] ?? '', caller, n);
      if (n % 3) continue;
      const alice = await world.listen(ALICE, cursor);
      cursor = await alice.leave();
      seen.push(...alice.said.slice(1));
    }
    expect(seen.filter((said) => said === 'invited')).toHaveLength(2);
    const numbers = seen.flatMap((said) => (said.startsWith('candidates') ? [Number(said.split(' ')[1])] : []));
    expect(numbers.filter((n) => n % 2)).toEqual([1, 3, 5, 7, 9, 11]);
    expect(numbers.filter((n) => !(n % 2))).toEqual([2, 4, 6, 8, 10, 12]);
  });
});
