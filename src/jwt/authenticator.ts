import { decodeProtectedHeader, jwtVerify, type JSONWebKeySet, type JWK, type JWTPayload } from 'jose';
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { ServiceError } from '../http/json-client.js';
import { SignalingError } from '../errors.js';
import { RecentlyUsed } from '../identity/recently-used.js';
import type { Authenticator, Viewer } from '../identity/viewer.js';
import { OPAQUE_ID } from '../limits.js';
import type { Clock } from '../ports.js';
import { ALGORITHMS, fits, type Algorithm } from './algorithms.js';
import { createFixedKeys, createPemKey, type KeySource, type KeyState } from './keys.js';
import { createRemoteKeys } from './remote-keys.js';

const TOKEN_BYTES = 8 * 1024;
const TOKENS_REMEMBERED = 50_000;
/** By how much the login service's clock may be ahead of ours. It makes no token live longer. */
const CLOCK_SKEW_SECONDS = 5;

export interface JwtAuthenticatorOptions {
  /** Where the login service's public keys are: published by it, in one PEM key, or given as a key set. */
  readonly keys: { readonly jwksUrl: string } | { readonly publicKeyPem: string } | { readonly jwks: JSONWebKeySet };
  readonly issuer: string;
  /** The audience that has to be among a token's. */
  readonly audience: string;
  /** The claim that names the account; `sub` when left out. */
  readonly accountClaim?: string;
  /** The claim that names the device; `device_id` when left out. */
  readonly deviceClaim?: string;
  /** Signature algorithms to allow; all asymmetric ones when left out. */
  readonly algorithms?: readonly Algorithm[];
  readonly clock: Clock;
  /** How long published keys are used while the login service is down, in seconds; 900 when left out. */
  readonly keptKeysSeconds?: number;
  /** Deadline of one request for keys, in milliseconds; 1,000 when left out. */
  readonly timeoutMs?: number;
  /** In production keys are fetched over https only. */
  readonly production?: boolean;
  /** Told of each request for keys that failed; the error carries nothing secret. */
  readonly onFailure?: (error: ServiceError) => void;
}

export interface JwtAuthenticator extends Authenticator {
  /** Whether tokens can be checked. */
  state(): KeyState;
  /** Resolves once keys were had, or the first request for them failed: from then on `state` tells. Never rejects. */
  readonly asked: Promise<void>;
  /** Whether the login service could not be reached the last time its keys were asked for. */
  degraded(): boolean;
  close(): Promise<void>;
}

/** A token that was found good, and what that rests on. */
interface VerifiedToken {
  readonly viewer: Viewer;
  readonly kid: string | undefined;
  readonly key: JWK;
}

/**
 * Access tokens as signed JWTs (RFC 7519, with the advice of RFC 8725). A token is good from `nbf`, if it has one, until
 * `exp`, to the second; how long that is, is the login service's business.
 *
 * @throws TypeError the configured keys or algorithms cannot be used
 */
export function createJwtAuthenticator(options: JwtAuthenticatorOptions): JwtAuthenticator {
  const { issuer, audience, accountClaim = 'sub', deviceClaim = 'device_id', clock } = options;
  const isAllowed = allowing(options.algorithms ?? Object.keys(ALGORITHMS));
  const keys = sourceOf(options);
  /** By digest: what is remembered cannot be used as a token. Refused tokens are not remembered, or they could fill it. */
  const verified = new RecentlyUsed<VerifiedToken>(TOKENS_REMEMBERED);
  const verifying = new Map<string, Promise<VerifiedToken>>();

  async function authenticate(token: string): Promise<Viewer> {
    if (token.length > TOKEN_BYTES) throw new SignalingError('CALL_UNAUTHORIZED');
    const digest = createHash('sha256').update(token).digest('base64url');
    const { viewer } = (await recall(digest)) ?? (await verifyOnce(token, digest));
    if (viewer.expiresAt <= clock.now()) throw new SignalingError('CALL_UNAUTHORIZED');
    return viewer;
  }

  /** A remembered token is as good as its key: once that is withdrawn or replaced, it has to be verified again. */
  async function recall(digest: string): Promise<VerifiedToken | undefined> {
    const token = verified.get(digest);
    return token && (await keys.keysOf(token.kid)).includes(token.key) ? token : undefined;
  }

  function verifyOnce(token: string, digest: string): Promise<VerifiedToken> {
    let result = verifying.get(digest);
    if (!result) {
      result = verify(token).finally(() => verifying.delete(digest));
      verifying.set(digest, result);
      void result.then((good) => verified.set(digest, good)).catch(() => undefined);
    }
    return result;
  }

  async function verify(token: string): Promise<VerifiedToken> {
    // Spare bits of the last base64url digit are not signed (RFC 4648, section 3.5): one token, one spelling.
    const signature = token.slice(token.lastIndexOf('.') + 1);
    if (Buffer.from(signature, 'base64url').toString('base64url') !== signature) {
      throw new SignalingError('CALL_UNAUTHORIZED');
    }
    try {
      const { alg, kid, crit } = decodeProtectedHeader(token);
      if (!isAllowed(alg) || crit !== undefined) throw new SignalingError('CALL_UNAUTHORIZED');
      const key = (await keys.keysOf(KEY_ID.parse(kid))).find((candidate) => fits(candidate, alg));
      if (!key) throw new SignalingError('CALL_UNAUTHORIZED');
      const { payload } = await jwtVerify(token, key, {
        algorithms: [alg],
        issuer,
        audience,
        requiredClaims: ['iat', 'exp', accountClaim, deviceClaim],
        currentDate: new Date(clock.now()),
        clockTolerance: CLOCK_SKEW_SECONDS,
      });
      return { viewer: viewerOf(payload), kid, key };
    } catch (error) {
      throw error instanceof SignalingError ? error : new SignalingError('CALL_UNAUTHORIZED');
    }
  }

  /** @throws ZodError or SignalingError; what jose let pass is judged more strictly */
  function viewerOf(payload: JWTPayload): Viewer {
    const { accountId, deviceId, iat, exp } = CLAIMS.parse({
      accountId: payload[accountClaim],
      deviceId: payload[deviceClaim],
      iat: payload.iat,
      exp: payload.exp,
    });
    if (iat * 1_000 > clock.now() + CLOCK_SKEW_SECONDS * 1_000) throw new SignalingError('CALL_UNAUTHORIZED');
    return Object.freeze({ accountId, deviceId, issuedAt: iat * 1_000, expiresAt: exp * 1_000 });
  }

  return {
    authenticate,
    state: () => keys.state(),
    asked: keys.asked,
    degraded: () => keys.state() !== 'ready',
    close: () => keys.close(),
  };
}

const KEY_ID = z.string().optional();
const ID = z.string().regex(OPAQUE_ID);
/** Seconds that a Date can hold (ECMA-262, section 21.4.1.1). */
const SECONDS = z.number().nonnegative().max(8.64e12);
const CLAIMS = z.object({ accountId: ID, deviceId: ID, iat: SECONDS, exp: SECONDS });

function allowing(algorithms: readonly string[]): (algorithm: string | undefined) => algorithm is Algorithm {
  if (algorithms.length === 0 || algorithms.some((algorithm) => !Object.hasOwn(ALGORITHMS, algorithm))) {
    throw new TypeError(`algorithms must be among ${Object.keys(ALGORITHMS).join(', ')}`);
  }
  return (algorithm): algorithm is Algorithm => algorithm !== undefined && algorithms.includes(algorithm);
}

function sourceOf({ keys, keptKeysSeconds = 900, ...service }: JwtAuthenticatorOptions): KeySource {
  if ('publicKeyPem' in keys) return createPemKey(keys.publicKeyPem);
  if ('jwks' in keys) return createFixedKeys(keys.jwks);
  return createRemoteKeys({ ...service, url: keys.jwksUrl, keptSeconds: keptKeysSeconds });
}
