import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SignalingError } from '../../src/errors.js';
import type { Appended } from '../../src/call/log.js';
import { settled } from '../support/clock.js';
import { counting } from './counting.js';
import { ALICE, ALICE_TABLET, BOB, BOB_LAPTOP, candidate, startInput, World, type Listener } from './world.js';

let reads: Record<string, number>;
let world: World;
let alice: Listener;
let bob: Listener;
let callId: string;
let sent = 0;

const trickle = async (): Promise<unknown> => {
  sent += 1;
  const batch = { callId, clientSeq: sent, candidates: [candidate(sent)], endOfCandidates: false };
  return world.calls.sendIceCandidates(ALICE, batch);
};
const heard = (): readonly string[] => bob.said.filter((text) => text.startsWith('candidates'));
const all = (): readonly string[] => Array.from({ length: sent }, (_, n) => `candidates ${n + 1}`);

beforeEach(async () => {
  sent = 0;
  const { counts, wrapStore } = counting();
  reads = counts;
  world = new World({ wrapStore });
  [alice, bob] = [await world.listen(ALICE), await world.listen(BOB)];
  ({ callId } = await world.callUpTo('ACTIVE'));
  await settled();
});
afterEach(() => world.stop());

describe('what a commit appends', () => {
  it('is given to whom it is for without being read, and wakes nobody else', async () => {
    const others = [await world.listen(ALICE_TABLET), await world.listen(BOB_LAPTOP)];
    await settled();
    for (const name of Object.keys(reads)) delete reads[name];
    const said = [alice, ...others].map(({ events }) => events.length);
    for (let n = 0; n < 20; n += 1) {
      await trickle();
      await settled();
    }
    expect(heard()).toEqual(all());
    // Each move reads the call that it is made from.
    expect(reads).toEqual({ read: 20, commit: 20 });
    expect([alice, ...others].map(({ events }) => events.length)).toEqual(said);
  });

  it('is given in order where several come in one turn', async () => {
    await Promise.all(Array.from({ length: 12 }, trickle));
    await settled();
    expect(heard()).toEqual(all());
  });

  it.each<[string, (wake: () => void, bare: () => void, n: number) => void]>([
    ['is lost now and then', (wake, _bare, n) => (n % 3 === 0 ? undefined : wake())],
    ['comes twice', (wake) => [wake(), wake()]],
    ['comes without its entries', (wake, bare, n) => (n % 2 ? wake() : bare())],
    ['comes late, after the next one', (wake, _bare, n) => (n % 2 ? setImmediate(() => setImmediate(wake)) : wake())],
    ['is all lost', () => undefined],
  ])('is told once and in order also when it %s', async (_how, deliver) => {
    const wake = world.bus.wake.bind(world.bus);
    let n = 0;
    world.bus.wake = (accounts: readonly string[], id: string | null, appended?: Appended) => {
      n += 1;
      deliver(
        () => wake(accounts, id, appended),
        () => wake(accounts, id),
        n,
      );
    };
    for (let i = 0; i < 30; i += 1) {
      await trickle();
      if (i % 5 === 4) await settled();
    }
    await world.calls.hangUpCall(ALICE, callId, 'HUNG_UP');
    await settled();
    wake(['alice', 'bob'], null);
    await settled();
    expect(heard()).toEqual(all());
    expect(bob.said.at(-1)).toBe('ENDED COMPLETED');
    expect(alice.said.at(-1)).toBe('ENDED COMPLETED');
  });

  it('is told once where it came between the two reads of a call and of its log', async () => {
    const { log } = world.store;
    const wake = world.bus.wake.bind(world.bus);
    let isFirst = true;
    world.store.log = async (...given) => {
      if (isFirst) {
        isFirst = false;
        world.bus.wake = wake;
        await trickle();
        await trickle();
      }
      return log.apply(world.store, given);
    };
    world.bus.wake = (accounts, id) => wake(accounts, id);
    await trickle();
    await settled();
    await trickle();
    await settled();
    expect(heard()).toEqual(all());
  });

  it('waits in the log for a reader that stalls, which then hears all of it', async () => {
    await bob.leave();
    const stream = await world.streams.subscribe(BOB, await world.presence.nextEpoch(), null);
    await stream.next();
    for (let i = 0; i < 60; i += 1) {
      await trickle();
      await settled();
    }
    const lines: string[] = [];
    while (lines.length < sent) {
      const { value } = await stream.next();
      if (value?.type === 'IceCandidatesReceived')
        lines.push(`candidates ${value.candidates[0]?.candidate.split(/[ :]/)[1]}`);
    }
    expect(lines).toEqual(all());
    await stream.return();
  });
});

describe('a commit of which nobody knows whether it was made', () => {
  it('is told to those whom it concerns, though its sender hears that it failed', async () => {
    const { commit } = world.store;
    world.store.commit = async (...given) => {
      await commit.apply(world.store, given);
      throw new SignalingError('CALL_UNAVAILABLE');
    };
    await expect(world.calls.hangUpCall(ALICE, callId, 'HUNG_UP')).rejects.toMatchObject({ code: 'CALL_UNAVAILABLE' });
    await settled();
    expect(bob.said.at(-1)).toBe('ENDED COMPLETED');
    expect(alice.said.at(-1)).toBe('ENDED COMPLETED');
  });

  it('is told also where it is a start', async () => {
    const { commit } = world.store;
    await world.calls.hangUpCall(ALICE, callId, 'HUNG_UP');
    world.store.commit = async (...given) => {
      await commit.apply(world.store, given);
      world.store.commit = commit.bind(world.store);
      throw new SignalingError('CALL_UNAVAILABLE');
    };
    await expect(world.calls.startCall(ALICE, startInput('bob'))).rejects.toMatchObject({ code: 'CALL_UNAVAILABLE' });
    await settled();
    expect(bob.said.at(-1)).toBe('invited');
  });
});
