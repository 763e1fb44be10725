import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ServerResponse } from 'node:http';
import { type FakeDns, startFakeDns } from '../support/fake-dns.js';
import { type FakeProvider, type MintedByFake, PROVIDER_URLS, startFakeProvider } from '../support/fake-provider.js';
import { ALICE, configFor, failureOf, NAME_KEY, type Relay, relayWith } from './harness.js';
import { pseudonymOf } from '../../src/relay/pseudonym.js';

const TABLET = { accountId: 'alice', deviceId: 'tablet' };
const BOB = { accountId: 'bob', deviceId: 'phone' };
const HOST = 'turn.example.com';

let provider: FakeProvider;
let dns: FakeDns;
const relays: Relay[] = [];
const fakes: FakeProvider[] = [];

beforeEach(async () => {
  provider = await startFakeProvider();
  dns = await startFakeDns();
  dns.setZone({
    [HOST]: {
      A: { addresses: ['203.0.113.1', '203.0.113.2'], ttlSeconds: 60 },
      AAAA: { addresses: ['2001:db8:0:0:0:0:0:1'], ttlSeconds: 60 },
    },
  });
});
afterEach(async () => {
  await Promise.all(relays.splice(0).map((relay) => relay.close()));
  await Promise.all([provider, ...fakes.splice(0)].map((fake) => fake.close()));
  await dns.close();
});

function relayOf(changes: Record<string, unknown> = {}, options: Parameters<typeof relayWith>[1] = {}) {
  const config = configFor(provider.url, { dns: { servers: [dns.address] }, ...changes });
  const all = relayWith(config, options);
  relays.push(all.relay);
  return all;
}

const FULL_RELAY = {
  urls: [`turn:${HOST}:3478?transport=udp`, `turns:${HOST}:443?transport=tcp`],
  urlsWithIps: ['turn:{ip}:3478?transport=udp', 'turns:{ip}:443?transport=tcp'],
  hostname: HOST,
};

/** Holds the next answers of the provider until let go. */
function holdAnswers(): { arrived: Promise<void>; letGo(status?: number): void } {
  const held: (() => void)[] = [];
  let status = 201;
  let letGo = (): void => undefined;
  const arrived = new Promise<void>((resolve) => {
    letGo = resolve;
    provider.setAnswer((response: ServerResponse, minted: MintedByFake) => {
      held.push(() =>
        response.writeHead(status).end(JSON.stringify({ iceServers: { urls: PROVIDER_URLS, ...minted } })),
      );
      letGo();
    });
  });
  return {
    arrived,
    letGo: (given = 201) => {
      status = given;
      held.splice(0).forEach((answer) => answer());
    },
  };
}

describe('relay credentials', () => {
  it('come with URLs by name and by address, ready for RTCPeerConnection', async () => {
    const { service, clock } = relayOf({ relay: FULL_RELAY });
    expect(await service.issue(ALICE)).toEqual({
      turnUsername: 'fake-user-1',
      turnPassword: 'fake-password-1',
      turnTtlSeconds: 43_200,
      turnUrls: FULL_RELAY.urls,
      turnUrlsWithIps: [
        'turn:203.0.113.1:3478?transport=udp',
        'turns:203.0.113.1:443?transport=tcp',
        'turn:203.0.113.2:3478?transport=udp',
        'turns:203.0.113.2:443?transport=tcp',
        'turn:[2001:db8::1]:3478?transport=udp',
        'turns:[2001:db8::1]:443?transport=tcp',
      ],
      turnHostname: HOST,
      iceServers: [
        {
          urls: [
            ...FULL_RELAY.urls,
            'turn:203.0.113.1:3478?transport=udp',
            'turn:203.0.113.2:3478?transport=udp',
            'turn:[2001:db8::1]:3478?transport=udp',
          ],
          username: 'fake-user-1',
          credential: 'fake-password-1',
        },
      ],
      expiresAt: new Date(clock.now() + 43_200_000),
      refreshAfter: new Date(clock.now() + 21_600_000),
    });
  });

  it('are asked for with the requested lifetime, and given with the client’s', async () => {
    const { service, events } = relayOf({ requestedTtlSeconds: 7_200, clientTtlSeconds: 600 });
    expect(await service.issue(ALICE)).toMatchObject({ turnTtlSeconds: 600 });
    expect(provider.requests[0]?.body).toBe('{"ttl":7200}');
    expect(events.all).toEqual([
      { event: 'call_relay.credentials_issued', account_id: 'alice', turn_ttl_seconds: 600 },
    ]);
  });

  it('never last longer than the provider granted', async () => {
    provider.setAnswer('twilio'); // grants an hour, whatever is asked
    const { service } = relayOf({
      providers: [{ type: 'twilio', accountSid: 'AC1', endpoint: provider.url, authToken: 'auth-token' }],
    });
    expect(await service.issue(ALICE)).toMatchObject({ turnTtlSeconds: 3_600 });
  });

  it('expire counted from before the provider was asked', async () => {
    const { service, clock } = relayOf();
    const before = clock.now();
    const hold = holdAnswers();
    const issued = service.issue(ALICE);
    await hold.arrived;
    clock.advance(2_000);
    hold.letGo();
    expect((await issued).expiresAt).toEqual(new Date(before + 43_200_000));
  });

  it('carry the provider’s own TURN URLs where none are configured', async () => {
    const { service } = relayOf({ relay: {} });
    const credentials = await service.issue(ALICE);
    expect(credentials.turnUrls).toEqual(PROVIDER_URLS.slice(1));
    expect(credentials.iceServers[0]?.urls).toEqual(PROVIDER_URLS.slice(1));
    expect(credentials).toMatchObject({ turnUrlsWithIps: null, turnHostname: null });
    expect(dns.queries).toEqual([]);
  });

  it('are not given when there is no URL to use them with', async () => {
    const { service, events } = relayOf({ relay: {} });
    provider.setAnswer((response, minted) =>
      response.writeHead(201).end(JSON.stringify({ iceServers: { urls: ['stun:relay.test', 'http://x'], ...minted } })),
    );
    expect((await failureOf(service.issue(ALICE))).code).toBe('CALL_RELAY_PROVIDER_ERROR');
    expect(events.all).toEqual([{ event: 'call_relay.provider_error', account_id: 'alice', http_status: null }]);
  });

  it('are given without addresses when DNS fails', async () => {
    dns.setZone({ [HOST]: { A: 'servfail', AAAA: 'silent' } });
    const { service, metrics } = relayOf({ relay: FULL_RELAY });
    expect(await service.issue(ALICE)).toMatchObject({
      turnUrls: FULL_RELAY.urls,
      turnUrlsWithIps: null,
      turnHostname: HOST,
      iceServers: [{ urls: FULL_RELAY.urls }],
    });
    expect(metrics.starting('dns').sort()).toEqual(['dns 4 failed', 'dns 6 timeout']);
  });

  it.each<[string, () => Promise<readonly string[]>]>([
    ['throws', () => Promise.reject(new Error('no'))],
    ['never answers', () => new Promise(() => undefined)],
    ['gives what is no address', () => Promise.resolve(['turn.example.com', 'fe80::1%eth0'])],
  ])('are given without addresses when the host’s own resolver %s', async (_, resolve) => {
    const { service } = relayOf({ relay: FULL_RELAY }, { resolver: { resolve }, times: { deadlineMs: 300 } });
    expect(await service.issue(ALICE)).toMatchObject({ turnUsername: 'fake-user-1', turnUrlsWithIps: null });
  });

  it('name no account to the provider, and a pseudonym of the day where one is needed', async () => {
    await relayOf().service.issue(ALICE);
    expect(JSON.stringify([provider.requests[0]?.headers, provider.requests[0]?.body])).not.toContain('alice');

    const { service, clock } = relayOf({ providers: [{ type: 'shared-secret', secret: 'north' }] });
    const { turnUsername } = await service.issue(ALICE);
    expect(turnUsername).toBe(`${clock.now() / 1000 + 86_400}:${pseudonymOf(NAME_KEY, 'alice', clock.now())}`);
  });

  it('leave no trace of themselves, or of the token they were got with, in events and metrics', async () => {
    const { service, events, metrics } = relayOf({ relay: FULL_RELAY });
    await service.issue(ALICE);
    provider.setAnswer('control-character');
    const failure = await failureOf(service.issue({ ...ALICE, deviceId: 'tablet' }));
    const traces = JSON.stringify([events.all, metrics.lines, { ...failure }, failure.stack]);
    expect(traces).toContain('call_relay.provider_error');
    for (const secret of ['fake-user', 'fake-password', 'api-token', provider.url]) {
      expect(traces).not.toContain(secret);
    }
  });

  it('come from the host’s own provider where it brings one', async () => {
    const asked: object[] = [];
    const { service, metrics } = relayOf(
      { providers: [] },
      {
        providers: [
          async ({ ttlSeconds, pseudonym }) => {
            asked.push({ ttlSeconds, pseudonym });
            return { username: 'u', password: 'p', grantedTtlSeconds: 60, urls: [] };
          },
        ],
      },
    );
    expect(await service.issue(ALICE)).toMatchObject({ turnUsername: 'u', turnPassword: 'p', turnTtlSeconds: 60 });
    expect(asked).toEqual([{ ttlSeconds: 86_400, pseudonym: expect.stringMatching(/^[\w-]{43}$/) }]);
    expect(metrics.starting('provider')).toEqual(['provider host-1 ok']);
  });
});

describe('requests at the same time', () => {
  it('of one device share one answer, and each counts', async () => {
    const { service, events, metrics } = relayOf();
    const hold = holdAnswers();
    const all = Array.from({ length: 5 }, () => service.issue(ALICE));
    await hold.arrived;
    hold.letGo();
    expect(new Set((await Promise.all(all)).map(({ turnUsername }) => turnUsername))).toEqual(new Set(['fake-user-1']));
    expect(provider.requests).toHaveLength(1);
    expect(events.all).toHaveLength(5);
    expect(metrics.count('request issued control')).toBe(5);
  });

  it('of one device share one failure, of which exactly one is not marked as shared', async () => {
    const { service, events, metrics } = relayOf();
    const hold = holdAnswers();
    const all = Array.from({ length: 5 }, () => failureOf(service.issue(ALICE)));
    await hold.arrived;
    hold.letGo(401);
    expect((await Promise.all(all)).map(({ details }) => details.shared)).toEqual([undefined, true, true, true, true]);
    expect(provider.requests).toHaveLength(1);
    expect(events.all).toEqual(
      Array(5).fill({ event: 'call_relay.provider_error', account_id: 'alice', http_status: 401 }),
    );
    expect(metrics.count('request provider_error control')).toBe(5);
  });

  it('of other devices and accounts are not shared', async () => {
    const { service } = relayOf();
    const issued = await Promise.all([ALICE, TABLET, BOB].map((viewer) => service.issue(viewer)));
    expect(new Set(issued.map(({ turnUsername }) => turnUsername)).size).toBe(3);
  });

  it('are over when they are answered: the next one asks anew', async () => {
    const { service } = relayOf();
    await service.issue(ALICE);
    expect(await service.issue(ALICE)).toMatchObject({ turnUsername: 'fake-user-2' });
  });
});

describe('an experiment', () => {
  const BETA = 'turn-beta.example.com';
  const experiment = (relay: object = {}) => ({
    name: 'turnBeta',
    percentage: 0,
    include: ['alice'],
    relay: { urls: [`turn:${BETA}`], urlsWithIps: ['turn:{ip}'], hostname: BETA, ...relay },
  });

  beforeEach(() => {
    dns.setZone({
      [HOST]: { A: { addresses: ['203.0.113.1'], ttlSeconds: 60 } },
      [BETA]: { A: { addresses: ['203.0.113.99'], ttlSeconds: 60 } },
    });
  });

  it('gives its accounts another relay, and all others the usual one', async () => {
    const { service, metrics } = relayOf({ relay: FULL_RELAY, experiments: [experiment()] });
    expect(await service.issue(ALICE)).toMatchObject({
      turnUrls: [`turn:${BETA}`],
      turnUrlsWithIps: ['turn:203.0.113.99'],
      turnHostname: BETA,
    });
    expect(await service.issue(BOB)).toMatchObject({ turnUrls: FULL_RELAY.urls, turnHostname: HOST });
    expect(metrics.starting('request')).toEqual(['request issued turnBeta', 'request issued control']);
  });

  it('may have a provider of its own', async () => {
    const own = await startFakeProvider();
    fakes.push(own);
    const { service, metrics } = relayOf({
      experiments: [experiment({ provider: { type: 'cloudflare', endpoint: own.url, token: 'beta-token' } })],
    });
    await service.issue(ALICE);
    expect(own.requests).toHaveLength(1);
    expect(provider.requests).toHaveLength(0);
    expect(metrics.starting('provider')).toEqual(['provider turnBeta-cloudflare ok']);
  });

  it.each([500, 401, 'hang', 'html'] as const)(
    'whose provider fails (%s) falls back to the usual relay, in time',
    async (answer) => {
      const own = await startFakeProvider();
      fakes.push(own);
      own.setAnswer(answer);
      const { service, metrics, events } = relayOf({
        relay: FULL_RELAY,
        experiments: [experiment({ provider: { type: 'cloudflare', endpoint: own.url, token: 'beta-token' } })],
      });
      expect(await service.issue(ALICE)).toMatchObject({
        turnUsername: 'fake-user-1',
        turnUrls: FULL_RELAY.urls,
        turnUrlsWithIps: ['turn:203.0.113.1:3478?transport=udp', 'turns:203.0.113.1:443?transport=tcp'],
        turnHostname: HOST,
      });
      expect(own.requests).toHaveLength(1);
      expect(metrics.count('fell-back turnBeta')).toBe(1);
      expect(metrics.starting('request')).toEqual(['request issued control']);
      expect(events.all).toHaveLength(1);
    },
  );

  it('counts under its name when nobody can serve', async () => {
    provider.setAnswer(401);
    const { service, metrics } = relayOf({ experiments: [experiment()] });
    await failureOf(service.issue(ALICE));
    expect(metrics.starting('request')).toEqual(['request provider_error turnBeta']);
  });
});

describe('requests that were turned away', () => {
  it('are counted, and told of when the account had too many', () => {
    const { service, events, metrics } = relayOf();
    service.refused('rate_limited', 'alice');
    service.refused('unauthenticated', null);
    expect(metrics.starting('request')).toEqual(['request rate_limited control', 'request unauthenticated control']);
    expect(events.all).toEqual([{ event: 'call_relay.rate_limited', account_id: 'alice' }]);
  });

  it('do not escalate, while errors of the provider and of the service do', async () => {
    const { service, events } = relayOf();
    provider.setAnswer(401);
    for (let i = 0; i < 18; i++) service.refused('rate_limited', 'alice');
    await failureOf(service.issue(ALICE));
    service.unavailable();
    expect(events.all.at(-1)).toEqual({ event: 'call_relay.escalated', error_rate: 10 });
  });
});
