import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { exportSPKI, generateKeyPair, type JWK } from 'jose';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { createJwtAuthenticator, type JwtAuthenticator } from '../../src/jwt/authenticator.js';
import type { RefusalReason, TokenRefusal } from '../../src/jwt/refusal.js';
import { createSetClock } from '../identity/clock.js';
import { outcomeOf } from '../identity/outcome.js';
import { createTestLogin, type TestLogin } from '../support/tokens.js';

const clock = createSetClock();
const nowSeconds = clock.now() / 1_000;

let login: TestLogin;
let rsaLogin: TestLogin;
let stranger: TestLogin;
let authenticator: JwtAuthenticator;
let refusals: TokenRefusal[] = [];

beforeAll(async () => {
  login = await createTestLogin({ clock });
  rsaLogin = await createTestLogin({ alg: 'RS256', kid: 'login-key-2', clock });
  stranger = await createTestLogin({ clock });
  const onRefused = (refusal: TokenRefusal): void => void refusals.push(refusal);
  authenticator = createJwtAuthenticator({
    issuer: login.issuer,
    audience: login.audience,
    keys: { jwks: login.jwks },
    clock,
    onRefused,
  });
});

beforeEach(() => {
  refusals = [];
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

  it.each(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'])(
    'may be signed with %s',
    async (alg) => {
      const other = await createTestLogin({ alg, clock });
      const one = createJwtAuthenticator({
        issuer: other.issuer,
        audience: other.audience,
        keys: { jwks: other.jwks },
        clock,
      });
      expect(await outcomeOf(one.authenticate(await other.token()))).toBe('ok');
    },
  );

  it.each<[string, RefusalReason, Record<string, unknown>]>([
    ['no exp', 'malformed', { exp: undefined }],
    ['no sub', 'account_claim', { sub: undefined }],
    ['no device', 'device_claim', { device_id: undefined }],
    ['no iss', 'issuer', { iss: undefined }],
    ['no aud', 'audience', { aud: undefined }],
    ['no iat', 'malformed', { iat: undefined }],
    ['another issuer', 'issuer', { iss: 'https://evil.example.com' }],
    ['another audience', 'audience', { aud: 'mail' }],
    ['only other audiences', 'audience', { aud: ['mail', 'files'] }],
    ['an iat more than a minute ahead', 'not_yet', { iat: nowSeconds + 61 }],
    ['an exp that has come', 'expired', { exp: nowSeconds }],
    ['an exp in the past', 'expired', { exp: nowSeconds - 1 }],
    ['an exp long past', 'expired', { exp: nowSeconds - 3_600 }],
    ['an nbf more than a minute ahead', 'not_yet', { nbf: nowSeconds + 61 }],
    ['an exp that is text', 'malformed', { exp: String(nowSeconds + 60) }],
    ['an exp in milliseconds', 'malformed', { exp: nowSeconds * 1_000 }],
    ['an iat that is later than exp', 'malformed', { iat: nowSeconds + 50, exp: nowSeconds + 40 }],
    ['an exp that no date can hold', 'malformed', { exp: 1e300 }],
    ['a negative iat', 'malformed', { iat: -1 }],
    ['a sub that is no integer', 'account_claim', { sub: 1.5 }],
    ['a sub that JSON cannot hold exactly', 'account_claim', { sub: 2 ** 53 }],
    ['a sub that is true', 'account_claim', { sub: true }],
    ['an empty sub', 'account_claim', { sub: '' }],
    ['a sub that is too long', 'account_claim', { sub: 'a'.repeat(257) }],
    ['a sub with a line break', 'account_claim', { sub: 'a\nb' }],
    ['a device that is not ASCII', 'device_claim', { device_id: 'é' }],
    ['a device that is a list', 'device_claim', { device_id: ['device-1'] }],
  ])('with %s is refused: %s', async (_what, reason, claims) => {
    expect(await outcome(await login.token({ ...claims, secret_claim: 'secret value' }))).toBe('CALL_UNAUTHORIZED');
    expect(refusals.map((refusal) => refusal.reason)).toEqual([reason]);
    expect(refusals[0]?.claims).toContain('secret_claim');
    expect(JSON.stringify(refusals)).not.toContain('secret value');
  });

  it('whose signature was not found good leaves none of its words anywhere', async () => {
    const token = await login.token({ note: 'x' });
    const [header, , signature] = token.split('.');
    const forged = Buffer.from(JSON.stringify({ sub: 'someone', words_of_a_stranger: 1 })).toString('base64url');
    expect(await outcome(`${header}.${forged}.${signature}`)).toBe('CALL_UNAUTHORIZED');
    expect(await outcome(await login.token({}, { kid: 'unknown' }))).toBe('CALL_UNAUTHORIZED');
    expect(await outcome('no token')).toBe('CALL_UNAUTHORIZED');
    expect(
      await outcome(await login.token({}, { crit: ['urn:example:extension'], 'urn:example:extension': true })),
    ).toBe('CALL_UNAUTHORIZED');
    const hmac = `${Buffer.from('{"alg":"HS256","kid":"login-key-1"}').toString('base64url')}.${forged}.AAAA`;
    expect(await outcome(hmac)).toBe('CALL_UNAUTHORIZED');
    expect(refusals).toEqual(
      ['signature', 'key_unknown', 'malformed', 'malformed', 'algorithm'].map((reason) => ({ reason, claims: [] })),
    );
  });

  it('is refused all the same when whoever is told of it throws', async () => {
    const one = createJwtAuthenticator({
      issuer: login.issuer,
      audience: login.audience,
      keys: { jwks: login.jwks },
      clock,
      onRefused: () => {
        throw new Error('of the host');
      },
    });
    expect(await outcomeOf(one.authenticate('no token'))).toBe('CALL_UNAUTHORIZED');
  });

  it.each<[string, Record<string, unknown>]>([
    ['ours among several audiences', { aud: ['mail', 'calls'] }],
    ['an iat a minute ahead', { iat: nowSeconds + 60 }],
    ['an nbf a minute ahead', { nbf: nowSeconds + 60 }],
    ['an exp in ten years', { exp: nowSeconds + 10 * 365 * 86_400 }],
    ['ids of 256 characters', { sub: '~'.repeat(256), device_id: ' '.repeat(256) }],
  ])('with %s is accepted', async (_what, claims) => {
    expect(await outcome(await login.token(claims))).toBe('ok');
  });

  it('may have integers for ids, which stand for their decimal text', async () => {
    const token = await login.token({ sub: 7, device_id: Number.MAX_SAFE_INTEGER });
    expect(await authenticator.authenticate(token)).toMatchObject({ accountId: '7', deviceId: '9007199254740991' });
  });

  it('has the leeway that is configured, and none for its end', async () => {
    const strict = createJwtAuthenticator({
      issuer: login.issuer,
      audience: login.audience,
      keys: { jwks: login.jwks },
      clock,
      clockLeewaySeconds: 0,
    });
    expect(await outcomeOf(strict.authenticate(await login.token({ iat: nowSeconds + 1 })))).toBe('CALL_UNAUTHORIZED');
    const wide = createJwtAuthenticator({
      issuer: login.issuer,
      audience: login.audience,
      keys: { jwks: login.jwks },
      clock,
      clockLeewaySeconds: 300,
    });
    expect(await outcomeOf(wide.authenticate(await login.token({ iat: nowSeconds + 300 })))).toBe('ok');
    expect(await outcomeOf(wide.authenticate(await login.token({ exp: nowSeconds })))).toBe('CALL_UNAUTHORIZED');
  });

  it('is good under any of the keys that share its kid', async () => {
    const others = await Promise.all(Array.from({ length: 3 }, () => createTestLogin({ clock })));
    const keys = [...others, login].map(({ publicJwk }) => publicJwk);
    const one = createJwtAuthenticator({
      issuer: login.issuer,
      audience: login.audience,
      keys: { jwks: { keys } },
      clock,
    });
    for (const each of [login, ...others]) expect(await outcomeOf(one.authenticate(await each.token()))).toBe('ok');
    expect(await outcomeOf(one.authenticate(await stranger.token()))).toBe('CALL_UNAUTHORIZED');
  });

  it.each([
    ['EdDSA', 'Ed25519'],
    ['Ed25519', 'EdDSA'],
    ['EdDSA', undefined],
  ])('signed as %s is good under a key that is named %s', async (alg, keyAlg) => {
    const other = await createTestLogin({ alg, clock });
    const key = JSON.parse(JSON.stringify({ ...other.publicJwk, alg: keyAlg })) as JWK;
    const one = createJwtAuthenticator({
      issuer: other.issuer,
      audience: other.audience,
      keys: { jwks: { keys: [key] } },
      clock,
    });
    expect(await outcomeOf(one.authenticate(await other.token()))).toBe('ok');
    const given = createJwtAuthenticator({
      issuer: other.issuer,
      audience: other.audience,
      keys: { publicKeyPem: JSON.stringify(key) },
      clock,
    });
    expect(await outcomeOf(given.authenticate(await other.token()))).toBe('ok');
  });

  it('may carry its account and device in claims of the login service’s choice', async () => {
    const named = createJwtAuthenticator({
      issuer: login.issuer,
      audience: login.audience,
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
    const single = createJwtAuthenticator({
      issuer: login.issuer,
      audience: login.audience,
      keys: { publicKeyPem: login.publicPem },
      clock,
    });
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
      issuer: login.issuer,
      audience: login.audience,
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
    const weakJwk = JSON.stringify(createPublicKey(weak.publicKey).export({ format: 'jwk' }));
    const given: [string, RegExp][] = [
      [privateKey, /a public key is wanted, this one is private/],
      [JSON.stringify({ ...login.publicJwk, d: 'AAAA' }), /a public key is wanted, this one is private/],
      [weak.publicKey, /an RSA key must have 2048 bits or more/],
      [weakJwk, /an RSA key must have 2048 bits or more/],
      [agreement, /a key for one of RS256, .* is wanted, this one is for none/],
      [JSON.stringify({ kty: 'oct', k: 'AAAA' }), /this one is private/],
      [JSON.stringify({ ...login.publicJwk, use: 'enc' }), /a key for signatures is wanted/],
      [JSON.stringify({ keys: [] }), /the key set has no public signature key with a kid: it is empty/],
      [JSON.stringify({ keys: [{ ...login.publicJwk, kid: undefined }] }), /it has no "kid"/],
      ['{"issuer":"https://login"}', /it is not PEM, and its JSON is neither a JSON Web Key .* nor a key set/],
      ['{}', /it is not PEM/],
      ['{"kty":', /it begins like JSON, and is none/],
      ['no key', /a public key in PEM form .* or as a JSON Web Key is wanted/],
    ];
    for (const [publicKeyPem, why] of given) {
      expect(() => made({ publicKeyPem })).toThrow(TypeError);
      expect(() => made({ publicKeyPem })).toThrow(why);
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
    expect(() => made({ jwksUrl: 'login' })).toThrow('keys must have a jwksUrl that is a URL');
  });
});
