import { beforeAll, describe, expect, it } from '@jest/globals';
import { exportSPKI, generateKeyPair, type JWK } from 'jose';
import { generateKeyPairSync } from 'node:crypto';
import { createJwtAuthenticator, type JwtAuthenticator } from '../../src/jwt/authenticator.js';
import { createSetClock } from '../identity/clock.js';
import { outcomeOf } from '../identity/outcome.js';
import { createTestLogin, type TestLogin } from '../support/tokens.js';

const clock = createSetClock();
const nowSeconds = clock.now() / 1_000;

let login: TestLogin;
let rsaLogin: TestLogin;
let stranger: TestLogin;
let authenticator: JwtAuthenticator;

beforeAll(async () => {
  login = await createTestLogin({ clock });
  rsaLogin = await createTestLogin({ alg: 'RS256', kid: 'login-key-2', clock });
  stranger = await createTestLogin({ clock });
  authenticator = createJwtAuthenticator({ ...login, keys: { jwks: login.jwks }, clock });
});

const outcome = (token: string): Promise<string> => outcomeOf(authenticator.authenticate(token));

describe('an access token', () => {
  it('names the account, the device and its own life', async () => {
    expect(await authenticator.authenticate(await login.token())).toEqual({
      accountId: 'account-1',
      deviceId: 'device-1',
      issuedAt: clock.now(),
      expiresAt: clock.now() + 3_600_000,
    });
  });

  it.each(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'])(
    'may be signed with %s',
    async (alg) => {
      const other = await createTestLogin({ alg, clock });
      const one = createJwtAuthenticator({ ...other, keys: { jwks: other.jwks }, clock });
      expect(await outcomeOf(one.authenticate(await other.token()))).toBe('ok');
    },
  );

  it.each<[string, Record<string, unknown>]>([
    ['no exp', { exp: undefined }],
    ['no sub', { sub: undefined }],
    ['no device', { device_id: undefined }],
    ['no iss', { iss: undefined }],
    ['no aud', { aud: undefined }],
    ['no iat', { iat: undefined }],
    ['another issuer', { iss: 'https://evil.example.com' }],
    ['another audience', { aud: 'mail' }],
    ['only other audiences', { aud: ['mail', 'files'] }],
    ['an iat in the future', { iat: nowSeconds + 6 }],
    ['an exp that has come', { exp: nowSeconds }],
    ['an exp in the past', { exp: nowSeconds - 1 }],
    ['an nbf in the future', { nbf: nowSeconds + 6 }],
    ['an exp that is text', { exp: String(nowSeconds + 60) }],
    ['an exp that no date can hold', { exp: 1e300 }],
    ['a negative iat', { iat: -1 }],
    ['a sub that is a number', { sub: 1 }],
    ['an empty sub', { sub: '' }],
    ['a sub that is too long', { sub: 'a'.repeat(257) }],
    ['a sub with a line break', { sub: 'a\nb' }],
    ['a device that is not ASCII', { device_id: 'é' }],
    ['a device that is a list', { device_id: ['device-1'] }],
  ])('with %s is refused', async (_what, claims) => {
    expect(await outcome(await login.token(claims))).toBe('CALL_UNAUTHORIZED');
  });

  it.each<[string, Record<string, unknown>]>([
    ['ours among several audiences', { aud: ['mail', 'calls'] }],
    ['an iat a clock skew ahead', { iat: nowSeconds + 5 }],
    ['an exp in ten years', { exp: nowSeconds + 10 * 365 * 86_400 }],
    ['ids of 256 characters', { sub: '~'.repeat(256), device_id: ' '.repeat(256) }],
  ])('with %s is accepted', async (_what, claims) => {
    expect(await outcome(await login.token(claims))).toBe('ok');
  });

  it('may carry its account and device in claims of the login service’s choice', async () => {
    const named = createJwtAuthenticator({
      ...login,
      keys: { jwks: login.jwks },
      accountClaim: 'https://example.com/account',
      deviceClaim: 'device',
      clock,
    });
    const token = await login.token({ 'https://example.com/account': 'account-7', device: 'device-7' });
    expect(await named.authenticate(token)).toMatchObject({ accountId: 'account-7', deviceId: 'device-7' });
    expect(await outcomeOf(named.authenticate(await login.token()))).toBe('CALL_UNAUTHORIZED');
  });

  it('longer than 8 KiB is refused, however well signed', async () => {
    expect(await outcome(await login.token({ note: 'x'.repeat(5_000) }))).toBe('ok');
    expect(await outcome(await login.token({ note: 'x'.repeat(6_000) }))).toBe('CALL_UNAUTHORIZED');
  });
});

describe('a single public key', () => {
  it('checks tokens with or without a kid', async () => {
    const single = createJwtAuthenticator({ ...login, keys: { publicKeyPem: login.publicPem }, clock });
    for (const kid of [login.kid, 'another', undefined]) {
      expect(await outcomeOf(single.authenticate(await login.token({}, { kid })))).toBe('ok');
    }
    expect(await outcomeOf(single.authenticate(await stranger.token()))).toBe('CALL_UNAUTHORIZED');
    expect(single.degraded()).toBe(false);
    await single.close();
  });
});

describe('an authenticator', () => {
  const made = (keys: Parameters<typeof createJwtAuthenticator>[0]['keys'], extra: object = {}): JwtAuthenticator =>
    createJwtAuthenticator({ issuer: 'i', audience: 'a', clock, keys, ...extra });

  it('accepts only the algorithms it is told to', async () => {
    const one = createJwtAuthenticator({
      ...login,
      keys: { jwks: { keys: [login.publicJwk, rsaLogin.publicJwk] } },
      algorithms: ['RS256'],
      clock,
    });
    expect(await outcomeOf(one.authenticate(await rsaLogin.token()))).toBe('ok');
    expect(await outcomeOf(one.authenticate(await login.token()))).toBe('CALL_UNAUTHORIZED');
  });

  it('is not made with algorithms that are symmetric, unknown or none at all', () => {
    for (const algorithms of [['HS256'], ['none'], ['ES256', 'HS512'], [], ['toString']]) {
      expect(() => made({ jwks: login.jwks }, { algorithms })).toThrow(TypeError);
    }
  });

  it('is not made with a key that cannot check tokens', async () => {
    const { privateKey } = generateKeyPairSync('ec', {
      namedCurve: 'P-256',
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    const weak = generateKeyPairSync('rsa', {
      modulusLength: 1_024,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    const agreement = await exportSPKI((await generateKeyPair('ECDH-ES', { crv: 'X25519' })).publicKey);
    for (const publicKeyPem of [privateKey, weak.publicKey, agreement, 'no key']) {
      expect(() => made({ publicKeyPem })).toThrow(TypeError);
    }
  });

  it('is not made with a set in which no key can check tokens', () => {
    const unusable: JWK[] = [
      { kty: 'oct', k: 'c2VjcmV0', kid: 'symmetric' },
      { ...login.publicJwk, kid: 'encryption', use: 'enc' },
      { ...login.publicJwk, kid: 'private', d: 'AAAA' },
      { kty: 'EC', crv: 'P-256', x: 'AAAA', y: 'AAAA' },
    ];
    expect(() => made({ jwks: { keys: unusable } })).toThrow(TypeError);
    expect(() => made({ jwks: { keys: [] } })).toThrow(TypeError);
  });

  it('is not made to fetch keys over plain HTTP in production, or from what is no URL', () => {
    expect(() => made({ jwksUrl: 'http://127.0.0.1/keys' }, { production: true })).toThrow(TypeError);
    expect(() => made({ jwksUrl: 'file:///etc/keys.json' })).toThrow(TypeError);
    expect(() => made({ jwksUrl: 'login' })).toThrow(TypeError);
  });
});
