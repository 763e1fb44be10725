import type { JSONWebKeySet, JWK } from 'jose';
import { createPublicKey, type KeyObject } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { SignalingError } from '../errors.js';
import { fitsAny } from './algorithms.js';

/** `degraded`: those are used that were had before; `unavailable`: there are none. */
export type KeyState = 'ready' | 'degraded' | 'unavailable';

/** Where the keys come from that tokens are checked with. A token's own header is never asked. */
export interface KeySource {
  /**
   * @param kid the key id that a token names
   * @returns the keys of that name; the same objects for as long as the keys are the same
   * @throws SignalingError CALL_UNAUTHORIZED: there is no such key; CALL_UNAVAILABLE: that cannot be told at this time
   */
  keysOf(kid: string | undefined): Promise<readonly JWK[]>;
  state(): KeyState;
  /** Resolves once keys were had, or the first request for them failed. Never rejects. */
  readonly asked: Promise<void>;
  close(): Promise<void>;
}

/** Public keys by `kid`; keys of different types may share one (RFC 7517, section 4.5). */
export type KeySet = ReadonlyMap<string, readonly JWK[]>;

const KEY_SET = z.object({ keys: z.array(z.record(z.string(), z.unknown())) });

/** A public key for signatures that has a name. Others are passed over: sets hold keys for other purposes too. */
const NAMED_KEY = z.object({
  kty: z.string(),
  kid: z.string().min(1).max(256),
  use: z.literal('sig').optional(),
  key_ops: z
    .array(z.string())
    .refine((operations) => operations.includes('verify'))
    .optional(),
  // A private key that was published is nobody's any more.
  d: z.undefined().optional(),
});

/**
 * Reads a JSON Web Key Set.
 * @param previous keys that have not changed are taken over from here as the same objects
 * @returns null when it is malformed or holds no key that can be used
 */
export function readKeySet(value: unknown, previous: KeySet = new Map()): KeySet | null {
  const set = KEY_SET.safeParse(value);
  const keys = new Map<string, JWK[]>();
  for (const candidate of set.data?.keys ?? []) {
    const key = candidate as unknown as JWK & { readonly kid: string };
    if (!NAMED_KEY.safeParse(key).success || !fitsAny(key)) continue;
    const same = previous.get(key.kid)?.find((known) => isDeepStrictEqual(known, key));
    keys.set(key.kid, [...(keys.get(key.kid) ?? []), same ?? key]);
  }
  return keys.size > 0 ? keys : null;
}

/**
 * One key, whatever name a token gives it.
 * @param publicKeyPem a public key in PEM form (SPKI), or a certificate
 * @throws TypeError the key cannot be used
 */
export function createPemKey(publicKeyPem: string): KeySource {
  const key = publicKeyOf(publicKeyPem);
  const jwk = key.export({ format: 'jwk' }) as JWK;
  if (!fitsAny(jwk)) throw new TypeError('the public key goes with none of the allowed algorithms');
  if ((key.asymmetricKeyDetails?.modulusLength ?? 2_048) < 2_048) {
    throw new TypeError('an RSA key must have 2048 bits or more (RFC 7518, section 3.3)');
  }
  return fixed(() => [jwk]);
}

function publicKeyOf(pem: string): KeyObject {
  // Node would make the public key out of a private one, which has no business here.
  if (pem.includes('PRIVATE KEY')) throw new TypeError('a public key is wanted, this one is private');
  try {
    return createPublicKey(pem);
  } catch {
    throw new TypeError('a public key in PEM form is wanted');
  }
}

/**
 * A set of keys that does not change.
 * @throws TypeError there is no key in it that can be used
 */
export function createFixedKeys(jwks: JSONWebKeySet): KeySource {
  const keys = readKeySet(jwks);
  if (!keys) throw new TypeError('the key set has no public signature key with a kid');
  return fixed((kid) => (kid === undefined ? undefined : keys.get(kid)));
}

function fixed(keysOf: (kid: string | undefined) => readonly JWK[] | undefined): KeySource {
  return {
    keysOf: async (kid) => {
      const keys = keysOf(kid);
      if (!keys) throw new SignalingError('CALL_UNAUTHORIZED');
      return keys;
    },
    state: () => 'ready',
    asked: Promise.resolve(),
    close: () => Promise.resolve(),
  };
}
