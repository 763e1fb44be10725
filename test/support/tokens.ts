import { exportJWK, exportSPKI, generateKeyPair, SignJWT, type JSONWebKeySet, type JWK, type JWTPayload } from 'jose';
import { systemClock, type Clock } from '../../src/ports.js';

/** A login service's signing key, and the tokens it makes. */
export interface TestLogin {
  readonly issuer: string;
  readonly audience: string;
  readonly kid: string;
  /** The public key, as SPKI in PEM form. */
  readonly publicPem: string;
  readonly publicJwk: JWK;
  /** The public key as a key set. */
  readonly jwks: JSONWebKeySet;
  /**
   * A token of `account-1` on `device-1`, issued now, good for an hour.
   * @param claims what is different; undefined leaves a claim out
   * @param header what is different in the protected header; undefined leaves a parameter out
   */
  token(claims?: Readonly<Record<string, unknown>>, header?: Readonly<Record<string, unknown>>): Promise<string>;
}

export interface TestLoginOptions {
  readonly alg?: string;
  readonly kid?: string;
  readonly clock?: Clock;
}

export async function createTestLogin({
  alg = 'ES256',
  kid = 'login-key-1',
  clock = systemClock,
}: TestLoginOptions = {}): Promise<TestLogin> {
  const issuer = 'https://login.example.com';
  const audience = 'calls';
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  const publicJwk: JWK = { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' };

  return {
    issuer,
    audience,
    kid,
    publicPem: await exportSPKI(publicKey),
    publicJwk,
    jwks: { keys: [publicJwk] },
    token: (claims = {}, header = {}) => {
      const iat = Math.floor(clock.now() / 1_000);
      const payload = { iss: issuer, aud: audience, sub: 'account-1', device_id: 'device-1', iat, exp: iat + 3_600 };
      return new SignJWT(JSON.parse(JSON.stringify({ ...payload, ...claims })) as JWTPayload)
        .setProtectedHeader({ alg, kid, ...header })
        .sign(privateKey, { crit: { 'urn:example:extension': true } });
    },
  };
}
