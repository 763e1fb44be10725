import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type FakeProvider, startFakeProvider } from '../support/fake-provider.js';
import { ALICE, configFor, failureOf, type Relay, relayWith } from './harness.js';

const TIMES = { deadlineMs: 400, patienceMs: 50, backoffMs: 1, probeMs: 50 };
const HOUR_MS = 3_600_000;
const OTHERS = [
  ['another device of the account', { accountId: 'alice', deviceId: 'tablet' }],
  ['another account', { accountId: 'bob', deviceId: 'phone' }],
] as const;

let fake: FakeProvider;
const relays: Relay[] = [];

beforeEach(async () => {
  fake = await startFakeProvider();
});
afterEach(async () => {
  await Promise.all(relays.splice(0).map((relay) => relay.close()));
  await fake.close();
});

function relayAt(options: Parameters<typeof relayWith>[1] = {}) {
  const all = relayWith(configFor(fake.url), { times: TIMES, ...options });
  relays.push(all.relay);
  return all;
}

/** What other nodes share, as Keyv does it. */
function shared() {
  const values = new Map<string, string>();
  return {
    values,
    get: async (key: string) => values.get(key),
    set: async (key: string, value: string) => values.set(key, value),
  };
}

describe('while no provider answers', () => {
  it.each([500, 401, 'reset', 'hang', 'html'] as const)('(%s) a device has its last credentials', async (answer) => {
    const { service, metrics, events } = relayAt();
    const { turnUsername } = await service.issue(ALICE);
    fake.setAnswer(answer);
    expect(await service.issue(ALICE)).toMatchObject({ turnUsername, turnTtlSeconds: 43_200 });
    expect(metrics.count('kept')).toBe(1);
    expect(metrics.count('request issued control')).toBe(2);
    expect(events.all.map(({ event }) => event)).toEqual(Array(2).fill('call_relay.credentials_issued'));
  });

  it('is told the promised life as long as that is left, and then what is left', async () => {
    const { service, clock } = relayAt();
    await service.issue(ALICE);
    fake.setAnswer(500);
    clock.advance(11 * HOUR_MS);
    expect((await service.issue(ALICE)).turnTtlSeconds).toBe(43_200);
    clock.advance(3 * HOUR_MS);
    const { turnTtlSeconds, expiresAt } = await service.issue(ALICE);
    expect(turnTtlSeconds).toBeGreaterThan(35_900);
    expect(turnTtlSeconds).toBeLessThanOrEqual(36_000);
    expect(expiresAt.getTime()).toBe(clock.now() + turnTtlSeconds * 1_000);
  });

  it('has none when they are about to expire', async () => {
    const { service, clock } = relayAt();
    await service.issue(ALICE);
    fake.setAnswer(500);
    clock.advance(24 * HOUR_MS - 50_000);
    expect((await failureOf(service.issue(ALICE))).code).toBe('CALL_RELAY_PROVIDER_ERROR');
  });

  it.each(OTHERS)('%s has none of them', async (_, viewer) => {
    const { service } = relayAt();
    await service.issue(ALICE);
    fake.setAnswer(500);
    expect((await failureOf(service.issue(viewer))).code).toBe('CALL_RELAY_PROVIDER_ERROR');
  });

  it('asks for fewer tries than without', async () => {
    const { service } = relayAt();
    await service.issue(ALICE);
    fake.setAnswer(500);
    await service.issue(ALICE);
    expect(fake.requests).toHaveLength(3);
  });

  it('none of another configuration is given', async () => {
    const { relay, service } = relayAt();
    await service.issue(ALICE);
    fake.setAnswer(500);
    relay.reload(configFor(fake.url, { relay: { urls: ['turn:other.example.com:3478'] } }));
    expect((await failureOf(service.issue(ALICE))).code).toBe('CALL_RELAY_PROVIDER_ERROR');
  });

  it('another node has what this one kept, and the name under which it is kept changes with the configuration', async () => {
    const sharedCredentials = shared();
    const { turnUsername } = await relayAt({ sharedCredentials }).service.issue(ALICE);
    fake.setAnswer(500);
    expect(await relayAt({ sharedCredentials }).service.issue(ALICE)).toMatchObject({ turnUsername });
    const other = relayWith(configFor(fake.url, { clientTtlSeconds: 600 }), { sharedCredentials, times: TIMES });
    relays.push(other.relay);
    expect((await failureOf(other.service.issue(ALICE))).code).toBe('CALL_RELAY_PROVIDER_ERROR');
  });
});
