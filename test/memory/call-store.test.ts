import { describe, it, expect } from '@jest/globals';
import { MemoryAccountIndex } from '../../src/memory/account-index.js';
import { MemoryCallStore } from '../../src/memory/call-store.js';
import { MemoryPresence } from '../../src/memory/presence.js';
import { accountIndexContract } from '../contract/account-index.js';
import { callStoreContract } from '../contract/call-store.js';
import { presenceContract } from '../contract/presence.js';
import { SetClock } from '../support/clock.js';

const HOUR = 60 * 60 * 1000;

callStoreContract('memory', () => {
  const clock = new SetClock();
  const store = new MemoryCallStore(clock);
  const pass = (ms: number): Promise<void> => Promise.resolve(clock.jump(ms));
  return Promise.resolve({ store, pass, stop: () => store.close() });
});

accountIndexContract('memory', () =>
  Promise.resolve({ index: new MemoryAccountIndex(new SetClock()), stop: () => Promise.resolve() }),
);

presenceContract('memory', () =>
  Promise.resolve({ presence: new MemoryPresence(new SetClock()), stop: () => Promise.resolve() }),
);

describe('a store in memory', () => {
  it('takes a process that stood still for more than 5 s for an outage, once it has a heartbeat', async () => {
    const clock = new SetClock();
    const store = new MemoryCallStore(clock);
    const outages = async (): Promise<unknown> => (await store.read('none')).time.outages;
    clock.jump(HOUR);
    expect(await outages()).toEqual([]);
    await store.beat();
    clock.jump(5_000);
    expect(await outages()).toEqual([]);
    const from = clock.now() - 5_000;
    clock.jump(1);
    expect(await outages()).toEqual([{ from, to: clock.now() }]);
    const to = clock.now();
    await store.beat();
    clock.jump(1_000);
    await store.beat();
    expect(await outages()).toEqual([{ from, to }]);
  });
});

describe('an index in memory', () => {
  it('forgets a call a day after it was retired, newest first until then', async () => {
    const clock = new SetClock();
    const index = new MemoryAccountIndex(clock);
    const ids = async (): Promise<readonly string[]> => (await index.recent('alice', 10)).map(({ callId }) => callId);
    await index.enter(['alice'], 'first');
    clock.jump(1_000);
    await index.enter(['alice'], 'second');
    await index.retire(['alice'], 'first');
    clock.jump(24 * HOUR - 1);
    expect(await ids()).toEqual(['second', 'first']);
    clock.jump(1);
    expect(await ids()).toEqual(['second']);
    expect(await index.live('alice')).toHaveLength(1);
  });

  it('lets a name be claimed anew after ten minutes, and after two days when its start came to a call', async () => {
    const clock = new SetClock();
    const index = new MemoryAccountIndex(clock);
    const [first, second] = [
      { hash: '1', callId: '1' },
      { hash: '2', callId: '2' },
    ];
    await index.claimStart('alice', 'refused', first);
    await index.claimStart('alice', 'key', first);
    await index.keepStart('alice', 'key', first);
    clock.jump(10 * 60 * 1000 - 1);
    expect(await index.claimStart('alice', 'refused', second)).toEqual(first);
    clock.jump(1);
    expect(await index.claimStart('alice', 'refused', second)).toEqual(second);
    clock.jump(48 * HOUR - 10 * 60 * 1000 - 1);
    expect(await index.claimStart('alice', 'key', second)).toEqual(first);
    clock.jump(1);
    expect(await index.claimStart('alice', 'key', second)).toEqual(second);
  });
});

describe('presence in memory', () => {
  it('remembers when a stream was last there, for two minutes', async () => {
    const clock = new SetClock();
    const presence = new MemoryPresence(clock);
    const phone = { accountId: 'alice', deviceId: 'phone' };
    await presence.enter(phone, 's1', 1);
    clock.jump(HOUR);
    expect(await presence.devicesOf('alice')).toEqual([{ deviceId: 'phone', streaming: true, seenAt: clock.now() }]);
    await presence.leave(phone, 's1');
    const leftAt = clock.now();
    clock.jump(119_999);
    expect(await presence.devicesOf('alice')).toEqual([{ deviceId: 'phone', streaming: false, seenAt: leftAt }]);
    clock.jump(1);
    await presence.enter({ accountId: 'bob', deviceId: 'phone' }, 's2', 2);
    expect(await presence.devicesOf('alice')).toEqual([]);
  });
});
