import { afterEach, describe, expect, it } from '@jest/globals';
import { type FakeAnswer, type FakeProvider, startFakeProvider } from '../support/fake-provider.js';
import { ALICE, configFor, failureOf, type Relay, relayWith } from '../relay/harness.js';
import { type ChainOptions, createChain } from '../../src/providers/chain.js';
import type { RelayTimes } from '../../src/providers/relay.js';
import { systemClock } from '../../src/ports.js';
import { ProviderError } from '../../src/relay/ports.js';

const relays: Relay[] = [];
const fakes: FakeProvider[] = [];

afterEach(async () => {
  await Promise.all(relays.splice(0).map((relay) => relay.close()));
  await Promise.all(fakes.splice(0).map((provider) => provider.close()));
});

/** A relay over as many providers as there are answers, each of which gives its own one. */
async function over(answers: FakeAnswer[][], times: Partial<RelayTimes> = {}) {
  for (const answer of answers) {
    const fake = await startFakeProvider();
    fake.setAnswer(...answer);
    fakes.push(fake);
  }
  const providers = fakes.map(({ url }) => ({ type: 'cloudflare', endpoint: url, token: 'api-token' }));
  const all = relayWith(configFor('', { providers }), { times });
  relays.push(all.relay);
  return { ...all, tries: () => fakes.map(({ requests }) => requests.length) };
}

function chainWith(options: Pick<ChainOptions, 'deadlineMs' | 'backoffMs' | 'random'>) {
  return createChain({
    clock: systemClock,
    maxTries: 3,
    maxTriesWithFallback: 2,
    maxBackoffMs: 1e9,
    patienceMs: { least: 10_000, most: 10_000 },
    ...options,
  });
}

describe('over several providers', () => {
  it('the first one is asked as long as it answers', async () => {
    const { service, tries } = await over([['object'], ['object']]);
    await service.issue(ALICE);
    await service.issue(ALICE);
    expect(tries()).toEqual([2, 0]);
  });

  it.each<FakeAnswer>([400, 401, 429, '429-retry-late', 500, 'reset', 'hang', 'html', 'wrong-success'])(
    'any failure (%s) moves on to the next one',
    async (failure) => {
      const { service, tries, events } = await over([[failure], ['object']]);
      await service.issue(ALICE);
      expect(tries()).toEqual([1, 1]);
      expect(events.all.map(({ event }) => event)).toEqual(['call_relay.credentials_issued']);
    },
  );

  it('six tries are all there are, round and round', async () => {
    // Without waits, whose jitter would let one provider be ready twice before the other.
    const { service, tries } = await over([[500], [500]], { backoffMs: 0 });
    await failureOf(service.issue(ALICE));
    expect(tries()).toEqual([3, 3]);
  });

  it('one that will not change its mind is not asked again', async () => {
    const { service, tries } = await over([[401], [500]]);
    await failureOf(service.issue(ALICE));
    expect(tries()).toEqual([1, 5]);
  });

  it('the last failure is the one that is told of', async () => {
    const { service, events } = await over([[500], [401]]);
    await failureOf(service.issue(ALICE));
    // Provider 1, provider 2, and provider 1 again.
    expect(events.all).toEqual([{ event: 'call_relay.provider_error', account_id: 'alice', http_status: 500 }]);
  });

  it('a provider whose secret cannot be read is passed over', async () => {
    const fake = await startFakeProvider();
    fakes.push(fake);
    let readable = true;
    const { relay, service, metrics } = relayWith(
      configFor('', {
        providers: [
          { type: 'shared-secret', secretFile: '/run/secrets/turn' },
          { type: 'cloudflare', endpoint: fake.url, token: 'api-token' },
        ],
      }),
      {
        readSecret: () => {
          if (!readable) throw new Error('ENOENT');
          return 'secret';
        },
      },
    );
    relays.push(relay);
    readable = false;
    expect(await service.issue(ALICE)).toMatchObject({ turnUsername: 'fake-user-1' });
    expect(metrics.starting('provider')).toEqual(['provider shared-secret-1 secret', 'provider cloudflare-2 ok']);
  });
});

describe('a provider that is asked again', () => {
  it('is left alone before, twice as long each time at most', async () => {
    const times: number[] = [];
    const failing = {
      name: 'failing',
      credentials: async () => {
        times.push(performance.now());
        throw new ProviderError('status', 500);
      },
    };
    const chain = chainWith({ deadlineMs: 5_000, backoffMs: 100, random: () => 0.99 });
    const request = {
      ttlSeconds: 60,
      pseudonym: 'pseudonym',
      hasFallback: false,
      signal: new AbortController().signal,
    };
    await expect(chain([failing], request)).rejects.toEqual(new ProviderError('status', 500));
    const [first = 0, second = 0, third = 0] = times;
    expect(second - first).toBeGreaterThanOrEqual(95);
    expect(third - second).toBeGreaterThanOrEqual(190);
  });

  it('is not waited for beyond the end of the request', async () => {
    const chain = chainWith({ deadlineMs: 1e9, backoffMs: 1e8, random: () => 0.99 });
    const failing = { name: 'failing', credentials: () => Promise.reject(new ProviderError('status', 503)) };
    const request = { ttlSeconds: 60, pseudonym: 'pseudonym', hasFallback: false, signal: AbortSignal.timeout(100) };
    await expect(chain([failing], request)).rejects.toEqual(new ProviderError('status', 503));
  });
});

describe('Retry-After of a 429', () => {
  it('is waited for when it fits in the deadline', async () => {
    const { service, tries } = await over([['429-retry-soon', 'object']], { deadlineMs: 5_000 });
    const started = performance.now();
    await service.issue(ALICE);
    expect(performance.now() - started).toBeGreaterThanOrEqual(990);
    expect(tries()).toEqual([2]);
  });

  it('ends the matter for this provider when it does not', async () => {
    const { service, tries } = await over([['429-retry-soon', 'object']], { deadlineMs: 900 });
    await failureOf(service.issue(ALICE));
    expect(tries()).toEqual([1]);
  });

  it('is not begun to be waited for when it does not', async () => {
    const chain = chainWith({ deadlineMs: 3_000, backoffMs: 10, random: () => 0 });
    const busy = { name: 'busy', credentials: () => Promise.reject(new ProviderError('status', 429, 3_600_000)) };
    // Nothing else would end this: the signal is never aborted.
    const request = {
      ttlSeconds: 60,
      pseudonym: 'pseudonym',
      hasFallback: false,
      signal: new AbortController().signal,
    };
    await expect(chain([busy], request)).rejects.toMatchObject({ reason: 'status', httpStatus: 429 });
  });

  it('may be a date', async () => {
    const inAnHour: FakeAnswer = (response) =>
      response.writeHead(429, { 'retry-after': new Date(Date.now() + 3_600_000).toUTCString() }).end();
    const { service, tries } = await over([[inAnHour, 'object']]);
    await failureOf(service.issue(ALICE));
    expect(tries()).toEqual([1]);
  });

  it.each(['soon', '-1', '0', ''])('of %j counts as none', async (value) => {
    const answer: FakeAnswer = (response) => response.writeHead(429, { 'retry-after': value }).end();
    const { service, tries } = await over([[answer, 'object']]);
    await service.issue(ALICE);
    expect(tries()).toEqual([2]);
  });
});
