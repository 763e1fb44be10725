import type { JWK } from 'jose';

/**
 * The signature algorithms of RFC 7518 and RFC 8037 that can be allowed, and the keys that each goes with. None is
 * symmetric: whoever can check a token must not be able to make one.
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
} as const satisfies Record<string, { readonly kty: string; readonly crv?: string }>;

export type Algorithm = keyof typeof ALGORITHMS;

/** Whether a key may check signatures of this algorithm. */
export function fits(key: JWK, algorithm: Algorithm): boolean {
  const row: { readonly kty: string; readonly crv?: string } = ALGORITHMS[algorithm];
  return key.kty === row.kty && key.crv === row.crv && (key.alg === undefined || key.alg === algorithm);
}

/** Whether a key is of any use here. */
export function fitsAny(key: JWK): boolean {
  return Object.keys(ALGORITHMS).some((algorithm) => fits(key, algorithm as Algorithm));
}
