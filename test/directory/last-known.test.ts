import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Keyv } from 'keyv';
import {
  createHttpDirectory,
  type HttpDirectory,
  type HttpDirectoryOptions,
} from '../../src/directory/http-directory.js';
import { createSetClock, type SetClock } from '../identity/clock.js';
import { eventually } from '../identity/eventually.js';
import { outcomeOf } from '../identity/outcome.js';
import { startFakeDirectory, type FakeDirectory } from '../support/fake-directory.js';

const D1 = { id: 'd1', name: 'Pixel', active: true };

let clock: SetClock;
let service: FakeDirectory;
const opened: HttpDirectory[] = [];

beforeEach(async () => {
  // Keyv drops what is too old by the system's clock.
  clock = createSetClock(Date.now());
  service = await startFakeDirectory();
  service.accounts.set('a1', [D1]);
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()));
  await service.close();
});

/** A process that asks the directory, and has nothing in its memory yet. */
function open(options: Partial<HttpDirectoryOptions>): HttpDirectory {
  const one = createHttpDirectory({ url: service.url, clock, ...options });
  opened.push(one);
  return one;
}

const outcome = (accountId: string, of: HttpDirectory): Promise<string> => outcomeOf(of.devicesOf([accountId]));

describe('last known answers in a cache', () => {
  /** A cache whose entries can be looked at. */
  function createCache(): { cache: Keyv; entries: Map<string, string> } {
    const entries = new Map<string, string>();
    return { cache: new Keyv({ store: entries }), entries };
  }

  it('outlive the process that asked', async () => {
    const { cache, entries } = createCache();
    await open({ cache }).devicesOf(['a1']);
    await eventually(() => entries.size === 1);
    service.mode = 'error';
    const restarted = open({ cache });
    clock.advanceSeconds(899);
    expect(await restarted.devicesOf(['a1'])).toEqual([[D1]]);
    clock.advanceSeconds(1);
    expect(await outcome('a1', restarted)).toBe('CALL_UNAVAILABLE');
  });

  it('do not stand against what the directory says now', async () => {
    const { cache, entries } = createCache();
    await open({ cache }).devicesOf(['a1']);
    await eventually(() => entries.size === 1);
    service.accounts.set('a1', []);
    expect(await open({ cache }).devicesOf(['a1'])).toEqual([[]]);
  });

  it('tell a process that a device was removed after it asked itself', async () => {
    const { cache, entries } = createCache();
    const early = open({ cache });
    await early.devicesOf(['a1']);
    await eventually(() => entries.size === 1);
    const before = [...entries.values()][0];
    service.accounts.set('a1', [{ ...D1, active: false }]);
    clock.advanceSeconds(60);
    await open({ cache }).devicesOf(['a1']);
    await eventually(() => [...entries.values()][0] !== before);
    service.mode = 'error';
    expect(await early.devicesOf(['a1'])).toEqual([[{ ...D1, active: false }]]);
  });

  it('are not written again each time a stream asks and hears the same', async () => {
    const { cache } = createCache();
    let writes = 0;
    cache.hooks.addHandler('preSet', () => (writes += 1));
    const one = open({ cache });
    for (let i = 0; i < 12; i += 1) {
      await one.devicesOf(['a1'], 5_000);
      clock.advanceSeconds(5);
    }
    expect(service.requests).toHaveLength(12);
    expect(writes).toBe(1);
    service.accounts.set('a1', []);
    await one.devicesOf(['a1'], 5_000);
    await eventually(() => writes === 2);
  });

  it('are kept under names in which no account can be read', async () => {
    const { cache, entries } = createCache();
    service.accounts.set('alice@example.com', []);
    await open({ cache }).devicesOf(['alice@example.com']);
    await open({ cache, cacheName: () => 'pseudonym' }).devicesOf(['alice@example.com']);
    await eventually(() => entries.size === 2);
    expect([...entries.keys()].join()).not.toContain('alice');
    expect([...entries.keys()].join()).toContain('pseudonym');
  });

  it('that belong to another account, or are nothing of ours, are not used', async () => {
    const { cache, entries } = createCache();
    const one = open({ cache });
    await one.devicesOf(['a1', 'a2']);
    await eventually(() => entries.size === 2);
    const [a1, a2] = [...entries.keys()];
    entries.set(a2!, entries.get(a1!)!);
    entries.set(a1!, '{"value":{"account":"a1","devices":"all"}}');
    service.mode = 'error';
    const restarted = open({ cache });
    expect(await outcome('a1', restarted)).toBe('CALL_UNAVAILABLE');
    expect(await outcome('a2', restarted)).toBe('CALL_UNAVAILABLE');
  });

  it('are done without when the cache never answers or only fails', async () => {
    const never = (): Promise<never> => new Promise(() => undefined);
    const fails = (): Promise<never> => Promise.reject(new Error('connect ECONNREFUSED 10.0.0.5:6379'));
    for (const broken of [never, fails]) {
      const store = { opts: {}, on: () => store, get: broken, set: broken, delete: broken, clear: broken };
      const one = open({ cache: new Keyv({ store, throwOnErrors: true }) });
      service.mode = 'ok';
      expect(await one.devicesOf(['a1'])).toEqual([[D1]]);
      service.mode = 'error';
      clock.advanceSeconds(60);
      expect(await one.devicesOf(['a1'])).toEqual([[D1]]);
      expect(await outcome('a2', one)).toBe('CALL_UNAVAILABLE');
    }
  });
});
