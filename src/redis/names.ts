import { createHmac } from 'node:crypto';
import { tagOf } from '../call/ids.js';
import type { DeviceRef } from '../call/call.js';
import { RecentlyUsed } from '../identity/recently-used.js';

/** Sorted sets that calls to look at are spread over, so that not one server of a cluster has all of that work. */
export const DUE_SHARDS = 8;

/** Names remembered: those of a call are asked for with each signal. */
const REMEMBERED = 4_096;

/** Keys with the calls of one account; all in one slot. */
export interface AccountKeys {
  readonly live: string;
  readonly past: string;
  readonly ids: string;
  readonly places: string;
  readonly bytes: string;
}

/**
 * Names of keys and fields. Ids stand in them as HMAC-SHA256 under NAME_KEY, cut to 128 bits, so that nobody without that key
 * finds out whose they are. What must be in one slot of a cluster has the same hash tag, in braces.
 */
export class Names {
  readonly heartbeat = 'voip:heartbeat';
  readonly epoch = 'voip:epoch';
  readonly revoked = 'voip:revoked';
  /** Found by nodes whatever their NAME_KEY is. */
  readonly keys = 'voip:keys';
  readonly #nameKey: Uint8Array;
  /** By what they stand for. */
  readonly #hashes = new RecentlyUsed<string>(REMEMBERED);

  /** @param nameKey 32 bytes, the same on every node; with another one nothing is found again */
  constructor(nameKey: Uint8Array) {
    if (nameKey.length < 16) throw new TypeError('a name key has at least 16 bytes');
    this.#nameKey = nameKey;
  }

  /** The same only under the same NAME_KEY. */
  get proof(): string {
    return this.#hash('proof');
  }

  pair(tag: string): string {
    return `voip:pair:{${this.#safe(tag)}}`;
  }

  start(tag: string, startKey: string): string {
    return `voip:start:{${this.#safe(tag)}}:${this.#hash('start', startKey)}`;
  }

  /** What the keys of the pair's calls begin with; {@link callField} follows. */
  callPrefix(tag: string): string {
    return `voip:call:{${this.#safe(tag)}}:`;
  }

  /** A key of its own also for an id that cannot be one of ours: there is never anything. */
  call(callId: string): string {
    return this.callPrefix(tagOf(callId) ?? callId) + this.callField(callId);
  }

  log(callId: string): string {
    return `voip:entries:{${this.#safe(tagOf(callId) ?? callId)}}:${this.callField(callId)}`;
  }

  callField(callId: string): string {
    return this.#hash('call', callId);
  }

  account(accountId: string): AccountKeys {
    const tag = `{${this.accountField(accountId)}}`;
    return {
      live: `voip:live:${tag}`,
      past: `voip:past:${tag}`,
      ids: `voip:ids:${tag}`,
      places: `voip:places:${tag}`,
      bytes: `voip:bytes:${tag}`,
    };
  }

  accountField(accountId: string): string {
    return this.#hash('account', accountId);
  }

  claim(accountId: string, startKey: string): string {
    return `voip:claim:${this.#hash('claim', accountId, startKey)}`;
  }

  revocationRequest(id: string): string {
    return `voip:revocation:${this.#hash('revocation', id)}`;
  }

  devices(accountId: string): string {
    return `voip:devices:{${this.accountField(accountId)}}`;
  }

  deviceField({ accountId, deviceId }: DeviceRef): string {
    return this.#hash('device', accountId, deviceId);
  }

  channel(accountId: string): string {
    return `voip:wake:{${this.accountField(accountId)}}`;
  }

  permits(limited: string): string {
    return `voip:permits:${this.#hash('permits', limited)}`;
  }

  cached(key: string): string {
    return `voip:cache:${this.#hash('cache', key)}`;
  }

  /** @returns the sorted set, and the hash with the ids of the calls in it */
  due(shard: number): readonly [times: string, ids: string] {
    return [`voip:due:{due-${shard}}`, `voip:due-ids:{due-${shard}}`];
  }

  dueShardOf(callId: string): number {
    return (Buffer.from(this.callField(callId), 'base64url')[0] ?? 0) % DUE_SHARDS;
  }

  /** Clients send call ids, and with them tags: one that could break out of the braces is not ours. */
  #safe(tag: string): string {
    return /^[\w-]{1,64}$/.test(tag) ? tag : this.#hash('tag', tag);
  }

  #hash(...parts: readonly string[]): string {
    const text = JSON.stringify(parts);
    const known = this.#hashes.get(text);
    if (known !== undefined) return known;
    const digest = createHmac('sha256', this.#nameKey).update(text).digest();
    const hash = digest.subarray(0, 16).toString('base64url');
    this.#hashes.set(text, hash);
    return hash;
  }
}
