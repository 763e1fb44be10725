/** What one operation reads of a device's calls: nothing twice, and the answers are those of separate reads. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { LIMITS } from '../../src/limits.js';
import { settled } from '../support/clock.js';
import { counting } from './counting.js';
import { ALICE, BOB, CAROL, startInput, World } from './world.js';

let world: World;
const store = counting();
/** Calls of Alice, the latest first. */
let callIds: readonly string[];

beforeEach(async () => {
  world = new World({ wrapStore: store.wrapStore });
  const started: string[] = [];
  for (let n = 0; n < 6; n += 1) {
    await world.clock.advance(1_000);
    const { call } = await world.calls.startCall(ALICE, startInput(`callee-${n}`));
    started.unshift(call.id);
    if (n > 1) await world.calls.hangUpCall(ALICE, call.id, 'HUNG_UP');
  }
  callIds = started;
  await settled();
  for (const name of Object.keys(store.counts)) store.counts[name] = 0;
});
afterEach(() => world.streams.stop());

const reads = (): number => (store.counts['read'] ?? 0) + (store.counts['readAll'] ?? 0);

describe('a stream that begins', () => {
  it('reads each call that has ended once, all of them in one piece, and none while it waits', async () => {
    const { read } = world.store;
    const together: string[] = [];
    const alone: string[] = [];
    world.store.readAll = async (ids) => {
      together.push(...ids);
      return Promise.all(ids.map((id) => read(id)));
    };
    world.store.read = (id) => {
      alone.push(id);
      return read(id);
    };
    const alice = await world.listen(ALICE);
    await settled();
    const open = callIds.slice(4);
    expect(alice.said).toEqual(['ready resumed=false open=2']);
    // Those that go on are read once more for the list that it begins with, and then for what is new in them.
    expect(together.sort()).toEqual([...callIds, ...open].sort());
    expect(callIds.filter((id) => alone.includes(id))).toEqual(open);
    await alice.leave();
    await world.listen(ALICE, alice.cursor);
    await settled();
    expect(together).toHaveLength(2 * (callIds.length + open.length));
  });
});

describe('one operation', () => {
  it('reads a list, and each call, once for all of its fields', async () => {
    const operation = world.calls.reads(ALICE);
    const lists = await Promise.all(Array.from({ length: 15 }, () => operation.recentCalls(13)));
    for (const list of lists) expect(list.map(({ id }) => id)).toEqual(callIds);
    expect(reads()).toBe(1);
    // Also of what is asked for later, and in other ways: of the calls that are open none has to be read again.
    expect((await operation.openCalls()).map(({ id }) => id)).toEqual(callIds.slice(4));
    for (const id of callIds) expect(await operation.call(id)).toMatchObject({ id });
    expect(reads()).toBe(1);
  });

  it('has no more than one place in line for what its fields share', async () => {
    const operation = world.calls.reads(ALICE);
    const { operationsAtOncePerDevice, operationsWaitingPerDevice } = LIMITS;
    const fields = Array.from({ length: operationsAtOncePerDevice + operationsWaitingPerDevice + 1 }, () =>
      operation.call(callIds[0] ?? ''),
    );
    expect(new Set((await Promise.all(fields)).map((call) => call?.id))).toEqual(new Set([callIds[0]]));
    expect(reads()).toBe(1);
  });

  it('is told what separate ones are told', async () => {
    const operation = world.calls.reads(ALICE);
    const [three, all, open] = await Promise.all([
      operation.recentCalls(3),
      operation.recentCalls(50),
      operation.openCalls(),
    ]);
    expect(three).toEqual(await world.calls.recentCalls(ALICE, 3));
    expect(all).toEqual(await world.calls.recentCalls(ALICE, 50));
    expect(open).toEqual(await world.calls.openCalls(ALICE));
    await expect(operation.recentCalls(51)).rejects.toMatchObject({ code: 'CALL_INPUT_INVALID' });
    await expect(operation.call('')).rejects.toMatchObject({ code: 'CALL_INPUT_INVALID' });
    expect(await operation.call('no-such-call')).toBeNull();
    expect(await world.calls.reads(CAROL).call(callIds[0] ?? '')).toBeNull();
  });

  it('does not know what an earlier one read', async () => {
    const [, , , , open = ''] = callIds;
    expect(await world.calls.reads(ALICE).call(open)).toMatchObject({ state: 'INITIATED' });
    await world.calls.hangUpCall(ALICE, open, 'HUNG_UP');
    expect(await world.calls.reads(ALICE).call(open)).toMatchObject({ state: 'ENDED' });
    expect(await world.calls.reads(BOB).recentCalls(50)).toEqual([]);
  });
});
