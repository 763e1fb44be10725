import { afterEach, describe, expect, it } from '@jest/globals';
import type { CallStore } from '../../src/call/ports.js';
import { Turns } from '../../src/call/turns.js';
import { LIMITS } from '../../src/limits.js';
import { SetClock, settled } from '../support/clock.js';
import { counting } from './counting.js';
import { ALICE, BOB, candidate, device, startInput, World } from './world.js';

let world: World;
afterEach(() => world.stop());

const trickle = async (callId: string, clientSeq: number, waits?: () => () => void): Promise<unknown> =>
  world.calls.sendIceCandidates(
    ALICE,
    { callId, clientSeq, candidates: [candidate(clientSeq)], endOfCandidates: false },
    waits,
  );

describe('signals behind a gap', () => {
  it('cost a few looks for all of them, and not some for each', async () => {
    const { counts, wrapStore } = counting();
    world = new World({ wrapStore });
    const { callId } = await world.callUpTo('ACTIVE');
    counts['read'] = 0;
    const outcomes = Array.from({ length: 240 }, (_, n) => trickle(callId, n + 2).catch((error: unknown) => error));
    await world.clock.advance(3_000);
    for (const outcome of await Promise.all(outcomes))
      expect(outcome).toMatchObject({ code: 'CALL_SIGNAL_GAP', details: { expectedClientSeq: 1 } });
    // One each, as they come, and one now and then for those who wait: it was 40 for each of the 240.
    expect(counts['read']).toBeLessThanOrEqual(240 + 12);
  });

  it('wait, 16 of a device; more of them are refused at once', async () => {
    world = new World();
    const { callId } = await world.callUpTo('ACTIVE');
    const waiting = Array.from({ length: LIMITS.signalsWaitingPerDevice }, (_, n) => trickle(callId, n + 2));
    await settled();
    const from = world.clock.elapsed();
    await expect(trickle(callId, 18)).rejects.toMatchObject({ code: 'CALL_SIGNAL_GAP' });
    expect(world.clock.elapsed()).toBe(from);
    await trickle(callId, 1);
    await expect(Promise.all(waiting)).resolves.toHaveLength(16);
    await expect(trickle(callId, 18)).resolves.toMatchObject({ duplicate: false });
  });

  it('go on as soon as the one before is committed, in order and without a moment passing', async () => {
    const clock = new SetClock();
    world = new World({ turns: new Turns(clock) });
    const { callId } = await world.callUpTo('ACTIVE');
    const bob = await world.listen(BOB);
    const later = [5, 3, 4, 2].map((clientSeq) => trickle(callId, clientSeq));
    await settled();
    const from = world.clock.elapsed();
    await trickle(callId, 1);
    await Promise.all(later);
    await settled();
    expect(world.clock.elapsed()).toBe(from);
    expect(bob.said.slice(2)).toEqual([1, 2, 3, 4, 5].map((n) => `candidates ${n}`));
  });

  it('go on soon when another node committed the one before, and hear at once that the call is over', async () => {
    world = new World();
    const other = new World({ store: world.store, index: world.index, presence: world.presence, bus: world.bus });
    const { callId } = await world.callUpTo('ACTIVE');
    const second = trickle(callId, 2);
    await settled();
    const first = { callId, clientSeq: 1, candidates: [candidate(1)], endOfCandidates: false };
    await other.calls.sendIceCandidates(ALICE, first);
    await world.clock.advance(400);
    await expect(second).resolves.toMatchObject({ duplicate: false });
    const fourth = trickle(callId, 4);
    await settled();
    await other.calls.hangUpCall(ALICE, callId, 'HUNG_UP');
    await world.clock.advance(400);
    await expect(fourth).resolves.toMatchObject({ duplicate: false });
    await other.streams.stop();
  });

  it('wait as long as those before them keep coming, and 2 s after the last of these', async () => {
    world = new World();
    const { callId } = await world.callUpTo('ACTIVE');
    const [sixth, eighth] = [6, 8].map((clientSeq) => trickle(callId, clientSeq).catch((error: unknown) => error));
    for (const clientSeq of [1, 2, 3, 4, 5]) {
      await world.clock.advance(1_500);
      await trickle(callId, clientSeq);
    }
    await expect(sixth).resolves.toMatchObject({ duplicate: false });
    let told: unknown = null;
    void eighth?.then((outcome) => (told = outcome));
    await world.clock.advance(1_500);
    expect(told).toBeNull();
    // A wait that was under way when the sixth was taken ends first.
    await world.clock.advance(2_500);
    expect(told).toMatchObject({ code: 'CALL_SIGNAL_GAP' });
  });

  it('tell when they wait, and when that is over', async () => {
    world = new World();
    const { callId } = await world.callUpTo('ACTIVE');
    const waits: string[] = [];
    const onWait = (): (() => void) => {
      waits.push('waits');
      return () => waits.push('goes on');
    };
    const second = trickle(callId, 2, onWait);
    await settled();
    expect(waits).toEqual(['waits']);
    await trickle(callId, 1, onWait);
    await second;
    expect(waits).toEqual(['waits', 'goes on']);
  });
});

describe('what a device asks of the stores', () => {
  it('is done a few at a time, the rest in line, and what is too much is refused; a hang-up never waits', async () => {
    let [atOnce, most] = [0, 0];
    const letGo: (() => void)[] = [];
    let held = false;
    const wrapStore = (store: CallStore): CallStore =>
      Object.assign(Object.create(store) as CallStore, {
        ...bound(store),
        ...heldBack(store, async (work) => {
          if (!held) return work();
          most = Math.max(most, ++atOnce);
          await new Promise<void>((resolve) => letGo.push(resolve));
          atOnce--;
          return work();
        }),
      });
    world = new World({ wrapStore });
    const { callId } = await world.callUpTo('ACTIVE');
    held = true;
    const { operationsAtOncePerDevice, operationsWaitingPerDevice } = LIMITS;
    const all = Array.from({ length: operationsAtOncePerDevice + operationsWaitingPerDevice }, () =>
      world.calls.call(ALICE, callId),
    );
    await settled();
    expect(most).toBe(operationsAtOncePerDevice);
    await expect(world.calls.call(ALICE, callId)).rejects.toMatchObject({ code: 'CALL_RATE_LIMITED' });
    const another = world.calls.call(BOB, callId);
    const hangUp = world.calls.hangUpCall(ALICE, callId, 'HUNG_UP');
    await settled();
    expect(most).toBe(operationsAtOncePerDevice + 2);
    held = false;
    while (letGo.length > 0) {
      letGo.splice(0).forEach((go) => go());
      await settled();
    }
    await expect(hangUp).resolves.toMatchObject({ state: 'ENDED' });
    await expect(another).resolves.not.toBeNull();
    expect(await Promise.all(all)).toHaveLength(operationsAtOncePerDevice + operationsWaitingPerDevice);
  });

  it('reads a list of calls in one step, and not call by call', async () => {
    const { counts, wrapStore } = counting();
    world = new World({ wrapStore });
    for (let n = 0; n < 30; n++) {
      const caller = device(`caller-${n}`, 'phone');
      const { call } = await world.calls.startCall(caller, startInput('bob'));
      await world.calls.hangUpCall(caller, call.id, 'HUNG_UP');
    }
    for (const name of Object.keys(counts)) counts[name] = 0;
    expect(await world.calls.recentCalls(BOB, 20)).toHaveLength(20);
    expect(await world.calls.openCalls(BOB)).toEqual([]);
    expect(counts).toMatchObject({ readAll: 2, read: 0 });
  });
});

describe('a stream that waits', () => {
  it('costs nothing for ended calls that it has read to their end, and lets them go when they are purged', async () => {
    const { counts, wrapStore } = counting();
    world = new World({ wrapStore });
    const listeners = await Promise.all([BOB, device('bob', 'laptop')].map((viewer) => world.listen(viewer)));
    for (let n = 0; n < 60; n++) {
      const caller = device(`caller-${n}`, 'phone');
      const { call } = await world.calls.startCall(caller, startInput('bob'));
      await settled();
      await world.calls.hangUpCall(caller, call.id, 'HUNG_UP');
    }
    await settled();
    for (const { said } of listeners) expect(said.filter((word) => word === 'ENDED CANCELLED')).toHaveLength(60);
    for (const name of Object.keys(counts)) counts[name] = 0;
    await world.clock.advance(10_000);
    expect({ readAll: 0, ...counts }).toMatchObject({ read: 0, readAll: 0, log: 0 });
    world.clock.jump(60_000);
    await world.calls.sweep();
    await world.clock.advance(2_000);
    const { callId } = await world.callUpTo('INITIATED');
    await settled();
    for (const name of Object.keys(counts)) counts[name] = 0;
    await world.clock.advance(1_000);
    expect(counts['read']).toBeLessThanOrEqual(4);
    await world.calls.hangUpCall(ALICE, callId, 'HUNG_UP');
  });
});

describe('a hang-up', () => {
  it('is answered after the same steps whether or not the callee is there', async () => {
    const { counts, wrapStore } = counting();
    world = new World({ wrapStore });
    const steps = async (isThere: boolean): Promise<unknown> => {
      const { callId } = await world.callUpTo('INITIATED');
      const bob = isThere ? await world.listen(BOB) : null;
      await settled();
      for (const name of Object.keys(counts)) counts[name] = 0;
      await world.calls.hangUpCall(ALICE, callId, 'HUNG_UP');
      const before = { ...counts };
      await settled();
      if (bob) {
        expect(bob.said.at(-1)).toBe('ENDED CANCELLED');
        // What it reads, it reads after the answer.
        expect(counts['read']).toBeGreaterThan(before['read'] ?? 0);
        await bob.leave();
      }
      return before;
    };
    expect(await steps(true)).toEqual(await steps(false));
  });

  it('does not wait for the index to be put right', async () => {
    world = new World();
    const { callId } = await world.callUpTo('INITIATED');
    world.index.freePlace = () => new Promise(() => undefined);
    expect(await world.calls.hangUpCall(ALICE, callId, 'HUNG_UP')).toMatchObject({ state: 'ENDED' });
  });
});

describe('a wall clock that is set back', () => {
  it('lets no call ring on, and no rate window last longer', async () => {
    world = new World();
    const { callId } = await world.callUpTo('RINGING');
    const { remainingMs } = (await world.calls.call(ALICE, callId)) ?? {};
    world.clock.setWall(-3_600_000);
    expect(await world.calls.call(ALICE, callId)).toMatchObject({ state: 'RINGING', remainingMs });
    world.clock.jump(62_000);
    expect(await world.calls.call(ALICE, callId)).toMatchObject({ state: 'ENDED', endReason: 'NO_ANSWER' });
    const limit = { max: 1, windowSeconds: 5 };
    await world.limiter.take('key', limit);
    world.clock.setWall(-3_600_000);
    expect(await world.limiter.take('key', limit)).toEqual({ granted: false, retryAfterMs: 5_000 });
    world.clock.jump(5_000);
    expect(await world.limiter.take('key', limit)).toMatchObject({ granted: true });
  });

  it('is no outage when it is set forward, and ends no call', async () => {
    world = new World();
    const { callId } = await world.callUpTo('ACTIVE');
    await world.store.beat();
    world.clock.setWall(3_600_000);
    expect((await world.store.read(callId)).time.outages).toEqual([]);
    expect(await world.calls.call(BOB, callId)).toMatchObject({ state: 'ACTIVE' });
  });
});

/** Reads that go by way of a gate. */
function heldBack(
  store: CallStore,
  gate: <Result>(work: () => Promise<Result>) => Promise<Result>,
): Partial<CallStore> {
  return {
    read: (callId) => gate(async () => store.read(callId)),
    readAll: (callIds) => gate(async () => store.readAll(callIds)),
  };
}

/** The methods of a store, so that each can be used without it. */
function bound(store: CallStore): CallStore {
  const names = ['readPair', 'read', 'readAll', 'commit', 'log', 'due', 'schedule', 'beat', 'close'] as const;
  const methods = names.map((name) => [name, (store[name] as (...args: unknown[]) => unknown).bind(store)]);
  return Object.fromEntries(methods) as unknown as CallStore;
}
