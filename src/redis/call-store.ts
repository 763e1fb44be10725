import type { Call } from '../call/call.js';
import type { LogEntry } from '../call/log.js';
import { atMost } from '../call/at-most.js';
import { tagOf } from '../call/ids.js';
import type {
  CallRead,
  CallStore,
  CallWrite,
  CommitOutcome,
  PairRead,
  SlotChange,
  StartRecord,
  StoredCall,
} from '../call/ports.js';
import { argsOf, keysOf, sealedRecord, sealedSize } from './call-write.js';
import type { Cipher } from './cipher.js';
import type { Deadline } from './deadline.js';
import type { DueIndex } from './due-index.js';
import type { Heartbeat } from './heartbeat.js';
import { KEPT_MS } from './kept.js';
import type { KnownCalls } from './known-calls.js';
import type { Names } from './names.js';
import type { Redis } from './redis.js';
import { loadScript } from './script.js';

const READ_PAIR = loadScript('pair');
const READ_PAIR_CALLS = loadScript('pair-calls');
const READ_CALL = loadScript('call');
const COMMIT = loadScript('commit');

/** Calls remembered at most whose deadline could not be noted. */
const UNSCHEDULED = 10_000;
/** Slots that one operation reads at a time. */
const SLOTS_AT_ONCE = 8;

export interface RedisCallStoreParts {
  readonly redis: Redis;
  readonly cipher: Cipher;
  readonly names: Names;
  readonly heartbeat: Heartbeat;
  readonly due: DueIndex;
  readonly known: KnownCalls;
}

/** A call as it stands in Redis. */
type Sealed = readonly [version: number, call: Buffer];

/** The answer to a commit that was made from what is not so any more: the server's time, which of its calls that is, and how it stands. */
type Changed = readonly [now: number, at: number, ...Sealed];

/** Calls in Redis: each with its version in the clear, its log a set sorted by position, all of a pair in one slot. Redis's clock is the clock. */
export class RedisCallStore implements CallStore {
  readonly #parts: RedisCallStoreParts;
  /** Calls that are due sooner than could be noted: the next commit of each notes it. */
  readonly #unscheduled = new Set<string>();

  constructor(parts: RedisCallStoreParts) {
    this.#parts = parts;
  }

  /** In two steps, as the pair says which calls it has. A start in between makes a commit upon this one stale. */
  async readPair(pairTag: string, startKey: string): Promise<PairRead> {
    const { redis, names, heartbeat } = this.#parts;
    const deadline = redis.deadline();
    const startAt = names.start(pairTag, startKey);
    const reply = await redis.run(READ_PAIR, [names.pair(pairTag), startAt], [], { deadline });
    const [readAt, version, start, ...latest] = reply as readonly [number, number, Buffer, ...Buffer[]];
    const callPrefix = names.callPrefix(pairTag);
    const space = start.indexOf(' ');
    const started = start.toString('latin1', 0, Math.max(0, space));
    const [now, found] = await this.#readCalls(callPrefix, [started, ...latest.map(String)], deadline);
    const time = await heartbeat.time(now ?? readAt, deadline);
    return redis.guarded(READ_PAIR.name, () => {
      const calls = latest.map(String).filter((name) => found.has(name));
      const record = found.has(started)
        ? this.#open<StartRecord>(start.subarray(space + 1), startAt, 'record', 0)
        : null;
      const opened = calls.map((name) => this.#opened(callPrefix + name, found.get(name) as Sealed));
      return Promise.resolve({ time, version, calls: opened, start: record });
    });
  }

  async read(callId: string): Promise<CallRead> {
    const [read] = await this.#readSlot([callId]);
    if (read === undefined) throw new TypeError('one call was asked for');
    return read;
  }

  async readAll(callIds: readonly string[]): Promise<readonly CallRead[]> {
    const slots = new Map<string, string[]>();
    for (const callId of new Set(callIds)) {
      const tag = tagOf(callId) ?? callId;
      slots.set(tag, [...(slots.get(tag) ?? []), callId]);
    }
    const found = new Map<string, CallRead>();
    await atMost(SLOTS_AT_ONCE, [...slots.values()], async (ids) => {
      for (const [i, read] of (await this.#readSlot(ids)).entries()) found.set(ids[i] ?? '', read);
    });
    return callIds.flatMap((callId) => found.get(callId) ?? []);
  }

  async recall(callId: string): Promise<(CallRead & { readonly stored: StoredCall }) | null> {
    const { redis, heartbeat, known } = this.#parts;
    const found = known.get(callId);
    return found && { stored: found.stored, time: await heartbeat.time(found.now, redis.deadline()) };
  }

  async #readSlot(callIds: readonly string[]): Promise<readonly CallRead[]> {
    const { redis, names, heartbeat, known } = this.#parts;
    const deadline = redis.deadline();
    const keys = callIds.map((callId) => names.call(callId)) as [string, ...string[]];
    const [now, ...found] = (await redis.run(READ_CALL, keys, [], { deadline })) as [number, ...(Sealed | [])[]];
    const time = await heartbeat.time(now, deadline);
    return redis.guarded(READ_CALL.name, () =>
      Promise.resolve(
        found.map((sealed, i) => {
          if (sealed.length === 0) return { time, stored: null };
          const stored = this.#opened(keys[i] ?? '', sealed);
          known.read(stored, now, sealed[1].length);
          return { time, stored };
        }),
      ),
    );
  }

  async commit(pairTag: string, { writes, start, notAfter }: SlotChange): Promise<CommitOutcome> {
    const { redis, cipher, names, due, known } = this.#parts;
    const deadline = redis.deadline();
    // Known to the sweep before it exists: a node that dies in between leaves a look at nothing, not a call without an end.
    for (const { call, expectedVersion, dueAt } of writes)
      if (expectedVersion === 0 && dueAt !== null) await due.set(call.id, dueAt, 0, deadline);
    const startAt = names.start(pairTag, start?.key ?? '');
    const starter = start?.record.outcome === 'CREATED' ? `latest:${names.accountField(start.starter)}` : '';
    const made = writes.map((write) => argsOf(write, this.#parts));
    const before = writes.map(({ call }) => known.leave(call.id));
    const reply = (await redis.run(
      COMMIT,
      [names.pair(pairTag), startAt, ...writes.flatMap(({ call }) => keysOf(pairTag, call, names))],
      [
        notAfter ?? '',
        KEPT_MS,
        ...(start
          ? [start.pairVersion, sealedRecord(start.record, startAt, cipher), names.callField(start.record.callId)]
          : ['', '', '']),
        starter,
        ...made.flat(),
      ],
      { deadline, replicated: true },
    )) as Buffer | Changed;
    if (!Buffer.isBuffer(reply)) return this.#changed(writes, reply);
    const outcome = reply.toString() as CommitOutcome;
    if (outcome !== 'committed') return outcome;
    for (const [i, { call, expectedVersion }] of writes.entries())
      if (before[i]) known.committed(before[i], { call, version: expectedVersion + 1 }, sealedSize(made[i]));
    // It is committed, whatever becomes of this: whoever looks at the call too early or too late puts it right.
    await Promise.all(writes.map((write) => this.#scheduled(write, deadline)));
    return 'committed';
  }

  /** Somebody was faster: what they made of it is known now. */
  #changed(writes: readonly CallWrite[], [now, at, ...sealed]: Changed): Promise<CommitOutcome> {
    const { redis, names, known } = this.#parts;
    return redis.guarded(COMMIT.name, () => {
      const key = names.call(writes[at]?.call.id ?? '');
      known.read(this.#opened(key, sealed), now, sealed[1].length);
      return Promise.resolve('stale');
    });
  }

  async #scheduled(write: CallWrite, deadline: Deadline): Promise<void> {
    const { call, expectedVersion, dueAt } = write;
    const isNew = expectedVersion === 0 && dueAt !== null;
    if (isNew || (!isSooner(write) && !this.#unscheduled.has(call.id))) return;
    this.#unscheduled.delete(call.id);
    await this.#parts.due.set(call.id, dueAt, expectedVersion + 1, deadline).catch(() => {
      if (this.#unscheduled.size < UNSCHEDULED) this.#unscheduled.add(call.id);
    });
  }

  async log(callId: string, afterPosition: number, limit: number): Promise<readonly LogEntry[]> {
    const { redis, names } = this.#parts;
    const key = names.log(callId);
    const range = ['ZRANGE', key, `(${afterPosition}`, '+inf', 'BYSCORE', 'LIMIT', '0', `${limit}`, 'WITHSCORES'];
    const found = (await redis.read(range, key)) as readonly Buffer[];
    return redis.guarded('log', () => {
      const entries: LogEntry[] = [];
      for (let i = 0; i < found.length; i += 2) {
        const [sealed, position] = found.slice(i, i + 2) as [Buffer, Buffer];
        entries.push(this.#open<LogEntry>(sealed, key, 'entry', Number(position)));
      }
      return Promise.resolve(entries);
    });
  }

  due(limit: number): Promise<readonly string[]> {
    return this.#parts.due.due(limit);
  }

  schedule(callId: string, dueAt: number | null): Promise<void> {
    return this.#parts.due.again(callId, dueAt);
  }

  beat(): Promise<void> {
    return this.#parts.heartbeat.beat();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** @returns the server's time, null when there is nothing to ask for, and what is there, by name */
  async #readCalls(
    prefix: string,
    names: readonly string[],
    deadline: Deadline,
  ): Promise<readonly [now: number | null, Map<string, Sealed>]> {
    const asked = [...new Set(names)].filter((name) => name !== '');
    const [first, ...others] = asked.map((name) => prefix + name);
    if (first === undefined) return [null, new Map()];
    const reply = await this.#parts.redis.run(READ_PAIR_CALLS, [first, ...others], [], { deadline });
    const [now, ...found] = reply as readonly [number, ...(readonly [at: number, ...Sealed])[]];
    return [now, new Map(found.map(([at, ...sealed]) => [asked[at - 1] ?? '', sealed]))];
  }

  #opened(key: string, [version, sealed]: Sealed): StoredCall {
    return { version, call: this.#open<Call>(sealed, key, 'call', version) };
  }

  #open<Value>(sealed: Buffer, key: string, field: string, position: number): Value {
    return JSON.parse(this.#parts.cipher.open(sealed, { key, field, position })) as Value;
  }
}

/** A call that is looked at too early is scheduled anew: so what is due later than it was need not be said with each signal. */
function isSooner({ dueAt, dueBefore = null }: CallWrite): boolean {
  return dueAt === null || dueBefore === null || dueAt < dueBefore;
}
