import { describe, expect, it } from '@jest/globals';
import { inspect } from 'node:util';
import { asAuthenticator, asDirectory, type HostAuthenticator, type HostDirectory } from '../../src/directory/host.js';
import { SignalingError } from '../../src/errors.js';
import type { Viewer } from '../../src/identity/viewer.js';
import { outcomeOf } from '../identity/outcome.js';

const VIEWER: Viewer = { accountId: 'a1', deviceId: 'd1', issuedAt: 0, expiresAt: 1 };
const DEVICES = [{ id: 'd1', name: null, active: true }];
const SECRET = 'connect ECONNREFUSED 10.0.0.5:5432';

function fail(): never {
  throw new Error(SECRET);
}
const never = (): Promise<never> => new Promise(() => undefined);

describe('a host’s own authenticator', () => {
  it('is a function or an object', async () => {
    const object = {
      tokens: new Map([['token', VIEWER]]),
      authenticate(token: string): Promise<Viewer> {
        return Promise.resolve(this.tokens.get(token)!);
      },
    };
    for (const given of [() => VIEWER, () => Promise.resolve(VIEWER), object]) {
      expect(await asAuthenticator(given).authenticate('token')).toEqual(VIEWER);
    }
  });

  it('refuses a token by null or by an error made for clients', async () => {
    const refuse = (): never => {
      throw new SignalingError('CALL_UNAUTHORIZED');
    };
    for (const given of [() => null, () => Promise.resolve(null), refuse]) {
      expect(await outcomeOf(asAuthenticator(given).authenticate('token'))).toBe('CALL_UNAUTHORIZED');
    }
  });

  it.each<[string, HostAuthenticator]>([
    ['throws', fail],
    ['rejects', () => Promise.reject(new Error(SECRET))],
    ['never answers', never],
    ['answers undefined', () => undefined as never],
    ['answers without a device', () => ({ ...VIEWER, deviceId: undefined }) as never],
    ['answers with an id that none can have', () => ({ ...VIEWER, accountId: 'line\nbreak' })],
    ['answers with an expiry that is no time', () => ({ ...VIEWER, expiresAt: Number.NaN })],
  ])('that %s is unavailable, and only the host is told why', async (_what, given) => {
    const failures: unknown[] = [];
    const authenticator = asAuthenticator(given, { timeoutMs: 50, onFailure: (error) => failures.push(error) });
    const error: unknown = await authenticator.authenticate('token').catch((thrown: unknown) => thrown);
    expect(error).toEqual(new SignalingError('CALL_UNAVAILABLE'));
    expect(inspect(error)).not.toContain(SECRET);
    expect(failures).toHaveLength(1);
  });
});

describe('a host’s own directory', () => {
  it('is a function or an object, and is told how old an answer may be', async () => {
    const asked: unknown[] = [];
    const object = {
      devices: DEVICES,
      devicesOf(accountIds: readonly string[], maxAgeMs?: number) {
        asked.push([accountIds, maxAgeMs]);
        return Promise.resolve(accountIds.map((id) => (id === 'a1' ? this.devices : null)));
      },
    };
    expect(await asDirectory(object).devicesOf(['a1', 'a2'], 5_000)).toEqual([DEVICES, null]);
    expect(await asDirectory(() => Promise.resolve([DEVICES])).devicesOf(['a1'])).toEqual([DEVICES]);
    expect(asked).toEqual([[['a1', 'a2'], 5_000]]);
  });

  it.each<[string, HostDirectory]>([
    ['throws', fail],
    ['rejects', () => Promise.reject(new Error(SECRET))],
    ['never answers', never],
    ['answers for too few accounts', () => Promise.resolve([])],
    ['answers undefined for an account', () => Promise.resolve([undefined] as never)],
    ['answers devices that are none', () => Promise.resolve([[{ id: 'd1' }]] as never)],
  ])('that %s is unavailable, and only the host is told why', async (_what, given) => {
    const failures: unknown[] = [];
    const directory = asDirectory(given, { timeoutMs: 50, onFailure: (error) => failures.push(error) });
    const error: unknown = await directory.devicesOf(['a1']).catch((thrown: unknown) => thrown);
    expect(error).toEqual(new SignalingError('CALL_UNAVAILABLE'));
    expect(inspect(error)).not.toContain(SECRET);
    expect(failures).toHaveLength(1);
  });
});
