import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createRelay } from '../../src/providers/relay.js';
import { RelayConfigError } from '../../src/relay/config.js';
import { type FakeProvider, startFakeProvider } from '../support/fake-provider.js';
import { ALICE, configFor, failureOf, type Relay, relayWith } from '../relay/harness.js';
import { manualClock, recordingEvents, recordingMetrics } from '../relay/recorders.js';

let first: FakeProvider;
let second: FakeProvider;
let relay: Relay | undefined;

beforeEach(async () => {
  first = await startFakeProvider();
  second = await startFakeProvider();
});
afterEach(async () => {
  await relay?.close();
  await first.close();
  await second.close();
});

function started(config: unknown, options: Parameters<typeof relayWith>[1] = {}) {
  const all = relayWith(config, options);
  relay = all.relay;
  return all;
}

describe('a new configuration', () => {
  it('counts from the next request on', async () => {
    const { relay, service } = started(configFor(first.url));
    await service.issue(ALICE);
    relay.reload(configFor(second.url, { clientTtlSeconds: 60, rateLimit: { max: 3, windowSeconds: 7 } }));
    expect(await service.issue(ALICE)).toMatchObject({ turnTtlSeconds: 60 });
    expect(service.rateLimit).toEqual({ max: 3, windowSeconds: 7 });
    expect([first.requests.length, second.requests.length]).toEqual([1, 1]);
  });

  it('that is wrong is refused with all its problems, and the old one goes on', async () => {
    const { relay, service } = started(configFor(first.url));
    const wrong = configFor(second.url, { clientTtlSeconds: 0, providers: [] });
    expect(() => relay.reload(wrong)).toThrow(RelayConfigError);
    await service.issue(ALICE);
    expect([first.requests.length, second.requests.length]).toEqual([1, 0]);
  });

  it('lets a request that is being served end with the old one, tries and all', async () => {
    const { relay, service } = started(configFor(first.url));
    const arrived = new Promise<() => void>((resolve) => {
      first.setAnswer((response) => resolve(() => response.writeHead(500).end()), 'object');
    });
    const issued = service.issue(ALICE);
    const answer = await arrived;
    relay.reload(configFor(second.url));
    answer();
    expect(await issued).toMatchObject({ turnUsername: 'fake-user-2' });
    expect([first.requests.length, second.requests.length]).toEqual([2, 0]);
  });

  it('closes the connections of the old one', async () => {
    const { relay, service } = started(configFor(first.url));
    await service.issue(ALICE);
    relay.reload(configFor(second.url));
    await first.requests[0]?.gone;
    await service.issue(ALICE);
  });
});

describe('the secret file of a provider', () => {
  const providers = () => [{ type: 'cloudflare', endpoint: first.url, tokenFile: '/run/secrets/turn' }];

  it('is read at each use, so that a new token counts at once', async () => {
    let file = 'old-token\n';
    const { service } = started(configFor('', { providers: providers() }), { readSecret: () => file });
    await service.issue(ALICE);
    file = 'new-token\n';
    await service.issue(ALICE);
    expect(first.requests.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer old-token',
      'Bearer new-token',
    ]);
  });

  it('that cannot be read is a problem of the configuration at the start', () => {
    expect(() => started(configFor('', { providers: providers() }))).toThrow(
      'providers[0]: its secret file cannot be read or is empty',
    );
  });

  it('that goes away later is a failure of the provider, and heals', async () => {
    let file = 'token';
    const { service } = started(configFor('', { providers: providers() }), { readSecret: () => file });
    file = '';
    expect((await failureOf(service.issue(ALICE))).code).toBe('CALL_RELAY_PROVIDER_ERROR');
    file = 'token';
    await service.issue(ALICE);
  });
});

describe('closing', () => {
  it('waits for requests that are being served, then closes all connections', async () => {
    const { relay, service } = started(configFor(first.url));
    const arrived = new Promise<() => void>((resolve) => {
      first.setAnswer((response, minted) =>
        resolve(() => response.writeHead(201).end(JSON.stringify({ iceServers: { urls: [], ...minted } }))),
      );
    });
    const issued = service.issue(ALICE);
    const answer = await arrived;
    const closed = relay.close();
    answer();
    await issued;
    await closed;
    await first.requests[0]?.gone;
  });
});

describe('a relay in production', () => {
  it('talks TLS to its provider with secrets from files only', () => {
    const options = {
      production: true,
      readSecret: () => 'token',
      clock: manualClock(),
      events: recordingEvents(),
      metrics: recordingMetrics(),
      nameKey: Buffer.alloc(32),
    };
    expect(() => createRelay({ ...options, config: configFor(first.url) })).toThrow(
      [
        'The relay configuration is not valid:',
        '  relay.config.providers[0].endpoint: not an https URL',
        '  relay.config.providers[0].token: not allowed in production, where secrets are in files',
      ].join('\n'),
    );
  });
});
