import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { inspect } from 'node:util';
import {
  createHttpDirectory,
  type HttpDirectory,
  type HttpDirectoryOptions,
} from '../../src/directory/http-directory.js';
import type { ServiceError } from '../../src/http/client.js';
import { SignalingError } from '../../src/errors.js';
import { systemClock } from '../../src/ports.js';
import { createSetClock, type SetClock } from '../identity/clock.js';
import { outcomeOf } from '../identity/outcome.js';
import { startFakeDirectory, type DirectoryMode, type FakeDirectory } from '../support/fake-directory.js';

let clock: SetClock;
let service: FakeDirectory;
let directory: HttpDirectory;
let failures: ServiceError[];
const opened: HttpDirectory[] = [];

beforeEach(async () => {
  clock = createSetClock();
  service = await startFakeDirectory();
  service.accounts.set('a1', [{ id: 'd1', name: 'Pixel', active: true }]);
  failures = [];
  directory = open();
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()));
  await service.close();
});

function open(options: Partial<HttpDirectoryOptions> = {}): HttpDirectory {
  const one = createHttpDirectory({
    url: service.url,
    clock,
    onFailure: (error) => failures.push(error),
    ...options,
  });
  opened.push(one);
  return one;
}

const outcome = (accountId: string, of = directory): Promise<string> => outcomeOf(of.devicesOf([accountId]));
const D1 = { id: 'd1', name: 'Pixel', active: true };
const DOWN: [DirectoryMode, ServiceError['reason']][] = [
  ['error', 'status'],
  ['redirect', 'status'],
  ['hang', 'timeout'],
  ['garbage', 'malformed'],
  ['huge', 'too_large'],
];

describe('the device directory', () => {
  it('tells the devices of each account in the order asked, none of an account it does not know', async () => {
    service.accounts.set('a2', [{ id: 'd2', active: false }]);
    expect(await directory.devicesOf(['a2', 'unknown', 'a1'])).toEqual([
      [{ id: 'd2', name: null, active: false }],
      [],
      [D1],
    ]);
    expect(service.requests).toEqual([['a2', 'unknown', 'a1']]);
  });

  it('is asked within what is left of its time, which by the clock of a server is no whole number', async () => {
    const real = open({ clock: systemClock });
    expect(await real.devicesOf(['a1'])).toEqual([[D1]]);
    expect(failures).toEqual([]);
  });

  it('is asked once for all accounts that are wanted at the same time, each named once', async () => {
    const wanted = Array.from({ length: 90 }, (_, i) => `a${i % 30}`);
    await Promise.all(wanted.map((accountId) => directory.devicesOf([accountId])));
    expect(service.requests).toEqual([wanted.slice(0, 30)]);
  });

  it('is asked for at most 100 accounts in one request', async () => {
    await directory.devicesOf(Array.from({ length: 250 }, (_, i) => `a${i}`));
    expect(service.requests.map((request) => request.length).sort()).toEqual([100, 100, 50]);
  });

  it('is asked in smaller parts when an answer does not fit into 64 KiB', async () => {
    const accounts = Array.from({ length: 100 }, (_, i) => `big-${i}`);
    const devices = Array.from({ length: 10 }, (_, i) => ({ id: `d${i}`, name: 'n'.repeat(100), active: true }));
    for (const account of accounts) service.accounts.set(account, devices);
    const answers = await directory.devicesOf(accounts);
    expect(answers).toEqual(accounts.map(() => devices));
    expect(directory.degraded()).toBe(false);
  });

  it('is not asked again for a minute', async () => {
    await directory.devicesOf(['a1']);
    clock.advanceSeconds(59);
    await directory.devicesOf(['a1']);
    expect(service.requests).toHaveLength(1);
    clock.advanceSeconds(1);
    await directory.devicesOf(['a1']);
    expect(service.requests).toHaveLength(2);
  });

  it('is asked earlier by whoever needs a newer answer, and all have that one from then on', async () => {
    await directory.devicesOf(['a1']);
    service.accounts.set('a1', []);
    clock.advanceSeconds(5);
    expect(await directory.devicesOf(['a1'])).toEqual([[D1]]);
    expect(await directory.devicesOf(['a1'], 5_000)).toEqual([[]]);
    expect(await directory.devicesOf(['a1'])).toEqual([[]]);
    expect(service.requests).toHaveLength(2);
  });

  it('may call accounts as JavaScript calls its own things', async () => {
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];
    for (const name of names) service.accounts.set(name, [{ id: name, active: true }]);
    expect(await directory.devicesOf(names)).toEqual(names.map((id) => [{ id, name: null, active: true }]));
  });

  it.each<[string, object]>([
    ['no list', {}],
    ['a device without an id', [{ active: true }]],
    ['a device with an id that none can have', [{ id: 'line\nbreak', active: true }]],
    ['a device that may be active', [{ id: 'd1', active: 'yes' }]],
    ['a device that is null', [null]],
  ])('that answers %s is down for that account only', async (_what, entry) => {
    service.accounts.set('bad', entry);
    const [bad, good] = await Promise.all([outcome('bad'), directory.devicesOf(['a1'])]);
    expect(bad).toBe('CALL_UNAVAILABLE');
    expect(good).toEqual([[D1]]);
    expect(failures.map((failure) => failure.reason)).toEqual(['malformed']);
  });

  it('whose answer for one of 40 accounts does not fit into 64 KiB is down for that account only', async () => {
    const accounts = Array.from({ length: 40 }, (_, i) => `a${i}`);
    const devices = Array.from({ length: 400 }, (_, i) => ({ id: `d${i}`, name: 'n'.repeat(200), active: true }));
    service.accounts.set('a17', devices);
    const outcomes = await Promise.all(accounts.map((accountId) => outcome(accountId)));
    expect(outcomes.flatMap((code, i) => (code === 'ok' ? [] : [`a${i} ${code}`]))).toEqual(['a17 CALL_UNAVAILABLE']);
    expect(directory.degraded()).toBe(false);
    expect(new Set(failures.map((failure) => failure.reason))).toEqual(new Set(['too_large']));
  });

  it('that leaves out an account it was asked for has not answered for it', async () => {
    service.omitted.add('a1');
    expect(await outcome('a1')).toBe('CALL_UNAVAILABLE');
  });

  it('may be at a host that has to be looked up first', async () => {
    const named = open({ url: service.url.replace('127.0.0.1', 'localhost') });
    expect(await Promise.all([named.devicesOf(['a1']), named.devicesOf(['a1'], 0)])).toEqual([[[D1]], [[D1]]]);
  });

  it('is not spoken to over plain HTTP in production', () => {
    expect(() => open({ production: true })).toThrow(TypeError);
    expect(() => open({ url: 'ftp://127.0.0.1/devices' })).toThrow(TypeError);
  });
});

describe('a device directory that is down', () => {
  it.each(DOWN)('because it answers with "%s" leaves its last answers in use for 15 minutes', async (mode, reason) => {
    await directory.devicesOf(['a1']);
    service.mode = mode;
    for (let minute = 1; minute < 15; minute += 1) clock.advanceSeconds(60);
    expect(await directory.devicesOf(['a1'])).toEqual([[D1]]);
    expect(directory.degraded()).toBe(true);
    expect(await outcome('never asked')).toBe('CALL_UNAVAILABLE');
    clock.advanceSeconds(60);
    expect(await outcome('a1')).toBe('CALL_UNAVAILABLE');
    expect(new Set(failures.map((failure) => failure.reason))).toEqual(new Set([reason]));

    service.mode = 'ok';
    clock.advanceSeconds(1);
    expect(await directory.devicesOf(['a1'])).toEqual([[D1]]);
    expect(directory.degraded()).toBe(false);
  });

  it('because nothing listens there leaves its last answers in use', async () => {
    await directory.devicesOf(['a1']);
    await service.close();
    clock.advanceSeconds(60);
    expect(await directory.devicesOf(['a1'])).toEqual([[D1]]);
    expect(failures.map(({ reason, httpStatus }) => [reason, httpStatus])).toEqual([['connection', null]]);
  });

  it('is left alone for a second after three failures in a row', async () => {
    service.mode = 'error';
    for (let i = 0; i < 10; i += 1) expect(await outcome('a1')).toBe('CALL_UNAVAILABLE');
    expect(service.requests).toHaveLength(3);
    clock.advanceSeconds(1);
    for (let i = 0; i < 10; i += 1) await outcome('a1');
    expect(service.requests).toHaveLength(4);
  });

  it('says nothing about itself in the error', async () => {
    service.mode = 'error';
    const error: unknown = await directory.devicesOf(['a1']).catch((thrown: unknown) => thrown);
    expect(error).toEqual(new SignalingError('CALL_UNAVAILABLE'));
    expect(inspect([error, failures])).not.toContain('127.0.0.1');
    expect(failures.map((failure) => failure.message)).toEqual(['service: status 500']);
  });

  it('cannot bring back a device that it said was removed', async () => {
    await directory.devicesOf(['a1']);
    clock.advanceSeconds(60);
    service.accounts.set('a1', []);
    expect(await directory.devicesOf(['a1'])).toEqual([[]]);
    service.mode = 'error';
    clock.advanceSeconds(600);
    expect(await directory.devicesOf(['a1'])).toEqual([[]]);
  });
});
