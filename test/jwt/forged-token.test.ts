import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createHmac } from 'node:crypto';
import { createJwtAuthenticator, type JwtAuthenticator } from '../../src/jwt/authenticator.js';
import { createSetClock } from '../identity/clock.js';
import { outcomeOf } from '../identity/outcome.js';
import { startFakeJwks, type FakeJwks } from '../support/fake-jwks.js';
import { createTestLogin, type TestLogin } from '../support/tokens.js';

const clock = createSetClock();
const nowSeconds = clock.now() / 1_000;

let login: TestLogin;
let rsaLogin: TestLogin;
let stranger: TestLogin;
let service: FakeJwks;
let attacker: FakeJwks;
let authenticator: JwtAuthenticator;

beforeAll(async () => {
  login = await createTestLogin({ clock });
  rsaLogin = await createTestLogin({ alg: 'RS256', kid: 'login-key-2', clock });
  stranger = await createTestLogin({ clock });
  service = await startFakeJwks({ keys: [login.publicJwk, rsaLogin.publicJwk] });
  attacker = await startFakeJwks(stranger.jwks);
  authenticator = createJwtAuthenticator({
    issuer: login.issuer,
    audience: login.audience,
    keys: { jwksUrl: service.url },
    clock,
  });
});

afterAll(async () => {
  await authenticator.close();
  await service.close();
  await attacker.close();
});

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const goodClaims = (): Record<string, unknown> => ({
  iss: login.issuer,
  aud: login.audience,
  sub: 'account-1',
  device_id: 'device-1',
  iat: nowSeconds,
  exp: nowSeconds + 3_600,
});
const outcome = (token: string): Promise<string> => outcomeOf(authenticator.authenticate(token));

describe('a forged token', () => {
  it.each(['none', 'None', 'NONE', ''])('that names the algorithm "%s" is refused', async (alg) => {
    for (const signature of ['', 'AAAA']) {
      const token = `${encode({ alg, kid: login.kid })}.${encode(goodClaims())}.${signature}`;
      expect(await outcome(token)).toBe('CALL_UNAUTHORIZED');
    }
  });

  it.each(['HS256', 'HS384', 'HS512'])('signed with %s and the public key as its secret is refused', async (alg) => {
    for (const secret of [rsaLogin.publicPem, JSON.stringify(rsaLogin.publicJwk)]) {
      const input = `${encode({ alg, kid: rsaLogin.kid })}.${encode(goodClaims())}`;
      const signature = createHmac(alg.replace('HS', 'sha'), secret).update(input).digest('base64url');
      expect(await outcome(`${input}.${signature}`)).toBe('CALL_UNAUTHORIZED');
    }
  });

  it('signed with HS256 is refused too where a single public key is configured', async () => {
    const single = createJwtAuthenticator({
      issuer: login.issuer,
      audience: login.audience,
      keys: { publicKeyPem: rsaLogin.publicPem },
      clock,
    });
    const input = `${encode({ alg: 'HS256' })}.${encode(goodClaims())}`;
    const signature = createHmac('sha256', rsaLogin.publicPem).update(input).digest('base64url');
    expect(await outcomeOf(single.authenticate(`${input}.${signature}`))).toBe('CALL_UNAUTHORIZED');
    expect(await outcomeOf(single.authenticate(await rsaLogin.token()))).toBe('ok');
  });

  it('signed by someone else under a known kid is refused', async () => {
    expect(await outcome(await stranger.token())).toBe('CALL_UNAUTHORIZED');
  });

  it('that names another key of the set than the one that signed it is refused', async () => {
    expect(await outcome(await login.token({}, { kid: rsaLogin.kid }))).toBe('CALL_UNAUTHORIZED');
  });

  it('without a kid is refused where there is a set of keys', async () => {
    expect(await outcome(await login.token({}, { kid: undefined }))).toBe('CALL_UNAUTHORIZED');
  });

  it('that brings its own key is refused, and nobody is asked for it', async () => {
    const headers = [
      { jwk: stranger.publicJwk },
      { jku: attacker.url },
      { x5u: attacker.url },
      { x5c: ['MIIB'] },
      { jku: attacker.url, jwk: stranger.publicJwk, kid: attacker.url },
      { kid: attacker.url },
    ];
    for (const header of headers) expect(await outcome(await stranger.token({}, header))).toBe('CALL_UNAUTHORIZED');
    expect(attacker.requests).toBe(0);
  });

  it.each([
    '../../../../etc/passwd',
    'http://127.0.0.1/key',
    "' OR 1=1 --",
    '__proto__',
    'constructor',
    '',
    'login-key-1\u0000',
    'LOGIN-KEY-1',
  ])('that names the kid %j is refused', async (kid) => {
    expect(await outcome(await login.token({}, { kid }))).toBe('CALL_UNAUTHORIZED');
  });

  it.each([[['login-key-1']], [{ kid: 'login-key-1' }], [1], [null]])(
    'whose kid is not text but %j is refused',
    async (kid) => {
      const [, payload, signature] = (await login.token()).split('.');
      expect(await outcome(`${encode({ alg: 'ES256', kid })}.${payload}.${signature}`)).toBe('CALL_UNAUTHORIZED');
    },
  );

  it('with critical extensions is refused (RFC 7515, section 4.1.11)', async () => {
    const header = { crit: ['urn:example:extension'], 'urn:example:extension': true };
    expect(await outcome(await login.token({}, header))).toBe('CALL_UNAUTHORIZED');
    expect(await outcome(await login.token({}, { crit: ['b64'], b64: true }))).toBe('CALL_UNAUTHORIZED');
  });

  it.each(['', '.', '..', '...', 'a.b.c', 'a.b.c.d.e', 'é.é.é', '\u0000', 'null.null.null', 'e30.e30.', 'W10.e30.AA'])(
    'such as %j is refused',
    async (token) => {
      expect(await outcome(token)).toBe('CALL_UNAUTHORIZED');
    },
  );

  it('that differs from a good one in any character is refused', async () => {
    const good = [await login.token(), await rsaLogin.token()];
    for (const token of good) expect(await outcome(token)).toBe('ok');
    const characters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.+/= \n'];
    const edit = fc.record({
      token: fc.constantFrom(...good),
      at: fc.nat(),
      remove: fc.integer({ min: 0, max: 3 }),
      insert: fc.array(fc.constantFrom(...characters), { maxLength: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(edit, async ({ token, at, remove, insert }) => {
        const start = at % (token.length + 1);
        const mutated = token.slice(0, start) + insert.join('') + token.slice(start + remove);
        fc.pre(mutated !== token);
        expect(await outcome(mutated)).toBe('CALL_UNAUTHORIZED');
      }),
      { numRuns: 2_000 },
    );
  });

  it('cannot be made by spelling the last digit of a good signature differently', async () => {
    const token = await login.token();
    const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const outcomes = await Promise.all([...digits].map((digit) => outcome(token.slice(0, -1) + digit)));
    expect(outcomes.filter((one) => one === 'ok')).toHaveLength(1);
  });
});
