import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createHttpDirectory, type HttpDirectory } from '../../src/directory/http-directory.js';
import { createDeviceNames } from '../../src/graphql/device-names.js';
import { asDirectory } from '../../src/host/directory.js';
import { startFakeDirectory, type FakeDirectory } from '../support/fake-directory.js';

/** More than 64 KiB on its own. */
const HUGE = Array.from({ length: 400 }, (_, i) => ({ id: `d${i}`, name: 'n'.repeat(200), active: true }));
const ACCOUNTS = Array.from({ length: 39 }, (_, i) => `a${i}`);

let service: FakeDirectory;
let directory: HttpDirectory;
beforeEach(async () => {
  service = await startFakeDirectory();
  for (const account of ACCOUNTS) service.accounts.set(account, [{ id: 'd', name: `of ${account}`, active: true }]);
  directory = createHttpDirectory({ url: service.url });
});
afterEach(async () => {
  await directory.close();
  await service.close();
});

/** By the directory as operations have it. */
const names = (accounts: readonly string[]): Promise<readonly (string | null)[]> => {
  const nameOf = createDeviceNames(asDirectory(directory, { onDefect: () => undefined }));
  return Promise.all(accounts.map((accountId) => nameOf({ accountId, id: 'd' })));
};

describe('names of devices of many accounts', () => {
  it('share a request, and each account is asked for once', async () => {
    const wanted = Array.from({ length: 200 }, (_, i) => `a${i % 3}`);
    expect(await names(wanted)).toEqual(wanted.map((account) => `of ${account}`));
    expect(service.requests).toEqual([['a0', 'a1', 'a2']]);
  });

  it.each<[string, object]>([
    ['does not fit into 64 KiB', HUGE],
    ['is malformed', { devices: 'none' }],
  ])('are all there but that of the account whose answer %s', async (_what, entry) => {
    service.accounts.set('odd', entry);
    const told = await names([...ACCOUNTS.slice(0, 20), 'odd', ...ACCOUNTS.slice(20)]);
    const expected = ACCOUNTS.map((account) => `of ${account}`);
    expect(told).toEqual([...expected.slice(0, 20), null, ...expected.slice(20)]);
  });

  it('do not wait for an account whose answer does not come', async () => {
    const heard: string[] = [];
    const nameOf = createDeviceNames({
      devicesOf: ([accountId = '']) =>
        accountId === 'odd'
          ? new Promise(() => undefined)
          : Promise.resolve([[{ id: 'd', name: `of ${accountId}`, active: true }]]),
    });
    void nameOf({ accountId: 'odd', id: 'd' }).then(() => heard.push('odd'));
    expect(await nameOf({ accountId: 'a1', id: 'd' })).toBe('of a1');
    expect(heard).toEqual([]);
  });
});
