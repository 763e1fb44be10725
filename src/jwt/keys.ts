import type { JSONWebKeySet, JWK } from 'jose';
import { createPublicKey, type KeyObject } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { SignalingError } from '../errors.js';
import { ALGORITHMS, fitsAny, withoutAlgorithm } from './algorithms.js';

/**
 * - `ready`: tokens can be checked
 * - `degraded`: they can, by keys that were fetched before the login service failed
 * - `unavailable`: no key was ever had, or they are too old: every token is CALL_UNAVAILABLE
 */
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

/** Public keys by `kid`; several may share one (RFC 7517, section 4.5). */
export type KeySet = ReadonlyMap<string, readonly JWK[]>;

const RSA_BITS = 2_048;
const KEY_SET = z.object({ keys: z.array(z.record(z.string(), z.unknown())) });
const KEY_NAME = z.string().min(1).max(256);

/** Why a key cannot check signatures of tokens; null: it can. Says nothing of the key's material. */
function problemOf(key: JWK): string | null {
  // A private key that was published is nobody's any more.
  if (key.d !== undefined || key.k !== undefined) return 'a public key is wanted, this one is private';
  if (key.use !== undefined && key.use !== 'sig') return 'a key for signatures is wanted, this one has another "use"';
  if (key.key_ops !== undefined && !(Array.isArray(key.key_ops) && key.key_ops.includes('verify')))
    return 'a key that may verify is wanted, its "key_ops" say otherwise';
  if (!fitsAny(key)) return `a key for one of ${Object.keys(ALGORITHMS).join(', ')} is wanted, this one is for none`;
  if (key.kty === 'RSA' && bitsOf(key.n) < RSA_BITS)
    return `an RSA key must have ${RSA_BITS} bits or more (RFC 7518, section 3.3)`;
  return null;
}

/** The length of an RSA modulus (RFC 7518, section 6.3.1.1). */
function bitsOf(modulus: unknown): number {
  const [first, ...rest] = typeof modulus === 'string' ? Buffer.from(modulus, 'base64url') : [];
  return first === undefined ? 0 : rest.length * 8 + (32 - Math.clz32(first));
}

/**
 * Reads a JSON Web Key Set. Keys for other purposes, and those without a name, are passed over.
 * @param previous keys that have not changed are taken over from here as the same objects
 * @returns null when it is malformed or holds no key that can be used
 */
export function readKeySet(value: unknown, previous: KeySet = new Map()): KeySet | null {
  const set = KEY_SET.safeParse(value);
  const keys = new Map<string, JWK[]>();
  for (const candidate of set.data?.keys ?? []) {
    const named = candidate as unknown as JWK;
    const kid = KEY_NAME.safeParse(named.kid).data;
    if (kid === undefined || problemOf(named) !== null) continue;
    const key = named.kty === 'OKP' ? withoutAlgorithm(named) : named;
    const same = previous.get(kid)?.find((known) => isDeepStrictEqual(known, key));
    keys.set(kid, [...(keys.get(kid) ?? []), same ?? key]);
  }
  return keys.size > 0 ? keys : null;
}

/**
 * A key as an operator has it: in PEM form (SPKI, or a certificate), as a JSON Web Key, which goes with whatever `kid` a
 * token names, or as a JSON Web Key Set, in which the `kid` decides.
 *
 * @throws TypeError saying what is wrong with it; the text holds nothing of the key
 */
export function createGivenKey(text: string): KeySource {
  if (!text.trimStart().startsWith('{')) return anyName(jwkOfPem(text));
  const json = parsed(text);
  if (json === null)
    throw new TypeError('it begins like JSON, and is none: a JSON Web Key, a key set or PEM is wanted');
  if ('keys' in json) return createFixedKeys(json as unknown as JSONWebKeySet);
  // RFC 7517, section 4.1: every key says of which type it is.
  if (typeof json['kty'] !== 'string')
    throw new TypeError('it is not PEM, and its JSON is neither a JSON Web Key ("kty") nor a key set ("keys")');
  return anyName(json as JWK);
}

function anyName(jwk: JWK): KeySource {
  const problem = problemOf(jwk);
  if (problem !== null) throw new TypeError(problem);
  const keys = [withoutAlgorithm(jwk)];
  return fixed(() => keys);
}

function jwkOfPem(pem: string): JWK {
  // Node would make the public key out of a private one, which has no business here.
  if (pem.includes('PRIVATE KEY')) throw new TypeError('a public key is wanted, this one is private');
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch {
    throw new TypeError(
      'a public key in PEM form (BEGIN PUBLIC KEY or BEGIN CERTIFICATE) or as a JSON Web Key is wanted',
    );
  }
  try {
    return key.export({ format: 'jwk' }) as JWK;
  } catch {
    throw new TypeError(`a key for one of ${Object.keys(ALGORITHMS).join(', ')} is wanted, this one is for none`);
  }
}

function parsed(text: string): Record<string, unknown> | null {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return null;
  }
}

/**
 * A set of keys that does not change.
 * @throws TypeError there is no key in it that can be used; says why where one stands alone
 */
export function createFixedKeys(jwks: JSONWebKeySet): KeySource {
  const keys = readKeySet(jwks);
  if (!keys) {
    const given = KEY_SET.safeParse(jwks).data?.keys ?? [];
    const [only] = given as unknown as readonly JWK[];
    const why = given.length === 1 && only ? (problemOf(only) ?? 'it has no "kid"') : 'none of them can be used';
    throw new TypeError(
      `the key set has no public signature key with a kid: ${given.length === 0 ? 'it is empty' : why}`,
    );
  }
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
