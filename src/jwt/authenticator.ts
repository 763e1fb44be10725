import { decodeProtectedHeader, jwtVerify, errors, type JSONWebKeySet, type JWK, type JWTPayload } from 'jose';
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { SignalingError } from '../errors.js';
import type { ServiceError } from '../http/client.js';
import { SERVICE_TIMEOUT_MS } from '../http/json-client.js';
import { RecentlyUsed } from '../identity/recently-used.js';
import type { Authenticator, Viewer } from '../identity/viewer.js';
import { OPAQUE_ID } from '../limits.js';
import { systemClock, type Clock, type Timers } from '../ports.js';
import { quiet } from '../host/callback.js';
import { createReporter } from '../host/observed.js';
import { ALGORITHMS, fits, type Algorithm } from './algorithms.js';
import { createFixedKeys, createGivenKey, type KeySource, type KeyState } from './keys.js';
import { describeRefusal, RefusedToken, refusalOf, type TokenRefusal } from './refusal.js';
import { checkJwtOptions } from './options.js';
import { createRemoteKeys } from './remote-keys.js';

const TOKEN_BYTES = 8 * 1024;
/** The last moment that has four digits for its year (RFC 3339); milliseconds taken for seconds are far beyond it. */
const LATEST_MS = Date.UTC(9999, 11, 31, 23, 59, 59);
const TOKENS_REMEMBERED = 50_000;
/** Keys that share a `kid` are tried one after the other, up to so many. */
const KEYS_TRIED = 4;

export interface JwtAuthenticatorOptions {
  /**
   * Where the login service's public keys are: published by it, in one key (PEM, a certificate, or a JSON Web Key as text),
   * or given as a key set.
   */
  readonly keys: { readonly jwksUrl: string } | { readonly publicKeyPem: string } | { readonly jwks: JSONWebKeySet };
  readonly issuer: string;
  /** The audience that has to be among a token's. */
  readonly audience: string;
  /** The claim that names the account; `sub` when left out. Text, or an integer, which is taken as its decimal text. */
  readonly accountClaim?: string;
  /** The claim that names the device; `device_id` when left out. Text or an integer. */
  readonly deviceClaim?: string;
  /** Signature algorithms to allow; all asymmetric ones when left out. */
  readonly algorithms?: readonly Algorithm[];
  /** By how much the login service's clock may be ahead of ours, in seconds: for `iat` and `nbf`, never for `exp`. 60. */
  readonly clockLeewaySeconds?: number;
  /** How long published keys are used while the login service is down, in seconds; 900 when left out. */
  readonly keptKeysSeconds?: number;
  /** How long a token waits for keys, in milliseconds; 3,000 when left out. A later answer is there for the next one. */
  readonly timeoutMs?: number;
  /** In production keys are fetched over https only. */
  readonly production?: boolean;
  /** Told of each request for keys that failed; the error carries nothing secret. */
  readonly onFailure?: (error: ServiceError) => void;
  /** Told of each token that was refused, and why; carries no value of any claim. */
  readonly onRefused?: (refusal: TokenRefusal) => void;
  readonly clock?: Clock;
  /** For asking for keys in the background. The system's when left out. */
  readonly timers?: Timers;
}

export interface JwtAuthenticator extends Authenticator {
  authenticate(token: string): Promise<Viewer>;
  /** Whether tokens can be checked; see {@link KeyState}. */
  state(): KeyState;
  /** Whether the login service could not be reached the last time its keys were asked for. */
  degraded(): boolean;
  /** Resolves once keys were had, or the first request for them failed: from then on `state` tells. Never rejects. */
  readonly asked: Promise<void>;
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
 * @throws OptionsError with every problem of the options
 */
export function createJwtAuthenticator(options: JwtAuthenticatorOptions): JwtAuthenticator {
  checkJwtOptions(options);
  const { issuer, audience, accountClaim = 'sub', deviceClaim = 'device_id', clock = systemClock } = options;
  const { clockLeewaySeconds = 60, timeoutMs = SERVICE_TIMEOUT_MS } = options;
  const onRefused = quiet(options.onRefused);
  const onFailure = quiet(options.onFailure);
  const reporter = createReporter({
    name: 'login',
    affects: ['calls', 'relay'],
    state: () => keys.state(),
  });
  const isAllowed = allowing(options.algorithms ?? Object.keys(ALGORITHMS));
  const keys = sourceOf(options, (error) => {
    onFailure(error);
    reporter.failed({ operation: 'keys', reason: error.reason, httpStatus: error.httpStatus });
  });
  /** By digest: what is remembered cannot be used as a token. Refused tokens are not remembered, or they could fill it. */
  const verified = new RecentlyUsed<VerifiedToken>(TOKENS_REMEMBERED);
  const verifying = new Map<string, Promise<VerifiedToken>>();

  async function authenticate(token: string): Promise<Viewer> {
    try {
      if (token.length > TOKEN_BYTES) throw new RefusedToken('malformed');
      const digest = createHash('sha256').update(token).digest('base64url');
      const { viewer } = (await recall(digest)) ?? (await verifyOnce(token, digest));
      if (viewer.expiresAt <= clock.now()) throw new RefusedToken('expired');
      return viewer;
    } catch (error) {
      const refusal = describeRefusal(refusalOf(error));
      onRefused(refusal);
      reporter.refused(refusal.reason);
      throw new SignalingError('CALL_UNAUTHORIZED');
    }
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

  /** @throws RefusedToken, SignalingError or an error of jose's */
  async function verify(token: string): Promise<VerifiedToken> {
    // Spare bits of the last base64url digit are not signed (RFC 4648, section 3.5): one token, one spelling.
    const signature = token.slice(token.lastIndexOf('.') + 1);
    if (Buffer.from(signature, 'base64url').toString('base64url') !== signature) throw new RefusedToken('malformed');
    const { alg, kid, crit } = decodeProtectedHeader(token);
    if (crit !== undefined) throw new RefusedToken('malformed');
    if (!isAllowed(alg)) throw new RefusedToken('algorithm');
    const named = await keys.keysOf(KEY_ID.parse(kid));
    const candidates = named.filter((candidate) => fits(candidate, alg)).slice(0, KEYS_TRIED);
    let failure: unknown = new RefusedToken('algorithm');
    for (const key of candidates) {
      try {
        const { payload } = await jwtVerify(token, key, {
          algorithms: [alg],
          issuer,
          audience,
          requiredClaims: ['iat', 'exp'],
          currentDate: new Date(clock.now()),
          clockTolerance: clockLeewaySeconds,
        });
        return { viewer: viewerOf(payload), kid, key };
      } catch (error) {
        failure = error;
        // Only a signature that was made with another key may be good under the next one.
        if (!(error instanceof errors.JWSSignatureVerificationFailed)) break;
      }
    }
    throw failure;
  }

  /** @throws RefusedToken; what jose let pass is judged more strictly */
  function viewerOf(payload: JWTPayload): Viewer {
    const claim = <Value>(schema: z.ZodType<Value>, name: string, reason: TokenRefusal['reason']): Value => {
      const value = schema.safeParse(payload[name]);
      if (!value.success) throw new RefusedToken(reason, payload);
      return value.data;
    };
    const issuedAt = claim(SECONDS, 'iat', 'malformed') * 1_000;
    const expiresAt = claim(SECONDS, 'exp', 'malformed') * 1_000;
    if (issuedAt > clock.now() + clockLeewaySeconds * 1_000) throw new RefusedToken('not_yet', payload);
    // jose gives `exp` the leeway of the others.
    if (expiresAt <= clock.now()) throw new RefusedToken('expired', payload);
    // Milliseconds taken for seconds, or the two times mixed up.
    if (expiresAt > LATEST_MS || expiresAt <= issuedAt) throw new RefusedToken('malformed', payload);
    const accountId = claim(ID, accountClaim, 'account_claim');
    const deviceId = claim(ID, deviceClaim, 'device_claim');
    return Object.freeze({ accountId, deviceId, issuedAt, expiresAt });
  }

  return reporter.shownOn<JwtAuthenticator>({
    authenticate,
    timeoutMs: timeoutMs + MARGIN_MS,
    state: () => keys.state(),
    degraded: () => keys.state() !== 'ready',
    asked: keys.asked,
    close: () => keys.close(),
  });
}

/** Until we are sure that it is our own deadline that ran out. */
const MARGIN_MS = 500;
const KEY_ID = z.string().optional();
/** Databases number their users: an integer that JSON can hold exactly stands for its decimal text. */
const ID = z.union([z.string(), z.int().transform(String)]).pipe(z.string().regex(OPAQUE_ID));
/** Seconds that a Date can hold (ECMA-262, section 21.4.1.1). */
const SECONDS = z.number().nonnegative().max(8.64e12);

function allowing(algorithms: readonly string[]): (algorithm: string | undefined) => algorithm is Algorithm {
  return (algorithm): algorithm is Algorithm => algorithm !== undefined && algorithms.includes(algorithm);
}

function sourceOf(options: JwtAuthenticatorOptions, onFailure: (error: ServiceError) => void): KeySource {
  const { keys, keptKeysSeconds = 900, ...service } = options;
  if ('publicKeyPem' in keys) return createGivenKey(keys.publicKeyPem);
  if ('jwks' in keys) return createFixedKeys(keys.jwks);
  return createRemoteKeys({
    ...service,
    url: keys.jwksUrl,
    keptSeconds: keptKeysSeconds,
    onFailure,
  });
}
