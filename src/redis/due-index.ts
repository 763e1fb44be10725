import { LONGEST_MS } from '../call/deadline.js';
import { SignalingError } from '../errors.js';
import type { Cipher, Place } from './cipher.js';
import type { Deadline } from './deadline.js';
import { KEPT_MS } from './kept.js';
import type { Names } from './names.js';
import { DUE_SHARDS } from './names.js';
import type { Redis } from './redis.js';
import { loadScript } from './script.js';

const DUE = loadScript('due');
const SCHEDULE = loadScript('schedule');

/** A call whose time is further away was scheduled before the clock was set back by more than a ringing lasts. */
const AHEAD_MS = 2 * LONGEST_MS;

type Found = readonly [name: Buffer, at: Buffer, versionAndId: Buffer];

/**
 * When the server has to look at which call. It is in other slots than the calls, so it may be behind them: a call that is
 * looked at too early is scheduled anew, and one that is looked at too late has read as ended all the same.
 */
export class DueIndex {
  readonly #redis: Redis;
  readonly #cipher: Cipher;
  readonly #names: Names;
  /** When calls that were named as due were due: somebody may have scheduled them anew before they are again here. */
  #named = new Map<string, string>();

  constructor(redis: Redis, cipher: Cipher, names: Names) {
    this.#redis = redis;
    this.#cipher = cipher;
    this.#names = names;
  }

  /** Schedules a call as of a version of it; an earlier version changes nothing any more. */
  set(callId: string, dueAt: number | null, version: number, deadline: Deadline): Promise<void> {
    return this.#set(callId, dueAt, `${version}`, '', deadline);
  }

  /** Schedules a call that was looked at. */
  async again(callId: string, dueAt: number | null): Promise<void> {
    const seen = this.#named.get(callId) ?? '';
    this.#named.delete(callId);
    await this.#set(callId, dueAt, '', seen, this.#redis.deadline());
  }

  /** @returns ids of calls that are due, the longest past first, as far as their servers can be reached */
  async due(limit: number): Promise<readonly string[]> {
    const shards = Array.from({ length: DUE_SHARDS }, (_, shard) => this.#dueIn(shard, limit));
    const read = await Promise.allSettled(shards);
    const reached = read.filter((result) => result.status === 'fulfilled');
    if (reached.length === 0) throw new SignalingError('CALL_UNAVAILABLE');
    const due = reached.flatMap(({ value }) => value).sort((a, b) => Number(a.at) - Number(b.at));
    const named = due.slice(0, limit);
    this.#named = new Map(named.map(({ callId, at }) => [callId, at]));
    return named.map(({ callId }) => callId);
  }

  async #dueIn(shard: number, limit: number): Promise<readonly { readonly callId: string; readonly at: string }[]> {
    const keys = this.#names.due(shard);
    const found = (await this.#redis.run(DUE, keys, [limit, AHEAD_MS])) as readonly Found[];
    const opened = await Promise.all(found.map((each) => this.#opened(keys, each)));
    return opened.filter((each) => each !== null);
  }

  /** @returns null: nobody can tell which call it is, and it makes room for those behind it */
  async #opened(
    keys: readonly [string, string],
    [name, at, known]: Found,
  ): Promise<{ readonly callId: string; readonly at: string } | null> {
    const sealed = known.subarray(known.indexOf(' ') + 1);
    const place = placeOf(keys[1], name.toString());
    try {
      return await this.#redis.guarded(DUE.name, async () => ({
        callId: this.#cipher.open(sealed, place),
        at: `${at}`,
      }));
    } catch {
      await this.#redis.run(SCHEDULE, keys, [name, Number(at) + AHEAD_MS, sealed, '', at, KEPT_MS]);
      return null;
    }
  }

  async #set(callId: string, dueAt: number | null, version: string, seen: string, deadline: Deadline): Promise<void> {
    const keys = this.#names.due(this.#names.dueShardOf(callId));
    const name = this.#names.callField(callId);
    const sealed = this.#cipher.seal(callId, placeOf(keys[1], name));
    const args = [name, dueAt ?? '', sealed, version, seen, KEPT_MS];
    await this.#redis.run(SCHEDULE, keys, args, { deadline });
  }
}

function placeOf(key: string, field: string): Place {
  return { key, field, position: 0 };
}
