import { afterEach, beforeEach, describe, it, expect } from '@jest/globals';
import type { Call } from '../../src/call/call.js';
import { callIdOf } from '../../src/call/ids.js';
import { ALL_LEGS } from '../../src/call/log.js';
import type { LogEntry } from '../../src/call/log.js';
import type { CallStore, CallWrite, SlotChange, StartRecord } from '../../src/call/ports.js';
import { newCall } from '../../src/call/start.js';

/** A store to put to the test, and a way to let its clock go on. */
export interface CallStoreUnderTest {
  readonly store: CallStore;
  /** Lets the store's clock go on by so much. */
  readonly pass: (ms: number) => Promise<void>;
  readonly stop: () => Promise<void>;
}

let made = 0;

/** What every store of calls promises. */
export function callStoreContract(name: string, make: () => Promise<CallStoreUnderTest>): void {
  describe(`calls kept in ${name}`, () => {
    let store: CallStore;
    let under: CallStoreUnderTest;
    let tag: string;
    let now: number;
    beforeEach(async () => {
      under = await make();
      ({ store } = under);
      tag = `tag${made++}`;
      now = (await store.readPair(tag, 'none')).time.now;
    });
    afterEach(() => under.stop());

    const create = (
      n: number,
      starter = 'alice',
      startKey = `key-${n}`,
    ): { call: Call; entries: readonly LogEntry[] } =>
      newCall(
        callIdOf(tag, `call-${n}`),
        `offer-${n}`,
        startKey,
        { accountId: starter, deviceId: 'phone' },
        {
          clientCallId: 'c',
          calleeAccountId: starter === 'alice' ? 'bob' : 'alice',
          calleeDeviceId: null,
          media: 'VIDEO',
          offerSdp: 'v=0',
          replacesCallId: null,
          attachment: 'ünïcode \u0000 attachment',
        },
        { targets: [{ deviceId: '__proto__', woken: true }], silent: false, accountWoken: false },
        now,
      );
    const recordOf = (call: Call): StartRecord => ({ hash: 'h', outcome: 'CREATED', callId: call.id, offerId: 'o' });
    const write = (
      call: Call,
      expectedVersion: number,
      entries: readonly LogEntry[] = [],
      dropped: readonly number[] = [],
    ): CallWrite => ({
      call,
      entries,
      dropped,
      expectedVersion,
      dueAt: null,
      expiresAt: null,
    });
    const commit = (change: Partial<SlotChange>): ReturnType<CallStore['commit']> =>
      store.commit(tag, { writes: [], start: null, notAfter: null, ...change });
    const start = (call: Call, pairVersion: number, starter = 'alice'): SlotChange['start'] => ({
      pairVersion,
      starter,
      key: call.startKeys[0] ?? '',
      record: recordOf(call),
    });
    const begin = async (n = 1, pairVersion = 0): Promise<Call> => {
      const { call, entries } = create(n);
      expect(await commit({ writes: [write(call, 0, entries)], start: start(call, pairVersion) })).toBe('committed');
      return call;
    };
    const entry = (position: number): LogEntry => ({
      position,
      at: now,
      audience: ALL_LEGS,
      told: { kind: 'STATE', state: 'RINGING', endReason: null },
    });

    it('gives back a call as it was, under version 1, and its log from any position on', async () => {
      const { call, entries } = create(1);
      await commit({ writes: [write(call, 0, [...entries, entry(2), entry(3)])], start: start(call, 0) });
      expect((await store.read(call.id)).stored).toEqual({ call, version: 1 });
      expect(JSON.parse(JSON.stringify(call))).toEqual(call);
      const positions = async (after: number, limit: number): Promise<readonly number[]> =>
        (await store.log(call.id, after, limit)).map(({ position }) => position);
      expect(await positions(0, 100)).toEqual([1, 2, 3]);
      expect(await positions(1, 1)).toEqual([2]);
      expect(await positions(3, 100)).toEqual([]);
      expect((await store.log(call.id, 0, 1))[0]).toEqual(entries[0]);
    });

    it('lets entries go one by one, and gives the others as before, whatever stands between them', async () => {
      const { call, entries } = create(1);
      const more = Array.from({ length: 11 }, (_, n) => entry(n + 2));
      await commit({ writes: [write(call, 0, [...entries, ...more])], start: start(call, 0) });
      expect(await commit({ writes: [write(call, 1, [entry(13)], [1, 3, 4, 12])] })).toBe('committed');
      const positions = async (after: number, limit: number): Promise<readonly number[]> =>
        (await store.log(call.id, after, limit)).map(({ position }) => position);
      expect(await positions(0, 3)).toEqual([2, 5, 6]);
      expect(await positions(3, 2)).toEqual([5, 6]);
      expect(await positions(11, 10)).toEqual([13]);
      expect(await store.log(call.id, 12, 10)).toEqual([entry(13)]);
      const all = Array.from({ length: 13 }, (_, n) => n + 1);
      await commit({ writes: [write(call, 2, [entry(14)], all)] });
      expect(await positions(0, 10)).toEqual([14]);
    });

    it('reads many calls at once, of any pairs, in the order asked for', async () => {
      const [first, second] = [await begin(1), await begin(2, 1)];
      const ids = [second.id, 'none', first.id, callIdOf(`${tag}x`, 'none'), second.id];
      const read = await store.readAll(ids);
      expect(read.map(({ stored }) => stored?.call.id ?? null)).toEqual([second.id, null, first.id, null, second.id]);
      expect(read[0]?.stored).toEqual((await store.read(second.id)).stored);
      expect(read.every(({ time }) => time.now >= now)).toBe(true);
      expect(await store.readAll([])).toEqual([]);
    });

    it('has no call that it was not given, whatever its id looks like', async () => {
      for (const id of [callIdOf(tag, 'none'), 'none', '', '.', `${tag}.`, '__proto__.x', `${tag}.*`, '{x}.y']) {
        expect((await store.read(id)).stored).toBeNull();
        expect(await store.log(id, 0, 10)).toEqual([]);
      }
    });

    it('tells what a pair has: the latest call of each starter, and what a start came to', async () => {
      const first = await begin(1);
      expect(await store.readPair(tag, 'key-1')).toMatchObject({
        version: 1,
        calls: [{ call: { id: first.id }, version: 1 }],
        start: recordOf(first),
      });
      const second = create(2, 'bob').call;
      await commit({ writes: [write(second, 0)], start: start(second, 1, 'bob') });
      const third = await begin(3, 2);
      const pair = await store.readPair(tag, 'key-9');
      expect(pair.calls.map(({ call }) => call.id).sort()).toEqual([second.id, third.id].sort());
      expect(pair.start).toBeNull();
      expect(pair.version).toBe(3);
    });

    it('records a start that adopted a call without making that call the latest of its starter', async () => {
      const call = await begin(1);
      const adopted = { ...call, startKeys: [...call.startKeys, 'key-2'] };
      const record = { ...recordOf(call), outcome: 'ADOPTED' as const };
      await commit({
        writes: [write(adopted, 1)],
        start: { pairVersion: 1, starter: 'bob', key: 'key-2', record },
      });
      const pair = await store.readPair(tag, 'key-2');
      expect(pair.start).toEqual(record);
      expect(pair.calls).toEqual([{ call: adopted, version: 2 }]);
    });

    it('commits against the version that a change was made from, and no other', async () => {
      const call = await begin();
      const rung: Call = { ...call, state: 'RINGING' };
      expect(await commit({ writes: [write(rung, 2)] })).toBe('stale');
      expect(await commit({ writes: [write(rung, 0)] })).toBe('stale');
      expect(await commit({ writes: [write(rung, 1, [entry(2)])] })).toBe('committed');
      expect(await commit({ writes: [write(call, 1)] })).toBe('stale');
      expect((await store.read(call.id)).stored).toEqual({ call: rung, version: 2 });
      expect(await store.log(call.id, 1, 10)).toEqual([entry(2)]);
    });

    it('commits a start against the pair as it was read', async () => {
      await begin(1);
      const { call } = create(2);
      for (const version of [0, 2])
        expect(await commit({ writes: [write(call, 0)], start: start(call, version) })).toBe('stale');
      expect((await store.read(call.id)).stored).toBeNull();
    });

    it('does all of a change or nothing', async () => {
      const call = await begin(1);
      const next = create(2).call;
      const writes = [write(next, 0), write({ ...call, state: 'ENDED' }, 7, [entry(2)])];
      expect(await commit({ writes, start: start(next, 1) })).toBe('stale');
      expect((await store.read(next.id)).stored).toBeNull();
      expect((await store.readPair(tag, 'key-2')).start).toBeNull();
      expect(await store.log(call.id, 1, 10)).toEqual([]);
    });

    it('lets one of 20 commits at once through', async () => {
      const call = await begin();
      const all = await Promise.all(
        Array.from({ length: 20 }, (_, n) =>
          commit({ writes: [write({ ...call, attachment: `${n}` }, 1, [entry(2)])] }),
        ),
      );
      expect(all.filter((outcome) => outcome === 'committed')).toHaveLength(1);
      expect(await store.log(call.id, 1, 100)).toHaveLength(1);
    });

    it('lets one of 20 starts at once through, whoever starts', async () => {
      const all = await Promise.all(
        Array.from({ length: 20 }, (_, n) => {
          const starter = n % 2 ? 'alice' : 'bob';
          const { call, entries } = create(n, starter);
          return commit({ writes: [write(call, 0, entries)], start: start(call, 0, starter) });
        }),
      );
      expect(all.filter((outcome) => outcome === 'committed')).toHaveLength(1);
      expect((await store.readPair(tag, 'none')).calls).toHaveLength(1);
    });

    it('is late past the last moment, by its own clock, and not on it', async () => {
      const call = await begin();
      const read = await store.read(call.id);
      expect(await commit({ writes: [write(call, 1)], notAfter: read.time.now + 60_000 })).toBe('committed');
      expect(await commit({ writes: [write(call, 2)], notAfter: read.time.now - 1 })).toBe('late');
      await under.pass(50);
      expect(await commit({ writes: [write(call, 2)], notAfter: read.time.now })).toBe('late');
      expect((await store.read(call.id)).stored?.version).toBe(2);
    });

    it('drops the log together with everything else that a purged call has lost', async () => {
      const call = await begin();
      await commit({ writes: [write({ ...call, purged: true, attachment: null }, 1)] });
      expect(await store.log(call.id, 0, 10)).toEqual([]);
      expect((await store.read(call.id)).stored?.call.attachment).toBeNull();
    });

    it('names the calls that are due, the longest past first, until they are set anew', async () => {
      const [first, second, third] = [await begin(1), await begin(2, 1), await begin(3, 2)];
      const due = (call: Call, version: number, dueAt: number | null): ReturnType<CallStore['commit']> =>
        commit({ writes: [{ ...write(call, version), dueAt }] });
      await due(first, 1, now - 1_000);
      await due(second, 1, now - 2_000);
      await due(third, 1, now + 60_000);
      const ours = async (limit = 100): Promise<readonly string[]> =>
        (await store.due(limit)).filter((id) => id.startsWith(tag));
      expect(await ours()).toEqual([second.id, first.id]);
      expect(await ours(1)).toEqual([second.id]);
      await store.schedule(second.id, now + 60_000);
      await due(first, 2, null);
      expect(await ours()).toEqual([]);
      await store.schedule(third.id, now - 1);
      expect(await ours()).toEqual([third.id]);
      await store.schedule(third.id, null);
      expect(await ours()).toEqual([]);
    });

    it('forgets a call at its time, with its log and its starts, and nothing else', async () => {
      const [gone, kept] = [await begin(1), await begin(2, 1)];
      const expiresAt = (await store.read(gone.id)).time.now + 200;
      await commit({ writes: [{ ...write(gone, 1), expiresAt }] });
      expect((await store.read(gone.id)).stored?.version).toBe(2);
      await under.pass(250);
      expect((await store.read(gone.id)).stored).toBeNull();
      expect(await store.log(gone.id, 0, 10)).toEqual([]);
      expect((await store.readPair(tag, 'key-1')).start).toBeNull();
      expect(await store.readPair(tag, 'key-2')).toMatchObject({ start: { callId: kept.id }, calls: [{}] });
    });

    it('keeps the pairs apart', async () => {
      await begin();
      expect(await store.readPair(`${tag}x`, 'key-1')).toMatchObject({ version: 0, calls: [], start: null });
    });
  });
}
