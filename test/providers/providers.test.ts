import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createHmac } from 'node:crypto';
import { cloudflareProvider } from '../../src/providers/cloudflare.js';
import { guarded } from '../../src/providers/guard.js';
import { hostProvider, type OwnedProvider, type ProviderFunction } from '../../src/providers/owned.js';
import { currentSecret } from '../../src/providers/secret.js';
import { sharedSecretProvider } from '../../src/providers/shared-secret.js';
import { twilioProvider } from '../../src/providers/twilio.js';
import { ProviderError, type RelayProvider } from '../../src/relay/ports.js';
import { relayProviderContract } from '../contract/relay-provider.js';
import { manualClock, recordingMetrics } from '../relay/recorders.js';
import { type FakeAnswer, type FakeProvider, PROVIDER_URLS, startFakeProvider } from '../support/fake-provider.js';

let fake: FakeProvider;
const owned: OwnedProvider[] = [];

beforeEach(async () => {
  fake = await startFakeProvider();
});
afterEach(async () => {
  await Promise.all(owned.splice(0).map((provider) => provider.close()));
  await fake.close();
});

function kept<P extends OwnedProvider>(provider: P): P {
  owned.push(provider);
  return provider;
}

function cloudflare(answer: FakeAnswer = 'object'): RelayProvider {
  fake.setAnswer(answer);
  return kept(cloudflareProvider({ name: 'cloudflare', endpoint: fake.url, token: () => 'api-token' }));
}

function twilio(answer: FakeAnswer = 'twilio'): RelayProvider {
  fake.setAnswer(answer);
  return kept(twilioProvider({ name: 'twilio', endpoint: fake.url, accountSid: 'AC1', authToken: () => 'auth-token' }));
}

function sharedSecret(): RelayProvider {
  return sharedSecretProvider({ name: 'shared-secret', secret: () => 'north', clock: manualClock(1_443_693_231_000) });
}

function host(mint: ProviderFunction): RelayProvider {
  return guarded(hostProvider('host-1', mint), { metrics: recordingMetrics(), clock: manualClock(), probeMs: 1_000 });
}

const request = { ttlSeconds: 86_400, pseudonym: 'pseudonym', signal: new AbortController().signal };

function failureOf(provider: RelayProvider): Promise<unknown> {
  return provider.credentials(request).then(
    () => 'credentials',
    (error: unknown) => error,
  );
}

describe('Cloudflare', () => {
  relayProviderContract({
    well: () => cloudflare(),
    silent: () => cloudflare('hang'),
    broken: () => cloudflare(500),
  });

  it('is asked for the lifetime with a bearer token, and told nothing of the account', async () => {
    await cloudflare().credentials(request);
    expect(fake.requests).toHaveLength(1);
    expect(fake.requests[0]).toMatchObject({
      method: 'POST',
      path: '/v1/turn/keys/test/credentials/generate',
      headers: { authorization: 'Bearer api-token', 'content-type': 'application/json' },
      body: '{"ttl":86400}',
    });
  });

  it('may answer with an object', async () => {
    expect(await cloudflare('object').credentials(request)).toEqual({
      username: 'fake-user-1',
      password: 'fake-password-1',
      grantedTtlSeconds: 86_400,
      urls: PROVIDER_URLS,
    });
  });

  it('may answer with a list, of which the entry with credentials counts', async () => {
    expect(await cloudflare('array').credentials(request)).toEqual({
      username: 'fake-user-1',
      password: 'fake-password-1',
      grantedTtlSeconds: 86_400,
      urls: PROVIDER_URLS.slice(1),
    });
  });
});

describe('Twilio', () => {
  relayProviderContract({ well: () => twilio(), silent: () => twilio('hang'), broken: () => twilio('html') });

  it('is asked with basic authentication and a form', async () => {
    await twilio().credentials(request);
    expect(fake.requests[0]).toMatchObject({
      method: 'POST',
      headers: {
        authorization: `Basic ${Buffer.from('AC1:auth-token').toString('base64')}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: 'Ttl=86400',
    });
  });

  it('says the lifetime as text, and its URLs one by one', async () => {
    expect(await twilio().credentials(request)).toEqual({
      username: 'fake-user-1',
      password: 'fake-password-1',
      grantedTtlSeconds: 3_600,
      urls: PROVIDER_URLS,
    });
  });

  it.each(['0', '-1', 'soon', '1.5', null])('is refused with a lifetime of %j', async (ttl) => {
    const provider = twilio((response, { username, credential }) =>
      response.writeHead(201).end(JSON.stringify({ username, password: credential, ttl, ice_servers: [] })),
    );
    expect(await failureOf(provider)).toEqual(new ProviderError('malformed', 201));
  });
});

describe('a shared secret', () => {
  relayProviderContract({ well: sharedSecret });

  it('gives expiry:pseudonym and its HMAC-SHA1 (TURN REST API)', async () => {
    const { username, password } = await sharedSecret().credentials(request);
    expect(username).toBe('1443779631:pseudonym');
    // printf 1443779631:pseudonym | openssl dgst -sha1 -hmac north -binary | base64
    expect(password).toBe('wHol00F9+3Hn48k9ZuTXiopO0oQ=');
  });

  it('is read at each use, and its line break is not part of it', async () => {
    let file = 'old\n';
    const secret = () => currentSecret({ file: '/run/secrets/turn' }, () => file);
    const provider = sharedSecretProvider({ name: 'shared-secret', secret, clock: manualClock() });
    const passwordBy = (key: string, username: string): string =>
      createHmac('sha1', key).update(username).digest('base64');

    const before = await provider.credentials(request);
    expect(before.password).toBe(passwordBy('old', before.username));
    file = 'new\n';
    const after = await provider.credentials(request);
    expect(after.password).toBe(passwordBy('new', after.username));
  });

  it.each<[string, () => string]>([
    ['is empty', () => '\n'],
    [
      'cannot be read',
      () => {
        throw new Error('ENOENT /run/secrets/turn');
      },
    ],
  ])('that %s is a ProviderError that names no file', async (_, readSecret) => {
    const secret = () => currentSecret({ file: '/run/secrets/turn' }, readSecret);
    const failure = await failureOf(sharedSecretProvider({ name: 's', secret, clock: manualClock() }));
    expect(failure).toEqual(new ProviderError('secret', null));
    expect(String(failure)).not.toContain('/run');
  });
});

describe('a host’s own provider', () => {
  const good = { username: 'u', password: 'p', grantedTtlSeconds: 60, urls: [] };

  relayProviderContract({
    well: () => host(async () => good),
    silent: () => host(() => new Promise(() => undefined)),
    broken: () =>
      host(async () => {
        throw new Error('database password is hunter2');
      }),
  });

  it.each([
    ['no username', { ...good, username: '' }],
    ['no password', { ...good, password: '' }],
    ['a line break', { ...good, password: 'a\nb' }],
    ['no lifetime', { ...good, grantedTtlSeconds: 0 }],
    ['half a second', { ...good, grantedTtlSeconds: 0.5 }],
    ['a username of 509 bytes', { ...good, username: 'ä'.repeat(254) + 'u' }],
  ])('is refused with %s', async (_, answer) => {
    expect(await failureOf(host(async () => answer))).toEqual(new ProviderError('malformed', null));
  });

  it('may be an object with a name of its own', async () => {
    const provider = hostProvider('host-1', { name: 'ours', credentials: async () => good });
    expect(provider.name).toBe('ours');
    expect(await provider.credentials(request)).toEqual(good);
  });
});
