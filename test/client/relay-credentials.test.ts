/** For how long the client uses TURN credentials, whatever happens to the clocks of its machine. */
import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import type { CallRelayQuery } from '../../src/client/generated/types.js';
import { RelayCredentials } from '../../src/client/relay.js';

const MINUTE = 60_000;
let [wall, passed, asked] = [0, 0, 0];
let answers = true;
let ttlSeconds = 600;
beforeEach(() => {
  [wall, passed, asked, answers, ttlSeconds] = [Date.UTC(2030, 0, 1), 5_000, 0, true, 600];
  jest.spyOn(Date, 'now').mockImplementation(() => wall);
  jest.spyOn(performance, 'now').mockImplementation(() => passed);
});
afterEach(() => {
  jest.restoreAllMocks();
});

const pass = (ms: number): void => {
  wall += ms;
  passed += ms;
};

async function ask(): Promise<CallRelayQuery> {
  asked += 1;
  if (!answers) throw new Error('no answer');
  const expiresAt = new Date(wall + ttlSeconds * 1_000).toISOString();
  const refreshAfter = new Date(wall + ttlSeconds * 800).toISOString();
  const iceServers = [{ urls: ['turn:192.0.2.1'], username: `u${asked}`, credential: 'c' }];
  return {
    callRelay: { turnTtlSeconds: ttlSeconds, expiresAt, refreshAfter, iceServers },
  } as unknown as CallRelayQuery;
}

const names = async (relay: RelayCredentials): Promise<unknown[]> =>
  (await relay.get()).map(({ username }) => username);

it.each([
  ['set back by a day', () => ((wall -= 24 * 60 * MINUTE), pass(10 * MINUTE))],
  ['right', () => pass(10 * MINUTE)],
  ['right, and the other one stood still in sleep', () => (wall += 10 * MINUTE)],
])('credentials that have expired are not used: the wall clock was %s', async (_, happens) => {
  const relay = new RelayCredentials(ask);
  expect(await names(relay)).toEqual(['u1']);
  answers = false;
  happens();
  expect(await names(relay)).toEqual([]);
  answers = true;
  expect(await names(relay)).toEqual(['u3']);
});

it('credentials are refreshed in time with the wall clock set back, and used on while the service is away', async () => {
  const relay = new RelayCredentials(ask);
  await relay.get();
  wall -= 60 * MINUTE;
  expect(relay.refreshInMs).toBe(8 * MINUTE);
  pass(8 * MINUTE);
  answers = false;
  expect(await names(relay)).toEqual(['u1']);
  // Asked again after a minute: the rest of their life is longer.
  expect(relay.refreshInMs).toBe(MINUTE);
});

it('a wall clock that is set forward costs a request, and no credentials', async () => {
  const relay = new RelayCredentials(ask);
  await relay.get();
  wall += 60 * MINUTE;
  expect(await names(relay)).toEqual(['u2']);
  expect(await names(relay)).toEqual(['u2']);
});

it('credentials that live under a minute are renewed in time', async () => {
  ttlSeconds = 30;
  const relay = new RelayCredentials(ask);
  await relay.get();
  expect(relay.refreshInMs).toBe(24_000);
  pass(24_000);
  answers = false;
  await relay.get();
  // Two tries are left before they expire.
  expect(relay.refreshInMs).toBe(3_000);
});

it('what is handed out may be written to: the peer connection of React Native does', async () => {
  const relay = new RelayCredentials(ask, [{ urls: 'stun:192.0.2.2' }]);
  for (const server of await relay.get()) delete (server as Partial<RTCIceServer>).urls;
  expect((await relay.get()).map(({ urls }) => urls)).toEqual(['stun:192.0.2.2', ['turn:192.0.2.1']]);
});
