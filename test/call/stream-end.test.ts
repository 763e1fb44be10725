import { afterEach, beforeEach, describe, it, expect } from '@jest/globals';
import type { EventStream } from '../../src/call/stream.js';
import { SignalingError } from '../../src/errors.js';
import { settled } from '../support/clock.js';
import { ALICE, BOB, BOB_LAPTOP, World, candidate, device } from './world.js';

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.stop());

const open = async (viewer = BOB, after: string | null = null): Promise<EventStream> =>
  world.streams.subscribe(viewer, await world.presence.nextEpoch(), after);

async function say(callId: string, times: number): Promise<void> {
  for (let n = 0; n < times; n++) {
    const clientSeq = (await world.calls.call(ALICE, callId))?.nextClientSeq ?? 1;
    await world.calls.sendDescription(ALICE, { callId, clientSeq, type: 'OFFER', sdp: `v=0\r\n${n}`, inReplyTo: null });
  }
}

describe('a stream comes to an end: it', () => {
  it('is taken over by a newer one of the same device, on the same socket or another', async () => {
    const epoch = await world.presence.nextEpoch();
    const first = await world.listen(BOB, null, epoch);
    const second = await world.listen(BOB, null, epoch);
    const third = await world.listen(BOB);
    await settled();
    expect(first.said.at(-1)).toBe('closed TAKEN_OVER');
    expect(second.said.at(-1)).toBe('closed TAKEN_OVER');
    expect(third.said).toEqual(['ready resumed=false open=0']);
    expect(first.done).toBe(true);
  });

  it('of an older socket does not come in between', async () => {
    const [older, newer] = [await world.presence.nextEpoch(), await world.presence.nextEpoch()];
    const kept = await world.listen(BOB, null, newer);
    const late = await world.listen(BOB, null, older);
    await settled();
    expect(late.said).toEqual(['closed TAKEN_OVER']);
    expect(kept.said).toEqual(['ready resumed=false open=0']);
  });

  it('is not taken for one that was taken over when there is news while it opens', async () => {
    const enter = world.presence.enter.bind(world.presence);
    world.presence.enter = async (...args) => {
      world.bus.wake(['bob'], null);
      await settled();
      return enter(...args);
    };
    const bob = await world.listen(BOB);
    await settled();
    expect(bob.said).toEqual(['ready resumed=false open=0']);
  });

  it('of another device goes on', async () => {
    const laptop = await world.listen(BOB_LAPTOP);
    await world.listen(BOB);
    await settled();
    expect(laptop.done).toBe(false);
  });

  it('learns that it was taken over though nobody told it: at once where the bus doubts, else within a minute', async () => {
    const [bob, alice] = [await world.listen(BOB), await world.listen(ALICE)];
    world.bus.tellOf = () => undefined;
    await world.listen(BOB);
    await world.listen(ALICE);
    world.bus.wake(['bob'], null);
    await settled();
    expect(bob.said.at(-1)).toBe('closed TAKEN_OVER');
    expect(alice.done).toBe(false);
    await world.clock.advance(60_000);
    expect(alice.said.at(-1)).toBe('closed TAKEN_OVER');
  });

  it('learns that it was taken over while it opens', async () => {
    const enter = world.presence.enter.bind(world.presence);
    let newer: Promise<unknown> | null = null;
    world.presence.enter = async (...args) => {
      const entered = await enter(...args);
      // The newer one is there, and says so, before this one knows that it has entered.
      newer ??= world.listen(BOB);
      await settled();
      return entered;
    };
    const first = await world.listen(BOB);
    await newer;
    await settled();
    expect(first.said.at(-1)).toBe('closed TAKEN_OVER');
  });

  it('closes within a second of its session, and gives no event from then on', async () => {
    const bob = await world.listen(device('bob', 'phone', world.clock.now() + 5_000));
    await world.clock.advance(4_999);
    expect(bob.done).toBe(false);
    world.clock.jump(1);
    await world.callUpTo('INITIATED');
    await world.clock.advance(1_000);
    expect(bob.said).toEqual(['ready resumed=false open=0', 'closed SESSION_EXPIRED']);
  });

  it('gives no event that was still being read when the session ended', async () => {
    let slow = false;
    const late: World = new World({
      wrapStore: (store) => {
        const log = store.log.bind(store);
        store.log = (...args) => {
          if (slow) late.clock.jump(60_000);
          return log(...args);
        };
        return store;
      },
    });
    const bob = await late.listen(device('bob', 'phone', late.clock.now() + 60_000));
    await settled();
    slow = true;
    await late.callUpTo('INITIATED');
    await settled();
    expect(bob.said).toEqual(['ready resumed=false open=0', 'closed SESSION_EXPIRED']);
    expect(bob.events[1]?.cursor).toBe(bob.events[0]?.cursor);
    await late.stop();
  });

  it('gives its last cursor once more when it closes, with which another takes up', async () => {
    const bob = await world.listen(BOB);
    const { callId } = await world.callUpTo('INITIATED');
    await settled();
    bob.stream.close('SHUTDOWN');
    await world.calls.reportRinging(BOB_LAPTOP, callId);
    await settled();
    const [last, closed] = bob.events.slice(-2);
    expect(closed).toMatchObject({ type: 'StreamClosed', reason: 'SHUTDOWN', cursor: last?.cursor });
    const again = await world.listen(BOB, closed?.cursor);
    await settled();
    expect(again.said).toEqual(['ready resumed=true open=1', 'RINGING']);
  });

  it('closes when more than 256 live events wait to be read, and not before', async () => {
    const { callId } = await world.callUpTo('ACTIVE');
    const stream = await open();
    // What was there when the device came is read from the log as it likes; this is where live begins.
    for (const type of ['StreamReady', 'DescriptionReceived']) expect((await stream.next()).value?.type).toBe(type);
    const first = stream.next();
    await say(callId, 1);
    const { value } = await first;
    let end: string | null = null;
    void stream.ended.then((reason) => (end = reason));
    await say(callId, 256);
    await settled();
    expect(end).toBeNull();
    await say(callId, 1);
    await settled();
    expect(end).toBe('TOO_SLOW');
    expect(await stream.next()).toMatchObject({
      value: { type: 'StreamClosed', reason: 'TOO_SLOW', cursor: value?.cursor },
    });
    const again = await world.listen(BOB, value?.cursor);
    await settled();
    expect(again.said.filter((said) => said === 'offer')).toHaveLength(257);
  });

  it('does not count what it reads up on', async () => {
    const cursor = await (await world.listen(BOB)).leave();
    const { callId } = await world.callUpTo('ACTIVE');
    await say(callId, 300);
    const stream = await open(BOB, cursor);
    await stream.next();
    await say(callId, 100);
    await settled();
    world.streams.close('SHUTDOWN');
    expect(await stream.ended).toBe('SHUTDOWN');
  });

  it('does not count what is said to others', async () => {
    const alice = await open(ALICE);
    await alice.next();
    const waiting = alice.next();
    const { callId } = await world.callUpTo('RINGING');
    await waiting;
    for (let clientSeq = 1; clientSeq <= 190; clientSeq++)
      for (const viewer of [BOB, BOB_LAPTOP])
        await world.calls.sendIceCandidates(viewer, {
          callId,
          clientSeq,
          candidates: [candidate(1)],
          endOfCandidates: false,
        });
    await settled();
    world.streams.close('SHUTDOWN');
    expect(await alice.ended).toBe('SHUTDOWN');
  });

  it('that opens while the process goes down ends at once', async () => {
    world.streams.close('SHUTDOWN');
    const bob = await world.listen(BOB);
    await settled();
    expect(bob.said).toEqual(['closed SHUTDOWN']);
  });

  it('fails, for whoever reads it, when the store is down', async () => {
    const down = new World();
    const bob = await down.listen(BOB);
    const idle = await down.streams.subscribe(BOB_LAPTOP, await down.presence.nextEpoch(), null);
    await idle.next();
    const fail = () => Promise.reject(new SignalingError('CALL_UNAVAILABLE'));
    Object.assign(down.index, { live: fail, recent: fail });
    down.bus.wake(['bob'], null);
    await down.clock.advance(1_000);
    expect(bob.error).toMatchObject({ code: 'CALL_UNAVAILABLE' });
    expect(await idle.ended).toBe('FAILED');
    await expect(idle.next()).rejects.toMatchObject({ code: 'CALL_UNAVAILABLE' });
    await expect(down.listen(BOB)).rejects.toMatchObject({ code: 'CALL_UNAVAILABLE' });
    await down.stop();
    expect(down.streams.size).toBe(0);
  });
});
