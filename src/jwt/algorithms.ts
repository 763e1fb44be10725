import type { JWK } from 'jose';

/**
 * The signature algorithms of RFC 7518, RFC 8037 and RFC 9864 that can be allowed, and the keys that each goes with. None
 * is symmetric: whoever can check a token must not be able to make one.
 */
export const ALGORITHMS = {
  RS256: { kty: 'RSA' },
  RS384: { kty: 'RSA' },
  RS512: { kty: 'RSA' },
  PS256: { kty: 'RSA' },
  PS384: { kty: 'RSA' },
  PS512: { kty: 'RSA' },
  ES256: { kty: 'EC', crv: 'P-256' },
  ES384: { kty: 'EC', crv: 'P-384' },
  ES512: { kty: 'EC', crv: 'P-521' },
  EdDSA: { kty: 'OKP', crv: 'Ed25519' },
  Ed25519: { kty: 'OKP', crv: 'Ed25519' },
} as const satisfies Record<string, { readonly kty: string; readonly crv?: string }>;

export type Algorithm = keyof typeof ALGORITHMS;

/** The two names of one algorithm: RFC 9864 retires EdDSA for Ed25519, and keys and tokens change over at different times. */
const ED25519: readonly (string | undefined)[] = ['EdDSA', 'Ed25519'];

/** Whether a key may check signatures of this algorithm. */
export function fits(key: JWK, algorithm: Algorithm): boolean {
  const row: { readonly kty: string; readonly crv?: string } = ALGORITHMS[algorithm];
  const named = key.alg === undefined || key.alg === algorithm;
  return (
    key.kty === row.kty && key.crv === row.crv && (named || [key.alg, algorithm].every((alg) => ED25519.includes(alg)))
  );
}

/** Whether a key is of any use here. */
export function fitsAny(key: JWK): boolean {
  return Object.keys(ALGORITHMS).some((algorithm) => fits(key, algorithm as Algorithm));
}

/** The key without the name of its algorithm, for a library that takes EdDSA and Ed25519 for two. */
export function withoutAlgorithm(key: JWK): JWK {
  const { alg, ...rest } = key;
  return alg === undefined ? key : rest;
}
