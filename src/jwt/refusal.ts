import { errors } from 'jose';
import { SignalingError } from '../errors.js';

/** Why a token was refused: a closed list, so that refusals can be counted. */
export const REFUSAL_REASONS = [
  'signature',
  'issuer',
  'audience',
  'expired',
  'not_yet',
  'key_unknown',
  'algorithm',
  'account_claim',
  'device_claim',
  'malformed',
] as const;
export type RefusalReason = (typeof REFUSAL_REASONS)[number];

/** A token that was refused, in words that can be logged: no value of any claim. */
export interface TokenRefusal {
  readonly reason: RefusalReason;
  /** Names of the claims that the token has, at most 32; none where its signature was not found good. */
  readonly claims: readonly string[];
}

/** What stops the check of a token. */
export class RefusedToken extends Error {
  override readonly name = 'RefusedToken';

  constructor(
    readonly reason: RefusalReason,
    /** The claims, once the signature was found good. */
    readonly payload: object = {},
  ) {
    super(`token refused: ${reason}`);
  }
}

const CLAIM_REASONS: Readonly<Record<string, RefusalReason>> = { iss: 'issuer', aud: 'audience', nbf: 'not_yet' };

/** @param thrown by jose or by our own checks. @throws SignalingError CALL_UNAVAILABLE: whether it is good cannot be told */
export function refusalOf(thrown: unknown): RefusedToken {
  if (thrown instanceof RefusedToken) return thrown;
  if (thrown instanceof SignalingError && thrown.code !== 'CALL_UNAUTHORIZED') throw thrown;
  if (thrown instanceof SignalingError) return new RefusedToken('key_unknown');
  if (thrown instanceof errors.JWSSignatureVerificationFailed) return new RefusedToken('signature');
  if (thrown instanceof errors.JWTExpired) return new RefusedToken('expired', thrown.payload);
  if (thrown instanceof errors.JWTClaimValidationFailed) {
    return new RefusedToken(CLAIM_REASONS[thrown.claim] ?? 'malformed', thrown.payload);
  }
  return new RefusedToken('malformed');
}

const CLAIM_NAME = /^[\w.:/-]{1,64}$/;
const CLAIM_NAMES = 32;

export function describeRefusal({ reason, payload }: RefusedToken): TokenRefusal {
  const names = Object.keys(payload).filter((name) => CLAIM_NAME.test(name));
  return { reason, claims: names.slice(0, CLAIM_NAMES) };
}
