import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { type FakeAnswer, type FakeProvider, PROVIDER_TEXT, startFakeProvider } from '../support/fake-provider.js';
import { eventually } from '../identity/eventually.js';
import { ALICE, configFor, failureOf, type Relay, relayWith } from '../relay/harness.js';

const relays: Relay[] = [];
const fakes: FakeProvider[] = [];
let fake: FakeProvider;

async function started(options: { tls?: boolean } = {}): Promise<FakeProvider> {
  const provider = await startFakeProvider(options);
  fakes.push(provider);
  return provider;
}

beforeEach(async () => {
  fake = await started();
});
afterEach(async () => {
  await Promise.all(relays.splice(0).map((relay) => relay.close()));
  await Promise.all(fakes.splice(0).map((provider) => provider.close()));
});

/** Six tries begin in 1.5 s. */
const SILENT_MS = 3_000;

/** @param deadlineMs ample for a busy machine, but for a provider that is silent until the deadline */
function relayAt(url: string, deadlineMs = 20_000) {
  const all = relayWith(configFor(url), { times: { deadlineMs } });
  relays.push(all.relay);
  return all;
}

describe('when the provider fails, the caller is told so and nothing else', () => {
  it.each<[FakeAnswer, string, number | null, number]>([
    // answer, result counted, status in the event, tries
    ['wrong-success', 'status', 200, 1],
    [400, 'refused', 400, 1],
    [401, 'refused', 401, 1],
    [429, 'status', 429, 6],
    ['429-retry-late', 'status', 429, 1],
    [500, 'status', 500, 6],
    [503, 'status', 503, 6],
    ['reset', 'connection', null, 6],
    ['hang', 'timeout', null, 6],
    ['drip', 'timeout', null, 6],
    ['one-megabyte', 'malformed', 201, 6],
    ['endless', 'malformed', 201, 6],
    ['html', 'malformed', 201, 6],
    ['no-password', 'malformed', 201, 6],
    ['empty-username', 'malformed', 201, 6],
    ['long-username', 'malformed', 201, 6],
    ['control-character', 'malformed', 201, 6],
    ['empty-list', 'malformed', 201, 6],
    ['twilio', 'malformed', 201, 6],
  ])('%s', async (answer, result, status, tries) => {
    fake.setAnswer(answer);
    const { service, events, metrics } = relayAt(fake.url, result === 'timeout' ? SILENT_MS : undefined);
    const failure = await failureOf(service.issue(ALICE));

    expect(failure.code).toBe('CALL_RELAY_PROVIDER_ERROR');
    expect(failure.message).toBe('Unable to obtain relay credentials at this time. Please try again.');
    expect(failure.details).toEqual({});
    expect(failure.cause).toBeUndefined();
    expect(events.all).toEqual([{ event: 'call_relay.provider_error', account_id: 'alice', http_status: status }]);
    await eventually(() => metrics.starting('provider').length === tries);
    expect(metrics.starting('provider')).toEqual(Array(tries).fill(`provider cloudflare-1 ${result}`));
    expect(metrics.starting('request')).toEqual(['request provider_error control']);
    expect(fake.requests).toHaveLength(tries);
    expect(JSON.stringify([failure, events.all, metrics.lines])).not.toContain(PROVIDER_TEXT);
  });

  it('a redirect, which is not followed', async () => {
    const target = await started();
    fake.setAnswer((response) => response.writeHead(302, { location: target.url }).end());
    const { service, events } = relayAt(fake.url);
    await failureOf(service.issue(ALICE));
    expect(events.all).toEqual([{ event: 'call_relay.provider_error', account_id: 'alice', http_status: 302 }]);
    expect(target.requests).toHaveLength(0);
    expect(fake.requests).toHaveLength(1);
  });

  it('a port where nobody listens', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    const { service, events, metrics } = relayAt(`http://127.0.0.1:${port}/`);
    await failureOf(service.issue(ALICE));
    expect(events.all).toEqual([{ event: 'call_relay.provider_error', account_id: 'alice', http_status: null }]);
    expect(metrics.count('provider cloudflare-1 connection')).toBe(6);
  });

  it('a certificate that nobody vouches for, before any secret is sent', async () => {
    const tls = await started({ tls: true });
    const { service, metrics } = relayAt(tls.url);
    await failureOf(service.issue(ALICE));
    expect(metrics.count('provider cloudflare-1 connection')).toBe(6);
    expect(tls.requests).toHaveLength(0);
  });
});

describe('a provider that does not answer', () => {
  it.each<FakeAnswer>(['hang', 'drip'])('(%s) has its connection cut, so that nothing lingers', async (answer) => {
    fake.setAnswer(answer);
    const { service } = relayAt(fake.url, SILENT_MS);
    await failureOf(service.issue(ALICE));
    expect(fake.requests).toHaveLength(6);
    await Promise.all(fake.requests.map(({ gone }) => gone));
  });

  it.each<FakeAnswer>(['hang', 'drip'])('(%s) does not hold the caller beyond the deadline', async (answer) => {
    fake.setAnswer(answer);
    const { relay, service } = relayWith(configFor(fake.url), { times: { deadlineMs: 300, patienceMs: 60_000 } });
    relays.push(relay);
    // With a minute for each try, only the deadline over all of them can end this within the test's own limit.
    await failureOf(service.issue(ALICE));
    expect(fake.requests).toHaveLength(1);
  });
});

describe('when the provider fails for a moment only', () => {
  it.each<[string, FakeAnswer[]]>([
    ['one 500', [500, 'object']],
    ['two 503', [503, 503, 'object']],
    ['a reset connection', ['reset', 'array']],
    ['a silent try', ['hang', 'object']],
    ['a 429', [429, 'object']],
  ])('(%s) the caller gets credentials', async (_, answers) => {
    fake.setAnswer(...answers);
    const { service, events, metrics } = relayAt(fake.url);
    expect(await service.issue(ALICE)).toMatchObject({ turnUsername: `fake-user-${answers.length}` });
    expect(fake.requests).toHaveLength(answers.length);
    expect(events.all).toEqual([
      { event: 'call_relay.credentials_issued', account_id: 'alice', turn_ttl_seconds: 43_200 },
    ]);
    expect(metrics.starting('request')).toEqual(['request issued control']);
  });
});
