import { afterEach, beforeEach, describe, it, expect } from '@jest/globals';
import type { AccountIndex, IndexedCall } from '../../src/call/ports.js';

export interface AccountIndexUnderTest {
  readonly index: AccountIndex;
  readonly stop: () => Promise<void>;
}

let made = 0;

const idsOf = (entries: readonly IndexedCall[]): readonly string[] => entries.map(({ callId }) => callId);

/** What every index of the calls of an account promises. */
export function accountIndexContract(name: string, make: () => Promise<AccountIndexUnderTest>): void {
  describe(`the index of accounts in ${name}`, () => {
    let under: AccountIndexUnderTest;
    let index: AccountIndex;
    let alice: string;
    let bob: string;
    beforeEach(async () => {
      under = await make();
      ({ index } = under);
      [alice, bob] = [`alice-${made}`, `bob-${made}`];
      made++;
    });
    afterEach(() => under.stop());

    it('has the calls of each account, live until they are retired, and then as past ones', async () => {
      await index.enter([alice, bob], 'call-1');
      await index.enter([alice], 'call-2');
      await index.retire([alice], 'call-1');
      expect(idsOf(await index.live(alice))).toEqual(['call-2']);
      expect(idsOf(await index.live(bob))).toEqual(['call-1']);
      const recent = await index.recent(alice, 10);
      expect(recent.map(({ callId, live }) => [callId, live]).sort()).toEqual([
        ['call-1', false],
        ['call-2', true],
      ]);
    });

    it('gives the live ones and as many past ones as asked for, and none to an account that has none', async () => {
      for (let n = 0; n < 7; n++) await index.enter([alice], `call-${n}`);
      for (let n = 0; n < 5; n++) await index.retire([alice], `call-${n}`);
      expect(idsOf(await index.recent(alice, 3))).toEqual(['call-6', 'call-5', 'call-4', 'call-3', 'call-2']);
      expect(await index.recent(`${alice}x`, 3)).toEqual([]);
      expect(await index.live(`${alice}x`)).toEqual([]);
    });

    it('does not mind what it does not know', async () => {
      await index.retire([alice], 'none');
      await index.freePlace(alice, 'none');
      expect(await index.recent(alice, 3)).toEqual([]);
    });

    it('takes a call that it retired for live when it is entered again', async () => {
      await index.enter([alice], 'call-1');
      await index.retire([alice], 'call-1');
      await index.enter([alice], 'call-1');
      expect(idsOf(await index.live(alice))).toEqual(['call-1']);
      expect(await index.recent(alice, 10)).toHaveLength(1);
    });

    it('keeps to the first claim of a name', async () => {
      const first = { hash: 'h1', callId: 'c1' };
      expect(await index.claimStart(alice, 'key', first)).toEqual(first);
      expect(await index.claimStart(alice, 'key', { hash: 'h2', callId: 'c2' })).toEqual(first);
      expect(await index.claimStart(bob, 'key', { hash: 'h2', callId: 'c2' })).toEqual({ hash: 'h2', callId: 'c2' });
    });

    it('keeps a claim whose start came to a call', async () => {
      const claim = { hash: 'h1', callId: 'c1' };
      await index.claimStart(alice, 'key', claim);
      await index.keepStart(alice, 'key', claim);
      expect(await index.claimStart(alice, 'key', { hash: 'h2', callId: 'c2' })).toEqual(claim);
    });

    it('notes bytes up to a limit, names who has the most, and gives back what a retired call had', async () => {
      for (const callId of ['call-1', 'call-2', 'call-3']) await index.enter([alice, bob], callId);
      expect(await index.takeBytes(alice, 'call-1', 300, 1_000)).toBeNull();
      expect(await index.takeBytes(alice, 'call-2', 600, 1_000)).toBeNull();
      expect((await index.takeBytes(alice, 'call-3', 101, 1_000))?.slice(0, 2)).toEqual(['call-2', 'call-1']);
      expect(await index.takeBytes(bob, 'call-3', 1_000, 1_000)).toBeNull();
      expect(await index.takeBytes(alice, 'call-2', 500, 1_000)).toBeNull();
      expect(await index.takeBytes(alice, 'call-3', 200, 1_000)).toBeNull();
      expect(await index.takeBytes(alice, 'call-1', 301, 1_000)).not.toBeNull();
      await index.retire([alice], 'call-2');
      expect(await index.takeBytes(alice, 'call-1', 800, 1_000)).toBeNull();
    });

    it('gives room for 1,000 bytes to ten of 20 calls that want 100 at once', async () => {
      for (let n = 0; n < 20; n++) await index.enter([alice], `call-${n}`);
      const all = await Promise.all(
        Array.from({ length: 20 }, (_, n) => index.takeBytes(alice, `call-${n}`, 100, 1_000)),
      );
      expect(all.filter((others) => others === null)).toHaveLength(10);
    });

    it('tells how old an entry is by its own clock', async () => {
      await index.enter([alice], 'call-1');
      const [entry] = await index.live(alice);
      expect(entry?.ageMs).toBeGreaterThanOrEqual(0);
      expect(entry?.ageMs).toBeLessThan(60_000);
    });

    it('gives out as many places as there are, to 20 who come at once', async () => {
      const all = await Promise.all(Array.from({ length: 20 }, (_, n) => index.takePlace(alice, `call-${n}`, 4)));
      expect(all.filter((holders) => holders === null)).toHaveLength(4);
      expect(all.find((holders) => holders !== null)).toHaveLength(4);
    });

    it('gives a place that was freed to another, and one to the same call once', async () => {
      for (const callId of ['call-1', 'call-2', 'call-1']) expect(await index.takePlace(alice, callId, 2)).toBeNull();
      const holders = await index.takePlace(alice, 'call-3', 2);
      expect(holders?.map(({ callId }) => callId).sort()).toEqual(['call-1', 'call-2']);
      await index.freePlace(alice, 'call-1');
      expect(await index.takePlace(alice, 'call-3', 2)).toBeNull();
      expect(await index.takePlace(bob, 'call-1', 2)).toBeNull();
    });
  });
}
