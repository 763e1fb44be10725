import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type FakeAnswer, type FakeProvider, startFakeProvider } from '../support/fake-provider.js';
import { ALICE, configFor, failureOf, type Relay, relayWith } from '../relay/harness.js';

let fake: FakeProvider;
let relay: Relay | undefined;
let now = Date.UTC(2026, 0, 15);

beforeEach(async () => {
  // The breaker reads the time of day, and nothing else here does.
  jest.spyOn(Date, 'now').mockImplementation(() => now);
  fake = await startFakeProvider();
});
afterEach(async () => {
  jest.restoreAllMocks();
  await relay?.close();
  await fake.close();
});

function relayThat(answer: FakeAnswer) {
  fake.setAnswer(answer);
  const all = relayWith(configFor(fake.url), { times: { tryMs: 100 } });
  relay = all.relay;
  return all;
}

describe('the circuit breaker of a provider', () => {
  it.each<FakeAnswer>([500, 503, 429, 'reset', 'hang', 'html'])(
    'opens after repeated failures (%s), and requests fail at once without asking',
    async (answer) => {
      const { service, metrics } = relayThat(answer);
      for (let i = 0; i < 5; i++) await failureOf(service.issue(ALICE));
      expect(fake.requests).toHaveLength(5);
      expect(metrics.starting('breaker')).toEqual(['breaker cloudflare-1 closed', 'breaker cloudflare-1 open']);

      await failureOf(service.issue(ALICE));
      expect(fake.requests).toHaveLength(5);
      expect(metrics.lines).toContain('provider cloudflare-1 breaker_open');
    },
  );

  it.each<FakeAnswer>([400, 401])('stays closed when the provider refuses us (%s)', async (answer) => {
    const { service, metrics } = relayThat(answer);
    for (let i = 0; i < 10; i++) await failureOf(service.issue(ALICE));
    expect(fake.requests).toHaveLength(10);
    expect(metrics.starting('breaker')).toEqual(['breaker cloudflare-1 closed']);
  });

  it('lets one request try after 5 s, and closes when that one succeeds', async () => {
    const { service, metrics } = relayThat(500);
    while (metrics.count('breaker cloudflare-1 open') === 0) await failureOf(service.issue(ALICE));
    fake.setAnswer('object');

    now += 4_999;
    await failureOf(service.issue(ALICE));
    now += 1;
    await service.issue(ALICE);
    expect(metrics.starting('breaker').slice(1)).toEqual([
      'breaker cloudflare-1 open',
      'breaker cloudflare-1 half_open',
      'breaker cloudflare-1 closed',
    ]);
    await service.issue(ALICE);
  });

  it('opens again when that one fails', async () => {
    const { service, metrics } = relayThat(500);
    while (metrics.count('breaker cloudflare-1 open') === 0) await failureOf(service.issue(ALICE));
    const asked = fake.requests.length;
    now += 5_000;
    await failureOf(service.issue(ALICE));
    expect(fake.requests).toHaveLength(asked + 1);
    expect(metrics.starting('breaker').slice(1)).toEqual([
      'breaker cloudflare-1 open',
      'breaker cloudflare-1 half_open',
      'breaker cloudflare-1 open',
    ]);
  });

  it('does not make others wait for the one that tries', async () => {
    const { service, metrics } = relayThat(500);
    while (metrics.count('breaker cloudflare-1 open') === 0) await failureOf(service.issue(ALICE));
    const asked = fake.requests.length;
    let answer = (): void => undefined;
    const arrived = new Promise<void>((resolve) => {
      fake.setAnswer((response, minted) => {
        answer = () => response.writeHead(201).end(JSON.stringify({ iceServers: { urls: [], ...minted } }));
        resolve();
      });
    });
    now += 5_000;
    const trying = service.issue(ALICE);
    await arrived;
    await failureOf(service.issue({ accountId: 'bob', deviceId: 'phone' }));
    expect(fake.requests).toHaveLength(asked + 1);
    answer();
    await trying;
  });

  it('leaves a provider out, and the next one answers without a try lost', async () => {
    const other = await startFakeProvider();
    try {
      fake.setAnswer(500);
      const providers = [fake, other].map(({ url }) => ({ type: 'cloudflare', endpoint: url, token: 'api-token' }));
      const all = relayWith(configFor('', { providers }));
      relay = all.relay;
      for (let i = 0; i < 8; i++) await all.service.issue(ALICE);
      expect(fake.requests).toHaveLength(5);
      other.setAnswer(500, 500, 'object');
      await all.service.issue(ALICE);
      expect(other.requests).toHaveLength(11);
    } finally {
      await relay?.close();
      await other.close();
    }
  });
});
