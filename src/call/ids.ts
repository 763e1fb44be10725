import { createHmac, hash, randomBytes } from 'node:crypto';

/** Makes ids that cannot be guessed: at least 128 random bits, URL-safe. */
export type NewId = () => string;

const DRAWN_BYTES = 8 * 1024;
let drawn = Buffer.alloc(0);

/** Random bytes, none of them given twice. They are drawn many at a time, as a draw costs more than what it gives. */
export function freshBytes(size: number): Buffer {
  if (drawn.length < size) drawn = randomBytes(DRAWN_BYTES);
  const bytes = drawn.subarray(0, size);
  drawn = drawn.subarray(size);
  return bytes;
}

export const randomId: NewId = () => freshBytes(16).toString('base64url');

/** Names the unordered pair of two accounts. Keyed, so that the name tells nobody who they are. */
export type PairTag = (accountA: string, accountB: string) => string;

/** @param key at least 16 bytes; the same on every node, and for as long as calls live */
export function pairTags(key: Uint8Array): PairTag {
  return (accountA, accountB) => {
    const pair = accountA < accountB ? [accountA, accountB] : [accountB, accountA];
    return createHmac('sha256', key).update(JSON.stringify(pair)).digest().subarray(0, 16).toString('base64url');
  };
}

/** The pair's tag is part of the id, so that the id alone says in which slot the call is kept. */
export function callIdOf(tag: string, random: string): string {
  return `${tag}.${random}`;
}

/** @returns the tag in a call id; null: not an id of ours. */
export function tagOf(callId: string): string | null {
  const dot = callId.indexOf('.');
  return dot > 0 ? callId.slice(0, dot) : null;
}

/** @returns 132 bits of SHA-256 over what was sent, so that a retry can be told from something else under its number. */
export function contentHash(...content: readonly unknown[]): string {
  // In one call, as one costs more than a signal has to hash. 22 characters of base64url are 132 bits.
  return hash('sha256', JSON.stringify(content), 'base64url').slice(0, 22);
}
