import type { Clock } from '../ports.js';
import type { Call } from '../call/call.js';
import type { Outage, StoreTime } from '../call/deadline.js';
import type { LogEntry } from '../call/log.js';
import { tagOf } from '../call/ids.js';
import type {
  CallRead,
  CallStore,
  CommitOutcome,
  PairRead,
  SlotChange,
  StartRecord,
  StoredCall,
} from '../call/ports.js';
import { steadyTime } from './steady.js';

interface Slot {
  version: number;
  /** The latest call that each account of the pair started. */
  readonly latest: Map<string, string>;
  readonly starts: Map<string, StartRecord>;
  readonly calls: Map<string, StoredCall>;
  readonly logs: Map<string, LogEntry[]>;
}

/** Beats this far apart have an outage between them. */
const BEAT_GRACE_MS = 5_000;
/** No deadline is older than this when an outage could still move it. */
const OUTAGE_KEPT_MS = 10 * 60 * 1000;

/**
 * Calls in this process: they live as long as it does. A step is atomic because it does not wait.
 *
 * An outage is a process that stood still, such as a suspended one.
 */
export class MemoryCallStore implements CallStore {
  readonly #now: () => number;
  readonly #slots = new Map<string, Slot>();
  readonly #dueAt = new Map<string, number>();
  readonly #expiresAt = new Map<string, number>();
  #lastBeat: number | null = null;
  #outages: readonly Outage[] = [];

  constructor(clock: Clock) {
    this.#now = steadyTime(clock);
  }

  readPair(pairTag: string, startKey: string): Promise<PairRead> {
    this.#expire();
    const slot = this.#slots.get(pairTag);
    const calls = [...(slot?.latest.values() ?? [])].map((callId) => slot?.calls.get(callId));
    return Promise.resolve({
      time: this.#time(),
      version: slot?.version ?? 0,
      calls: calls.filter((call) => call !== undefined),
      start: slot?.starts.get(startKey) ?? null,
    });
  }

  read(callId: string): CallRead {
    this.#expire();
    return { time: this.#time(), stored: this.#slotOf(callId)?.calls.get(callId) ?? null };
  }

  readAll(callIds: readonly string[]): Promise<readonly CallRead[]> {
    return Promise.resolve(callIds.map((callId) => this.read(callId)));
  }

  commit(pairTag: string, { writes, start, notAfter }: SlotChange): CommitOutcome {
    this.#expire();
    const slot = this.#slots.get(pairTag) ?? newSlot();
    const isCurrent =
      writes.every(({ call, expectedVersion }) => (slot.calls.get(call.id)?.version ?? 0) === expectedVersion) &&
      (start === null || start.pairVersion === slot.version);
    if (!isCurrent) return 'stale';
    if (notAfter !== null && this.#now() > notAfter) return 'late';
    this.#slots.set(pairTag, slot);
    for (const { call, expectedVersion, entries, dropped, dueAt, expiresAt } of writes) {
      slot.calls.set(call.id, { call, version: expectedVersion + 1 });
      if (call.purged) slot.logs.delete(call.id);
      else {
        const log = slot.logs.get(call.id) ?? [];
        log.push(...entries);
        const gone = new Set(dropped);
        slot.logs.set(call.id, gone.size === 0 ? log : log.filter(({ position }) => !gone.has(position)));
      }
      this.#schedule(call.id, dueAt);
      if (expiresAt !== null) this.#expiresAt.set(call.id, expiresAt);
    }
    if (start) {
      slot.version++;
      slot.starts.set(start.key, start.record);
      if (start.record.outcome === 'CREATED') slot.latest.set(start.starter, start.record.callId);
    }
    return 'committed';
  }

  log(callId: string, afterPosition: number, limit: number): Promise<readonly LogEntry[]> {
    const log = this.#slotOf(callId)?.logs.get(callId) ?? [];
    // From the end, where a reader that is up to date stands.
    const from = log.findLastIndex(({ position }) => position <= afterPosition) + 1;
    return Promise.resolve(log.slice(from, from + limit));
  }

  due(limit: number): Promise<readonly string[]> {
    this.#expire();
    const now = this.#now();
    const due = [...this.#dueAt].filter(([, at]) => at <= now).sort(([, a], [, b]) => a - b);
    return Promise.resolve(due.slice(0, limit).map(([callId]) => callId));
  }

  schedule(callId: string, dueAt: number | null): Promise<void> {
    this.#schedule(callId, dueAt);
    return Promise.resolve();
  }

  beat(): Promise<void> {
    this.#outages = this.#time().outages.filter((outage) => outage.to > this.#now() - OUTAGE_KEPT_MS);
    this.#lastBeat = this.#now();
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #time(): StoreTime {
    const now = this.#now();
    const stoodStill = this.#lastBeat !== null && now - this.#lastBeat > BEAT_GRACE_MS;
    const outages = stoodStill ? [...this.#outages, { from: this.#lastBeat ?? now, to: now }] : this.#outages;
    return { now, outages };
  }

  #slotOf(callId: string): Slot | undefined {
    return this.#slots.get(tagOf(callId) ?? '');
  }

  #schedule(callId: string, dueAt: number | null): void {
    if (dueAt === null) this.#dueAt.delete(callId);
    else this.#dueAt.set(callId, dueAt);
  }

  /** Tombstones are kept in the order in which their calls ended, near enough to stop at the first that has time left. */
  #expire(): void {
    const now = this.#now();
    for (const [callId, at] of this.#expiresAt) {
      if (at > now) return;
      this.#expiresAt.delete(callId);
      this.#dueAt.delete(callId);
      const slot = this.#slotOf(callId);
      const stored = slot?.calls.get(callId);
      if (slot && stored) this.#remove(slot, stored.call);
    }
  }

  #remove(slot: Slot, call: Call): void {
    slot.calls.delete(call.id);
    slot.logs.delete(call.id);
    for (const key of call.startKeys) slot.starts.delete(key);
    for (const [starter, callId] of slot.latest) if (callId === call.id) slot.latest.delete(starter);
    if (slot.calls.size === 0) this.#slots.delete(tagOf(call.id) ?? '');
  }
}

function newSlot(): Slot {
  return { version: 0, latest: new Map(), starts: new Map(), calls: new Map(), logs: new Map() };
}
