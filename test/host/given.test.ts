import { describe, expect, it } from '@jest/globals';
import { inspect } from 'node:util';
import { SignalingError } from '../../src/errors.js';
import { asLogin, type HostAuthenticator } from '../../src/host/authenticator.js';
import { HostCallbackError } from '../../src/host/callback.js';
import { asDirectory, type HostDirectory } from '../../src/host/directory.js';
import { asPolicy, type HostPolicy } from '../../src/host/policy.js';
import type { Viewer } from '../../src/identity/viewer.js';
import { outcomeOf } from '../identity/outcome.js';
import { MISBEHAVIOURS } from './misbehaviours.js';

const NOW = Date.UTC(2030, 0, 1);
const VIEWER: Viewer = { accountId: 'a1', deviceId: 'd1', issuedAt: NOW, expiresAt: NOW + 3_600_000 };
const REQUEST = { headers: { cookie: 'sid=1' } };
const CALLER = { accountId: 'a1', deviceId: 'd1' };
const DEVICES = [{ id: 'd1', name: null, active: true }];
const SECRET = 'connect ECONNREFUSED 10.0.0.5:5432';

function fail(): never {
  throw new Error(SECRET);
}
/** Keeps what it is told. */
const watch = () => {
  const defects: unknown[] = [];
  return { defects, onDefect: (error: unknown): void => void defects.push(error) };
};

async function expectUnavailable(asked: Promise<unknown>, told: ReturnType<typeof watch>, name: string): Promise<void> {
  const error: unknown = await asked.catch((thrown: unknown) => thrown);
  expect(error).toEqual(new SignalingError('CALL_UNAVAILABLE'));
  expect(inspect(error)).not.toContain(SECRET);
  expect(told.defects).toHaveLength(1);
  expect(told.defects[0]).toBeInstanceOf(HostCallbackError);
  expect(told.defects[0]).toMatchObject({ callback: name, failures: 1 });
  expect((told.defects[0] as HostCallbackError).message).not.toContain(SECRET);
}
const never = (): Promise<never> => new Promise(() => undefined);

describe('a host’s function that fails for the first time, of which the host is told', () => {
  it.each(Object.entries(MISBEHAVIOURS))('as it %s, is unavailable', async (_how, misbehave) => {
    const told = watch();
    const policy = asPolicy({ mayCall: misbehave as () => never, timeoutMs: 50 }, told);
    await expectUnavailable(policy.mayCall(CALLER, 'a2'), told, 'call-policy');
  });
});

describe('a host’s own authenticator', () => {
  it('is a function or an object', async () => {
    const object = {
      tokens: new Map([['token', VIEWER]]),
      authenticate(token: string): Promise<Viewer> {
        return Promise.resolve(this.tokens.get(token)!);
      },
    };
    for (const given of [() => VIEWER, () => Promise.resolve(VIEWER), object]) {
      expect(await asLogin(given, watch())('Bearer token', REQUEST)).toEqual(VIEWER);
    }
  });

  it('refuses a token by null or by an error made for clients', async () => {
    const refuse = (): never => {
      throw new SignalingError('CALL_UNAUTHORIZED');
    };
    for (const given of [() => null, () => Promise.resolve(null), refuse]) {
      expect(await outcomeOf(asLogin(given, watch())('Bearer token', REQUEST))).toBe('CALL_UNAUTHORIZED');
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
    const told = watch();
    const login = asLogin({ authenticate: given as () => never, timeoutMs: 50 }, told);
    await expectUnavailable(login('Bearer token', REQUEST), told, 'authenticator');
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
    expect(await asDirectory(object, watch()).devicesOf(['a1', 'a2'], 5_000)).toEqual([DEVICES, null]);
    expect(await asDirectory(() => Promise.resolve([DEVICES]), watch()).devicesOf(['a1'])).toEqual([DEVICES]);
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
    const told = watch();
    const directory = asDirectory({ devicesOf: given as () => never, timeoutMs: 50 }, told);
    await expectUnavailable(directory.devicesOf(['a1']), told, 'device-directory');
  });
});

describe('a host’s own policy', () => {
  it('is a function or an object', async () => {
    const object = {
      refusing: new Set(['carol']),
      mayCall(_caller: unknown, calleeAccountId: string): Promise<boolean> {
        return Promise.resolve(!this.refusing.has(calleeAccountId));
      },
    };
    const given: HostPolicy[] = [object, (_caller, callee) => callee !== 'carol'];
    for (const one of given) {
      expect(await asPolicy(one, watch()).mayCall(CALLER, 'bob')).toBe(true);
      expect(await asPolicy(one, watch()).mayCall(CALLER, 'carol')).toBe(false);
    }
  });

  it('may refuse in words made for clients', async () => {
    const limited = asPolicy(() => Promise.reject(new SignalingError('CALL_RATE_LIMITED')), watch());
    expect(await outcomeOf(limited.mayCall(CALLER, 'bob'))).toBe('CALL_RATE_LIMITED');
  });

  it.each<[string, HostPolicy]>([
    [
      'throws',
      () => {
        throw new Error(SECRET);
      },
    ],
    ['rejects', () => Promise.reject(new Error(SECRET))],
    ['never answers', () => new Promise<never>(() => undefined)],
    ['answers undefined', () => undefined as never],
    ['answers what is only as good as true', () => 1 as never],
  ])('that %s is unavailable, and only the host is told why', async (_what, given) => {
    const told = watch();
    const own = asPolicy({ mayCall: given as () => never, timeoutMs: 50 }, told);
    await expectUnavailable(own.mayCall(CALLER, 'bob'), told, 'call-policy');
  });
});

describe('times in seconds, where milliseconds are wanted', () => {
  it.each(['issuedAt', 'expiresAt'])('as %s are told to the host by the name of the field', async (field) => {
    const told = watch();
    const login = asLogin(() => ({ ...VIEWER, [field]: NOW / 1_000 }), told);
    expect(await outcomeOf(login('Bearer token', REQUEST))).toBe('CALL_UNAVAILABLE');
    const [defect] = told.defects as HostCallbackError[];
    expect(defect?.message).toBe(
      `authenticator: malformed: ${field}: looks like seconds: Unix milliseconds are wanted`,
    );
  });
});

describe('an authenticator that is given the request', () => {
  const asked: unknown[] = [];
  const login = (origins: readonly string[] = []) =>
    asLogin(
      {
        origins,
        authenticateRequest: (authorization, request) => {
          asked.push([authorization, request.headers.cookie]);
          return request.headers.cookie === 'sid=1' ? VIEWER : null;
        },
      },
      watch(),
    );
  const OWN = { host: 'calls.example.com', cookie: 'sid=1' };

  it.each<[string, Record<string, string>, readonly string[]]>([
    ['of no browser', {}, []],
    ['of a page of the same host', { origin: 'https://calls.example.com' }, []],
    [
      'of a page of the same host, whose Host names the port',
      { origin: 'https://calls.example.com', host: 'calls.example.com:443' },
      [],
    ],
    ['of a page of a listed origin', { origin: 'https://app.example.com' }, ['https://app.example.com']],
    ['of the page itself, without an Origin', { 'sec-fetch-site': 'same-origin' }, []],
  ])('lets in a request %s', async (_what, headers, origins) => {
    expect(await login(origins)(undefined, { headers: { ...OWN, ...headers } })).toEqual(VIEWER);
  });

  it.each<[string, Record<string, string>]>([
    ['another site', { origin: 'https://evil.example' }],
    ['another port of the host', { origin: 'https://calls.example.com:8443' }],
    ['a page without an origin', { origin: 'null' }],
    ['another site whose form is old', { 'sec-fetch-site': 'cross-site' }],
    ['a subdomain', { 'sec-fetch-site': 'same-site' }],
    ['a host that only begins like ours', { origin: 'https://calls.example.com.evil.example' }],
  ])('is not asked for a page of %s, though the cookie is good', async (_what, headers) => {
    asked.length = 0;
    const request = { headers: { ...OWN, ...headers } };
    expect(await outcomeOf(login(['https://app.example.com'])('Bearer anything', request))).toBe('CALL_UNAUTHORIZED');
    expect(asked).toEqual([]);
  });
});
