/** What a provider and a name server can do wrong, seen from a client of the server as a process. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { FakeAnswer } from '../support/fake-provider.js';
import type { FakeZone } from '../support/fake-dns.js';
import { FULL } from '../support/full.js';
import { eventually } from '../support/process.js';
import { HOSTNAME, relayConfig, startRelayWorld, type RelayWorld } from '../support/relay-world.js';

/** The deadline over everything, and what a busy machine may add to it. */
const DEADLINE_MS = 3_000;
const SLACK_MS = 3_000;

let world: RelayWorld;
beforeAll(async () => {
  world = await startRelayWorld();
});
afterAll(() => world.close());

let accounts = 0;
async function askAsNobodyYet() {
  accounts += 1;
  const account = `account-${accounts}`;
  const startedAt = performance.now();
  const answer = await world.ask({ token: await world.login.token({ sub: account, device_id: 'phone' }) });
  return { account, elapsedMs: performance.now() - startedAt, ...answer };
}
const eventsOf = (account: string) => world.events().filter((event) => event['account_id'] === account);

describe('a provider that answers', () => {
  it.each<[FakeAnswer & string]>([['object'], ['array']])(
    'with 201 in the form of an %s: credentials',
    async (answer) => {
      world.provider.setAnswer(answer);
      const { account, status, data } = await askAsNobodyYet();
      expect(status).toBe(200);
      expect(data?.callRelay?.turnPassword).toBe(`fake-password-${world.provider.requests.length}`);
      await eventually(() => eventsOf(account).length === 1);
      expect(eventsOf(account)[0]).toMatchObject({ event: 'call_relay.credentials_issued', turn_ttl_seconds: 43_200 });
    },
  );

  const ways: [FakeAnswer, number | null, number][] = [
    ['wrong-success', 200, 1],
    [400, 400, 1],
    [401, 401, 1],
    [429, 429, 6],
    [500, 500, 6],
    [503, 503, 6],
    ['reset', null, 6],
    ['hang', null, 6],
    ['drip', null, 6],
    ['one-megabyte', 201, 6],
    ['html', 201, 6],
    ['no-password', 201, 6],
    [(response) => response.writeHead(302, { location: `${world.origin}/healthz` }).end(), 302, 1],
  ];
  it.each(FULL ? ways : ways.filter((_way, n) => n % 3 === 0))(
    'with %s: no credentials, within the deadline',
    async (answer, httpStatus, tries) => {
      // Each case begins with a closed breaker.
      await freshConfig();
      world.provider.setAnswer(answer);
      const series = 'call_relay_requests_total{outcome="provider_error"}';
      const [before, requests] = [await world.metric(series), world.provider.requests.length];
      const { account, status, errors, data, elapsedMs } = await askAsNobodyYet();

      expect({ status, data }).toEqual({ status: 500, data: undefined });
      expect(errors.map(({ extensions }) => extensions['code'])).toEqual(['CALL_RELAY_PROVIDER_ERROR']);
      expect(elapsedMs).toBeLessThan(DEADLINE_MS + SLACK_MS);
      await eventually(() => eventsOf(account).length === 1);
      expect(eventsOf(account)[0]).toMatchObject({ event: 'call_relay.provider_error', http_status: httpStatus });
      expect(await world.metric(series)).toBe(before + 1);
      expect(world.provider.requests.length - requests).toBeLessThanOrEqual(tries);
      expect(world.provider.requests.length - requests).toBeGreaterThan(0);
    },
  );

  /** A new configuration has providers of its own; resolves when it is in use. */
  let generation = 0;
  async function freshConfig() {
    generation += 1;
    world.writeConfig(relayConfig(world.provider, world.dns, { requestedTtlSeconds: 86_400 - generation }));
    const reloads = () => world.server.output().split('Relay configuration reloaded').length - 1;
    await eventually(() => reloads() >= generation);
  }
});

describe('a name server that answers', () => {
  const A = (...addresses: string[]) => ({ addresses, ttlSeconds: 0 });
  beforeAll(() => world.provider.setAnswer('object'));

  it.each<[string, FakeZone, string[] | null]>([
    ['A only', { [HOSTNAME]: { A: A('8.8.4.4') } }, ['8.8.4.4']],
    ['AAAA only', { [HOSTNAME]: { AAAA: A('2001:4860::1') } }, ['[2001:4860::1]']],
    ['both', { [HOSTNAME]: { A: A('8.8.4.4'), AAAA: A('2001:4860::1') } }, ['8.8.4.4', '[2001:4860::1]']],
    ['NXDOMAIN', {}, null],
    ['SERVFAIL', { [HOSTNAME]: { A: 'servfail', AAAA: 'servfail' } }, null],
    ['nothing at all', { [HOSTNAME]: { A: 'silent', AAAA: 'silent' } }, null],
    [
      'one family only, and is silent about the other',
      { [HOSTNAME]: { A: A('8.8.4.4'), AAAA: 'silent' } },
      ['8.8.4.4'],
    ],
    ['private addresses', { [HOSTNAME]: { A: A('10.0.0.1', '8.8.4.4', '169.254.169.254') } }, ['8.8.4.4']],
    ['IPv4-mapped addresses', { [HOSTNAME]: { AAAA: A('0:0:0:0:0:ffff:a00:1', '2001:4860::1') } }, ['[2001:4860::1]']],
  ])('%s', async (_name, zone, addresses) => {
    world.dns.setZone(zone);
    const { status, data, elapsedMs } = await askAsNobodyYet();
    expect(status).toBe(200);
    expect(data?.callRelay?.turnUrlsWithIps).toEqual(
      addresses?.flatMap((address) => [`turn:${address}:3478?transport=udp`, `turns:${address}:443?transport=tcp`]) ??
        null,
    );
    expect(elapsedMs).toBeLessThan(1_000 + SLACK_MS);
  });

  it('with TTL 0 is asked again at each request', async () => {
    world.dns.setZone({ [HOSTNAME]: { A: A('8.8.4.4') } });
    await askAsNobodyYet();
    world.dns.setZone({ [HOSTNAME]: { A: A('8.8.8.8') } });
    expect((await askAsNobodyYet()).data?.callRelay?.turnUrlsWithIps?.[0]).toContain('8.8.8.8');
  });
});
