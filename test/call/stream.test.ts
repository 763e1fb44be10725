import { afterEach, beforeEach, describe, it, expect } from '@jest/globals';
import type { EventStream } from '../../src/call/stream.js';
import { settled } from '../support/clock.js';
import { ALICE, BOB, World, device, startInput } from './world.js';

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.stop());

const open = async (viewer = BOB, after: string | null = null): Promise<EventStream> =>
  world.streams.subscribe(viewer, await world.presence.nextEpoch(), after);

describe('a stream', () => {
  it('says first that it is ready, with the calls that are open', async () => {
    const { callId } = await world.callUpTo('ACTIVE');
    const stream = await open();
    expect(await stream.next()).toMatchObject({
      done: false,
      value: {
        type: 'StreamReady',
        resumed: false,
        at: world.clock.now(),
        openCalls: [{ id: callId, state: 'ACTIVE' }],
      },
    });
  });

  it('misses nothing that happens between subscribing and the first event', async () => {
    const stream = await open();
    const { callId } = await world.callUpTo('INITIATED');
    await stream.next();
    expect(await stream.next()).toMatchObject({ value: { type: 'CallInvited', call: { id: callId } } });
  });

  it('hands out events in order also to a reader that asks for many at once', async () => {
    const stream = await open();
    const asked = Promise.all([stream.next(), stream.next(), stream.next()]);
    await world.callUpTo('RINGING');
    expect((await asked).map(({ value }) => value?.type)).toEqual(['StreamReady', 'CallInvited', 'CallStateChanged']);
  });

  it('is left at once, also while its reader waits, and nothing of it stays', async () => {
    const stream = await open();
    await stream.next();
    const waiting = stream.next();
    expect(await stream.return()).toEqual({ done: true, value: undefined });
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(await stream.next()).toEqual({ done: true, value: undefined });
    await stream.finished;
    await settled();
    expect(world.streams.size).toBe(0);
    expect(await world.presence.devicesOf('bob')).toMatchObject([{ deviceId: 'phone', streaming: false }]);
    expect(await stream.ended).toBe('LEFT');
  });

  it('looks at all of its calls when it hears that a wake-up may have been lost, and only then', async () => {
    const wake = world.bus.wake.bind(world.bus);
    world.bus.wake = () => undefined;
    const bob = await world.listen(BOB);
    await world.callUpTo('RINGING');
    await world.clock.advance(5_000);
    expect(bob.said).toEqual(['ready resumed=false open=0']);
    wake(['bob'], null);
    await settled();
    expect(bob.said.slice(1)).toEqual(['invited', 'RINGING']);
  });

  it('costs nothing while nothing happens', async () => {
    const listeners = [await world.listen(ALICE), await world.listen(BOB)];
    await settled();
    const asked: string[] = [];
    for (const part of [world.store, world.index] as object[])
      for (const name of Object.getOwnPropertyNames(Object.getPrototypeOf(part))) {
        const method = Reflect.get(part, name) as (...given: unknown[]) => unknown;
        Reflect.set(part, name, (...given: unknown[]) => {
          asked.push(name);
          return method.apply(part, given);
        });
      }
    await world.clock.advance(120_000);
    expect(asked).toEqual([]);
    for (const { said } of listeners) expect(said).toHaveLength(1);
  });

  it('ends a call at its deadline for those who listen', async () => {
    world.clock.every(1_000, () => void world.calls.sweep());
    const alice = await world.listen(ALICE);
    await world.callUpTo('CONNECTING');
    await world.clock.advance(31_000);
    expect(alice.said.at(-1)).toBe('ENDED CONNECT_FAILED');
  });

  it('shows the call as of delivery, and the state as of the event', async () => {
    const stream = await open();
    await stream.next();
    const { callId } = await world.callUpTo('RINGING');
    await world.calls.hangUpCall(ALICE, callId, 'HUNG_UP');
    const ended = { state: 'ENDED', endReason: 'CANCELLED' };
    expect((await stream.next()).value).toMatchObject({ type: 'CallInvited', call: ended });
    expect((await stream.next()).value).toMatchObject({ state: 'RINGING', endReason: null, call: ended });
    expect((await stream.next()).value).toMatchObject({ ...ended, call: ended });
  });

  it('says nothing of calls that are not its own', async () => {
    const [laptop, carol] = [
      await world.listen(device('alice', 'laptop')),
      await world.listen(device('carol', 'phone')),
    ];
    await world.callUpTo('ENDED');
    await world.calls.startCall(ALICE, startInput('dave'));
    await world.clock.advance(3_000);
    expect(laptop.said).toEqual(['ready resumed=false open=0']);
    expect(carol.said).toEqual(['ready resumed=false open=0']);
  });
});
