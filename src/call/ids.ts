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

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** @returns 128 bits of SHA-256 over what was sent, so that a retry can be told from something else under its number. */
export function contentHash(...content: readonly unknown[]): string {
  // In one call: the objects of createHash and Buffer cost more than what a signal has to hash.
  const text = hash('sha256', JSON.stringify(content), 'base64url');
  // Of the 22nd character its two highest bits: as 128 bits are written, and as other nodes, and older ones, write them.
  return text.slice(0, 21) + 'AQgw'.charAt(BASE64URL.indexOf(text.charAt(21)) >> 4);
}
