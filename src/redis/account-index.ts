import type { AccountIndex, IndexedCall, PlaceHolder, StartClaim } from '../call/ports.js';
import type { Cipher } from './cipher.js';
import { KEPT_MS } from './kept.js';
import type { AccountKeys, Names } from './names.js';
import type { Redis } from './redis.js';
import { loadScript } from './script.js';

const ENTER = loadScript('enter');
const RETIRE = loadScript('retire');
const CALLS = loadScript('calls');
const CLAIM = loadScript('claim');
const TAKE_PLACE = loadScript('take-place');
const TAKE_BYTES = loadScript('take-bytes');
const KEEP = loadScript('keep');
const FREE_PLACE = loadScript('free-place');

/** Of a start that comes to nothing. */
const CLAIM_MS = 10 * 60 * 1000;
const DAY_MS = 24 * 60 * 60 * 1000;
/** An index in which nothing was entered or retired for as long as this is one that nobody came back to put right. */
const INDEX_KEPT_MS = 30 * DAY_MS;

/** A time and an id, as scripts write them: digits, a space, the sealed id. */
type Timed = Buffer;
type Listed = readonly [name: Buffer, enteredAt: Buffer, retired: Timed, live: 0 | 1];

/** Which calls the accounts have: the keys of an account are in one slot, by a name that does not tell whose it is. */
export class RedisAccountIndex implements AccountIndex {
  readonly #redis: Redis;
  readonly #cipher: Cipher;
  readonly #names: Names;

  constructor(redis: Redis, cipher: Cipher, names: Names) {
    this.#redis = redis;
    this.#cipher = cipher;
    this.#names = names;
  }

  async enter(accountIds: readonly string[], callId: string): Promise<void> {
    await this.#each(accountIds, ({ live, past, ids }) => {
      const name = this.#names.callField(callId);
      const args = [name, this.#seal(callId, ids, name), DAY_MS, INDEX_KEPT_MS];
      return this.#redis.run(ENTER, [live, past, ids], args, { replicated: true });
    });
  }

  async retire(accountIds: readonly string[], callId: string): Promise<void> {
    const args = [this.#names.callField(callId), DAY_MS, INDEX_KEPT_MS];
    await this.#each(accountIds, ({ live, past, ids }) => this.#redis.run(RETIRE, [live, past, ids], args));
  }

  async live(accountId: string): Promise<readonly IndexedCall[]> {
    return (await this.#calls(accountId, 0)).reverse();
  }

  recent(accountId: string, past: number): Promise<readonly IndexedCall[]> {
    return this.#calls(accountId, past);
  }

  async claimStart(accountId: string, startKey: string, claim: StartClaim): Promise<StartClaim> {
    const key = this.#names.claim(accountId, startKey);
    const place = { key, field: 'claim', position: 0 };
    const sealed = this.#cipher.seal(JSON.stringify([claim.hash, claim.callId]), place);
    const kept = (await this.#redis.run(CLAIM, [key], [sealed, CLAIM_MS], { replicated: true })) as Buffer;
    return this.#redis.guarded(CLAIM.name, () => {
      const [hash, callId] = JSON.parse(this.#cipher.open(kept, place)) as [string, string];
      return Promise.resolve({ hash, callId });
    });
  }

  async keepStart(accountId: string, startKey: string, claim: StartClaim): Promise<void> {
    const key = this.#names.claim(accountId, startKey);
    const sealed = this.#cipher.seal(JSON.stringify([claim.hash, claim.callId]), { key, field: 'claim', position: 0 });
    await this.#redis.run(KEEP, [key], [sealed, KEPT_MS], { replicated: true });
  }

  async takeBytes(accountId: string, callId: string, bytes: number, limit: number): Promise<readonly string[] | null> {
    const { live, bytes: key } = this.#names.account(accountId);
    const name = this.#names.callField(callId);
    const args = [name, this.#seal(callId, key, name), bytes, limit, INDEX_KEPT_MS];
    const [taken, ...fields] = (await this.#redis.run(TAKE_BYTES, [live, key], args)) as [0 | 1, ...Buffer[]];
    if (taken === 1) return null;
    return this.#redis.guarded(TAKE_BYTES.name, () => {
      const others: { readonly callId: string; readonly bytes: number }[] = [];
      for (let i = 0; i < fields.length; i += 2) {
        const [other, value] = fields.slice(i, i + 2) as [Buffer, Timed];
        others.push({ callId: this.#open(value, key, other.toString()), bytes: timeOf(value) });
      }
      return Promise.resolve(others.sort((a, b) => b.bytes - a.bytes).map((held) => held.callId));
    });
  }

  async takePlace(accountId: string, callId: string, places: number): Promise<readonly PlaceHolder[] | null> {
    const key = this.#names.account(accountId).places;
    const name = this.#names.callField(callId);
    const args = [name, this.#seal(callId, key, name), places, INDEX_KEPT_MS];
    const [taken, ...fields] = (await this.#redis.run(TAKE_PLACE, [key], args)) as [0 | 1, ...Buffer[]];
    if (taken === 1) return null;
    return this.#redis.guarded(TAKE_PLACE.name, () => {
      const holders: PlaceHolder[] = [];
      for (let i = 0; i < fields.length; i += 2) {
        const [holder, value] = fields.slice(i, i + 2) as [Buffer, Timed];
        holders.push({ callId: this.#open(value, key, holder.toString()), at: timeOf(value) });
      }
      return Promise.resolve(holders.sort((a, b) => a.at - b.at));
    });
  }

  async freePlace(accountId: string, callId: string): Promise<void> {
    await this.#redis.run(FREE_PLACE, [this.#names.account(accountId).places], [this.#names.callField(callId)]);
  }

  /** @returns the live calls and as many past ones, newest first */
  async #calls(accountId: string, past: number): Promise<IndexedCall[]> {
    const keys = this.#names.account(accountId);
    const [now, ...listed] = (await this.#redis.run(CALLS, [keys.live, keys.past, keys.ids], [past])) as [
      number,
      ...Listed[],
    ];
    return this.#redis.guarded(CALLS.name, () => {
      const kept = listed.filter(([, , retired, live]) => live === 1 || timeOf(retired) + DAY_MS > now);
      const ordered = kept.sort(([, a], [, b]) => Number(b) - Number(a));
      return Promise.resolve(
        ordered.map(([name, enteredAt, retired, live]) => ({
          callId: this.#open(retired, keys.ids, name.toString()),
          at: Math.floor(Number(enteredAt)),
          ageMs: now - Number(enteredAt),
          live: live === 1,
        })),
      );
    });
  }

  async #each(accountIds: readonly string[], work: (keys: AccountKeys) => Promise<unknown>): Promise<void> {
    await Promise.all(accountIds.map((accountId) => work(this.#names.account(accountId))));
  }

  #seal(callId: string, key: string, field: string): Buffer {
    return this.#cipher.seal(callId, { key, field, position: 0 });
  }

  #open(value: Timed, key: string, field: string): string {
    return this.#cipher.open(value.subarray(value.indexOf(' ') + 1), { key, field, position: 0 });
  }
}

function timeOf(value: Timed): number {
  return Number(value.toString('latin1', 0, value.indexOf(' ')));
}
