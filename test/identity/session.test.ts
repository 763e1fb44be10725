import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { claimDirectory } from '../../src/directory/claim-directory.js';
import { createHttpDirectory, type HttpDirectory } from '../../src/directory/http-directory.js';
import { asLogin } from '../../src/host/authenticator.js';
import { asDirectory } from '../../src/host/directory.js';
import { createSessions, isActiveDevice, type Sessions } from '../../src/identity/session.js';
import type { DeviceDirectory } from '../../src/identity/viewer.js';
import { createJwtAuthenticator } from '../../src/jwt/authenticator.js';
import { startFakeDirectory, type FakeDirectory } from '../support/fake-directory.js';
import { createTestLogin, type TestLogin } from '../support/tokens.js';
import { createSetClock, type SetClock } from './clock.js';
import { outcomeOf } from './outcome.js';

const WATCH = { onDefect: () => undefined };
const REQUEST = { headers: {} };

let clock: SetClock;
let login: TestLogin;
let service: FakeDirectory;
let directory: HttpDirectory;
let sessions: Sessions;

beforeEach(async () => {
  clock = createSetClock();
  login = await createTestLogin({ clock });
  service = await startFakeDirectory();
  service.accounts.set('account-1', [
    { id: 'device-1', name: 'Pixel', active: true },
    { id: 'device-2', name: null, active: false },
  ]);
  directory = createHttpDirectory({ url: service.url, clock });
  sessions = sessionsWith(directory);
});

afterEach(async () => {
  await directory.close();
  await service.close();
});

function sessionsWith(of: DeviceDirectory, freshTokenSeconds?: number): Sessions {
  const authenticator = createJwtAuthenticator({
    issuer: login.issuer,
    audience: login.audience,
    keys: { jwks: login.jwks },
    clock,
  });
  return createSessions({
    login: asLogin(authenticator, WATCH),
    directory: of,
    clock,
    ...(freshTokenSeconds !== undefined && { freshTokenSeconds }),
  });
}

const outcome = (authorization: string | undefined, of = sessions): Promise<string> =>
  outcomeOf(of.viewerOf(authorization, REQUEST));
const bearer = async (claims = {}): Promise<string> => `Bearer ${await login.token(claims)}`;

describe('a session', () => {
  it('is that of an active device with a valid token', async () => {
    expect(await sessions.viewerOf(await bearer(), REQUEST)).toMatchObject({
      accountId: 'account-1',
      deviceId: 'device-1',
    });
  });

  it.each(['Bearer', 'bearer', 'BEARER', 'bEaReR'])('may be asked for with the scheme written %s', async (scheme) => {
    expect(await outcome(`${scheme} ${await login.token()}`)).toBe('ok');
    expect(await outcome(`${scheme}   ${await login.token()}`)).toBe('ok');
  });

  it('needs one bearer token and nothing else, or neither service is asked', async () => {
    const token = await login.token();
    const headers = [
      undefined,
      '',
      'Bearer',
      'Bearer ',
      token,
      `Bearer${token}`,
      `Basic ${token}`,
      `Bearer\t${token}`,
      ` Bearer ${token}`,
      `Bearer ${token} `,
      `Bearer ${token}\n`,
      `Bearer ${token}, Bearer ${token}`,
      `Bearer ${token},${token}`,
      `Bearer ${token} ${token}`,
      `Bearer "${token}"`,
      `Bearer token=${token}`,
      `Bearer Bearer ${token}`,
    ];
    for (const header of headers) expect(await outcome(header)).toBe('CALL_UNAUTHORIZED');
    expect(service.requests).toEqual([]);
  });

  it('is not looked up for a token that is not valid', async () => {
    const stranger = await createTestLogin({ clock });
    expect(await outcome(`Bearer ${await stranger.token()}`)).toBe('CALL_UNAUTHORIZED');
    expect(service.requests).toEqual([]);
  });

  it.each([
    ['a device that is not active', { device_id: 'device-2' }],
    ['a device that the account does not have', { device_id: 'device-3' }],
    ['a device of another account', { sub: 'account-2' }],
    ['an account that is not known', { sub: 'account-3' }],
  ])('is refused to %s', async (_who, claims) => {
    service.accounts.set('account-2', [{ id: 'device-9', active: true }]);
    expect(await outcome(await bearer(claims))).toBe('CALL_UNAUTHORIZED');
  });

  it('ends when the device is removed, within the minute that an answer is fresh', async () => {
    const header = await bearer();
    expect(await outcome(header)).toBe('ok');
    service.accounts.set('account-1', [{ id: 'device-1', active: false }]);
    clock.advanceSeconds(60);
    expect(await outcome(header)).toBe('CALL_UNAUTHORIZED');
  });

  it('is not given to a token that expired while the directory was being asked', async () => {
    const slow = asDirectory((accountIds) => {
      clock.advanceSeconds(3_600);
      return Promise.resolve(accountIds.map(() => [{ id: 'device-1', name: null, active: true }]));
    }, WATCH);
    expect(await outcome(await bearer(), sessionsWith(slow))).toBe('CALL_UNAUTHORIZED');
  });

  it('believes the token’s device claim where there is no directory', async () => {
    expect(await outcome(await bearer({ device_id: 'any' }), sessionsWith(claimDirectory))).toBe('ok');
  });

  it('is not given on a directory’s answer that leaves the account out', async () => {
    const silent: DeviceDirectory = { devicesOf: () => Promise.resolve([]) };
    expect(await outcome(await bearer(), sessionsWith(silent, 0))).toBe('CALL_UNAVAILABLE');
  });
});

describe('a session while the directory is down', () => {
  it('goes on for 15 minutes after the last answer, minute by minute', async () => {
    const header = await bearer();
    expect(await outcome(header)).toBe('ok');
    service.mode = 'error';
    const outcomes: string[] = [];
    for (let minute = 1; minute <= 16; minute += 1) {
      clock.advanceSeconds(60);
      outcomes.push(`${minute} ${await outcome(header)}`);
    }
    expect(outcomes).toEqual([
      ...Array.from({ length: 14 }, (_, i) => `${i + 1} ok`),
      '15 CALL_UNAVAILABLE',
      '16 CALL_UNAVAILABLE',
    ]);
  });

  it('goes on when the directory hangs, for a host too that hands ours over as its own', async () => {
    const handedOver = sessionsWith(asDirectory(directory, WATCH), 0);
    const header = await bearer();
    expect(await outcome(header, handedOver)).toBe('ok');
    service.mode = 'hang';
    clock.advanceSeconds(60);
    expect(await outcome(header, handedOver)).toBe('ok');
  });

  it('is begun without an answer only by a token of the last five minutes', async () => {
    service.mode = 'error';
    const header = await bearer();
    expect(await outcome(header)).toBe('ok');
    clock.advanceSeconds(300);
    expect(await outcome(header)).toBe('ok');
    clock.advanceSeconds(1);
    expect(await outcome(header)).toBe('CALL_UNAVAILABLE');
  });

  it('is begun by no token, however fresh, where none is to be believed', async () => {
    service.mode = 'error';
    expect(await outcome(await bearer(), sessionsWith(directory, 0))).toBe('CALL_UNAVAILABLE');
  });

  it('is begun by tokens of the time that is configured', async () => {
    service.mode = 'error';
    const strict = sessionsWith(directory, 10);
    const header = await bearer();
    clock.advanceSeconds(10);
    expect(await outcome(header, strict)).toBe('ok');
    clock.advanceSeconds(1);
    expect(await outcome(header, strict)).toBe('CALL_UNAVAILABLE');
  });

  it('stays refused to a device that was known to be removed, however fresh its token', async () => {
    expect(await outcome(await bearer({ device_id: 'device-2' }))).toBe('CALL_UNAUTHORIZED');
    service.mode = 'hang';
    clock.advanceSeconds(600);
    expect(await outcome(await bearer({ device_id: 'device-2' }))).toBe('CALL_UNAUTHORIZED');
  });
});

describe('a device', () => {
  it('is active if the directory says so, or if there is none to say otherwise', () => {
    const devices = [
      { id: 'a', name: null, active: true },
      { id: 'b', name: null, active: false },
    ];
    expect(['a', 'b', 'c'].map((id) => isActiveDevice(devices, id))).toEqual([true, false, false]);
    expect(isActiveDevice([], 'a')).toBe(false);
    expect(isActiveDevice(null, 'a')).toBe(true);
  });
});
