/**
 * The blueprint of voip-call-signaling, row by row: fields, rules, outcomes, errors, events, invariants. What each row
 * says is checked against the server as a process, asked over HTTP.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Kind, parse, type ObjectTypeDefinitionNode } from 'graphql';
import type { FakeDns } from './support/fake-dns.js';
import { PROVIDER_TEXT, type FakeProvider } from './support/fake-provider.js';
import { eventually } from './support/process.js';
import { HOSTNAME, relayConfig, startRelayWorld, withRelayWorld, type RelayWorld } from './support/relay-world.js';

let world: RelayWorld;
beforeAll(async () => {
  world = await startRelayWorld({
    config: (provider, dns) =>
      relayConfig(provider, dns, {
        experiments: [
          {
            name: 'turnBeta',
            percentage: 0,
            include: ['enrolled'],
            relay: {
              urls: ['turn:beta.example.com:3478?transport=udp'],
              urlsWithIps: ['turn:{ip}:3479?transport=udp'],
              hostname: 'beta.example.com',
            },
          },
        ],
      }),
  });
  world.dns.setZone({
    [HOSTNAME]: {
      A: { addresses: ['8.8.4.4'], ttlSeconds: 60 },
      AAAA: { addresses: ['2001:4860:4860:0:0:0:0:8844'], ttlSeconds: 60 },
    },
    'beta.example.com': { A: { addresses: ['8.8.8.8'], ttlSeconds: 60 } },
  });
});
afterAll(() => world.close());

const tokenOf = (account: string): Promise<string> =>
  world.login.token({ sub: account, device_id: `${account}-phone` });
const askAs = async (account: string) => world.ask({ token: await tokenOf(account) });
const eventsOf = (account: string) => world.events().filter((event) => event['account_id'] === account);

describe('Fields', () => {
  it('turn_username, turn_password, turn_ttl_seconds, turn_urls, turn_urls_with_ips, turn_hostname', async () => {
    const { data, status } = await askAs('fields');
    const minted = world.provider.requests.length;
    expect(status).toBe(200);
    expect(data?.callRelay).toEqual({
      turnUsername: `fake-user-${minted}`,
      turnPassword: `fake-password-${minted}`,
      turnTtlSeconds: 43_200,
      turnUrls: [`turn:${HOSTNAME}:3478?transport=udp`, `turns:${HOSTNAME}:443?transport=tcp`],
      turnUrlsWithIps: [
        'turn:8.8.4.4:3478?transport=udp',
        'turns:8.8.4.4:443?transport=tcp',
        'turn:[2001:4860:4860::8844]:3478?transport=udp',
        'turns:[2001:4860:4860::8844]:443?transport=tcp',
      ],
      turnHostname: HOSTNAME,
      iceServers: [
        {
          urls: [
            `turn:${HOSTNAME}:3478?transport=udp`,
            `turns:${HOSTNAME}:443?transport=tcp`,
            'turn:8.8.4.4:3478?transport=udp',
            'turn:[2001:4860:4860::8844]:3478?transport=udp',
          ],
          username: `fake-user-${minted}`,
          credential: `fake-password-${minted}`,
        },
      ],
      expiresAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      refreshAfter: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    });
    const { expiresAt = '', refreshAfter = '' } = data?.callRelay ?? {};
    expect(Date.parse(refreshAfter)).toBeLessThan(Date.parse(expiresAt));
    expect(Date.parse(expiresAt) - Date.now()).toBeLessThanOrEqual(43_200_000);
  });

  it('turn_urls_with_ips and turn_hostname are not required', async () => {
    const bare = (provider: FakeProvider, dns: FakeDns) =>
      relayConfig(provider, dns, { relay: { urls: [`turn:${HOSTNAME}:3478?transport=udp`] } });
    await withRelayWorld({ config: bare }, async ({ ask }) => {
      expect((await ask()).data?.callRelay).toMatchObject({ turnUrlsWithIps: null, turnHostname: null });
    });
  });
});

describe('Rules', () => {
  it('access_control: only authenticated accounts may request TURN relay credentials', async () => {
    const before = world.provider.requests.length;
    for (const token of [null, 'not-a-token', `${await tokenOf('mallory')}x`]) {
      expect((await world.ask({ token })).errors[0]?.extensions['code']).toBe('CALL_RELAY_UNAUTHORIZED');
    }
    expect(world.provider.requests).toHaveLength(before);
  });

  it('rate_limiting: per account, whatever the device', async () => {
    const ask = async (device: string) =>
      world.ask({ token: await world.login.token({ sub: 'many', device_id: device }) });
    const answers = await Promise.all(Array.from({ length: 25 }, (_, index) => ask(`device-${index}`)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(20);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(5);
    expect((await askAs('another')).status).toBe(200);
  });

  it('credential_proxy: fetched from the external provider at each request, kept nowhere', async () => {
    const [first, second] = [await askAs('proxy'), await askAs('proxy')];
    expect(first.data?.callRelay?.turnPassword).not.toBe(second.data?.callRelay?.turnPassword);
    const request = world.provider.requests.at(-1);
    expect(request).toMatchObject({ method: 'POST', body: '{"ttl":86400}' });
    expect(request?.headers.authorization).toBe('Bearer api-token-of-the-test');
    expect(JSON.stringify([request?.headers, request?.body, request?.path])).not.toContain('proxy-phone');
    expect(first.headers.get('cache-control')).toBe('no-store');
  });

  it('dns_resolution: by the server, at request time; IPv6 in brackets', async () => {
    const { data } = await askAs('resolved');
    expect(world.dns.queries).toEqual(expect.arrayContaining([`A ${HOSTNAME}`, `AAAA ${HOSTNAME}`]));
    expect(data?.callRelay?.turnUrlsWithIps).toContain('turn:[2001:4860:4860::8844]:3478?transport=udp');
  });

  it('ab_experiment: may route an account to other URLs, another hostname and other addresses', async () => {
    const { data } = await askAs('enrolled');
    expect(data?.callRelay).toMatchObject({
      turnUrls: ['turn:beta.example.com:3478?transport=udp'],
      turnUrlsWithIps: ['turn:8.8.8.8:3479?transport=udp'],
      turnHostname: 'beta.example.com',
    });
  });

  it('error_handling: a provider error reaches the client and a counter', async () => {
    const series = 'call_relay_requests_total{outcome="provider_error"}';
    const before = await world.metric(series);
    world.provider.setAnswer(400);
    expect((await askAs('unlucky')).status).toBe(500);
    world.provider.setAnswer('object');
    expect(await world.metric(series)).toBe(before + 1);
  });
});

describe('Outcomes, Errors and Events', () => {
  it('rate_limited: CALL_RELAY_RATE_LIMITED, 429, retry; call_relay.rate_limited {account_id}', async () => {
    await Promise.all(Array.from({ length: 20 }, () => askAs('limited')));
    const { status, headers, errors, data } = await askAs('limited');
    expect({ status, data }).toEqual({ status: 429, data: undefined });
    expect(errors).toMatchObject([
      {
        message: 'Too many relay credential requests. Please wait before trying again.',
        path: ['callRelay'],
        extensions: { code: 'CALL_RELAY_RATE_LIMITED', status: 429, retryable: true },
      },
    ]);
    const seconds = errors[0]?.extensions['retryAfterSeconds'];
    expect(seconds).toBeGreaterThan(500);
    expect(headers.get('retry-after')).toBe(String(seconds));
    await eventually(() => eventsOf('limited').some(({ event }) => event === 'call_relay.rate_limited'));
    const event = eventsOf('limited').find((each) => each['event'] === 'call_relay.rate_limited');
    expect(payloadOf(event)).toEqual({ event: 'call_relay.rate_limited', account_id: 'limited' });
  });

  it('unauthenticated: CALL_RELAY_UNAUTHORIZED, 401, no retry; no event', async () => {
    const eventsBefore = world.events().length;
    const { status, errors, headers } = await world.ask({ token: null });
    expect(status).toBe(401);
    expect(errors).toMatchObject([
      {
        message: 'Authentication required to obtain call relay credentials.',
        extensions: { code: 'CALL_RELAY_UNAUTHORIZED', status: 401, retryable: false },
      },
    ]);
    expect(headers.get('retry-after')).toBeNull();
    // The next event is that of the next request: none came in between. Refusals of before may be counted a second later.
    await askAs('next');
    const since = () => world.events().slice(eventsBefore);
    await eventually(() => since().some((event) => event['account_id'] === 'next'));
    expect(since().filter((event) => event['event'] !== 'call_relay.rate_limited')).toEqual([
      expect.objectContaining({ account_id: 'next' }),
    ]);
  });

  it('relay_provider_error: CALL_RELAY_PROVIDER_ERROR, 500, retry; call_relay.provider_error {account_id, http_status}', async () => {
    world.provider.setAnswer(401);
    const refused = await askAs('refused');
    world.provider.setAnswer('reset');
    const dropped = await askAs('dropped');
    world.provider.setAnswer('object');
    for (const { status, errors, data } of [refused, dropped]) {
      expect({ status, data }).toEqual({ status: 500, data: undefined });
      expect(errors).toMatchObject([
        {
          message: 'Unable to obtain relay credentials at this time. Please try again.',
          extensions: { code: 'CALL_RELAY_PROVIDER_ERROR', status: 500, retryable: true },
        },
      ]);
    }
    await eventually(() => eventsOf('dropped').length === 1);
    const failed = (account_id: string, http_status: number | null) => ({
      event: 'call_relay.provider_error',
      account_id,
      http_status,
    });
    expect(eventsOf('refused').map(payloadOf)).toEqual([failed('refused', 401)]);
    expect(eventsOf('dropped').map(payloadOf)).toEqual([failed('dropped', null)]);
  });

  it('relay_credentials_issued: the credentials; call_relay.credentials_issued {account_id, turn_ttl_seconds}', async () => {
    expect((await askAs('issued')).status).toBe(200);
    await eventually(() => eventsOf('issued').length === 1);
    expect(eventsOf('issued').map(payloadOf)).toEqual([
      { event: 'call_relay.credentials_issued', account_id: 'issued', turn_ttl_seconds: 43_200 },
    ]);
  });
});

describe('Invariants and constraints', () => {
  it('sensitive fields are never logged in plaintext', () => {
    const secrets = [
      ...world.provider.requests.flatMap((_request, index) => [`fake-user-${index + 1}`, `fake-password-${index + 1}`]),
      'api-token-of-the-test',
    ];
    const output = world.server.output();
    expect(secrets.length).toBeGreaterThan(50);
    expect(secrets.filter((secret) => new RegExp(`${secret}\\b`).test(output))).toEqual([]);
    expect(output).not.toMatch(/eyJ[\w-]+\.eyJ/);
  });

  it('all data access is authenticated and authorized: every field of the schema that gives data is', async () => {
    const { text } = await world.ask({ token: null, body: { query: '{ _service { sdl } }' } });
    const { sdl } = (JSON.parse(text) as { data: { _service: { sdl: string } } }).data._service;
    const roots = parse(sdl).definitions.filter(
      (definition) =>
        definition.kind === Kind.OBJECT_TYPE_DEFINITION &&
        ['Query', 'Mutation', 'Subscription'].includes(definition.name.value),
    ) as ObjectTypeDefinitionNode[];
    const fields = roots.flatMap((root) => root.fields ?? []).filter(({ name }) => !name.value.startsWith('_'));
    expect(fields.map(({ name }) => name.value)).toContain('callRelay');
    for (const { directives } of fields) expect(directives?.map(({ name }) => name.value)).toContain('auth');
  });

  it('error messages never expose internal system details', async () => {
    world.provider.setAnswer(503);
    const { text } = await askAs('curious');
    world.provider.setAnswer('object');
    expect(text).not.toContain(PROVIDER_TEXT);
    expect(text).not.toMatch(/127\.0\.0\.1|turn\/keys|undici|node_modules|\n +at /);
  });

  it('availability: degrades when a dependency is away: without DNS the credentials are given all the same', async () => {
    world.dns.setZone({});
    const { data } = await askAs('patient');
    expect(data?.callRelay?.turnUrls).toHaveLength(2);
  });

  it('escalation: an error rate above 5 % is told once', async () => {
    await withRelayWorld({}, async ({ ask, events, login, provider }) => {
      provider.setAnswer(400);
      for (let index = 0; index < 25; index += 1) {
        await ask({ token: await login.token({ sub: `account-${index}`, device_id: 'phone' }) });
      }
      await eventually(() => events().length >= 26);
      const escalations = events().filter(({ event }) => event === 'call_relay.escalated');
      // In percent, as the blueprint's threshold is.
      expect(escalations.map(payloadOf)).toEqual([{ event: 'call_relay.escalated', error_rate: 100 }]);
    });
  });
});

/** What is the event's own of a log line. */
function payloadOf(line: Record<string, unknown> | undefined): Record<string, unknown> {
  const { level, time, ...payload } = line ?? {};
  expect([typeof level, typeof time]).toEqual(['string', 'string']);
  return payload;
}
