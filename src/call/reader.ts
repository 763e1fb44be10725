import type { Clock } from '../ports.js';
import { isPromise, next, type Soon } from '../soon.js';
import { legOf, type DeviceRef } from './call.js';
import type { CursorSeal } from './cursor.js';
import { newsOf, type CallNews } from './event.js';
import { Joining } from './joining.js';
import type { Ledger } from './ledger.js';
import { isFor, lostUpTo, type Appended, type LogEntry } from './log.js';
import type { AccountIndex, CallStore } from './ports.js';
import { RECENT_SCANNED, takeUp } from './resume.js';
import { isRinging } from './state.js';
import {
  cursorOf,
  noteNext,
  isDone,
  noteCall,
  newTrack,
  nextOf,
  passed,
  seenUpTo,
  snapshotOf,
  unseen,
  wordsOf,
  type Track,
} from './track.js';

export interface ReaderParts {
  readonly ledger: Ledger;
  readonly store: Pick<CallStore, 'log'>;
  readonly index: AccountIndex;
  readonly cursors: CursorSeal;
  readonly clock: Clock;
}

/** News for the device; `lost`: something was purged before the device read it. */
export type Read = { readonly news: CallNews; readonly at: number } | 'lost';

/** Entries read ahead. A device that reads no further holds no more than these in memory. */
const PAGE = 16;
/** After its end a call's log is held for a minute. */
const GONE_MS = 2 * 60 * 1000;

/** Reads to one device, call by call and each in order, what the logs of its calls hold for it. Not to be used in parallel. */
export class DeviceReader {
  readonly #parts: ReaderParts;
  readonly #viewer: DeviceRef;
  readonly #tracks = new Map<string, Track>();
  readonly #joining: Joining;
  readonly #page: LogEntry[] = [];
  #pageOf: Track | null = null;
  /** The log is being read: what comes meanwhile may be in there, or not. */
  #filling = false;
  #since = 0;
  #indexChanged = false;

  constructor(parts: ReaderParts, viewer: DeviceRef) {
    this.#parts = parts;
    this.#viewer = viewer;
    this.#joining = new Joining(parts, viewer, (at) => (this.#since = Math.max(this.#since, at)));
  }

  /**
   * Takes up where a cursor left off, or starts over: whatever rings for this device, and what is current in a call that it
   * holds.
   *
   * @returns whether it is the former: every event since the cursor is still held
   */
  async start(after: string | null): Promise<boolean> {
    const recent = await this.#parts.index.recent(this.#viewer.accountId, RECENT_SCANNED);
    const live = recent.filter((entry) => entry.live).reverse();
    const here = await this.#joining.partsIn(live, true);
    const { cursor, since } = await takeUp(this.#parts, this.#viewer, after, { here, recent });
    const positions = new Map(cursor?.positions);
    this.#since = Math.max(this.#since, since);
    for (const { entry, call } of here) {
      const track = newTrack(entry, call, this.#viewer);
      const position = positions.get(entry.callId);
      if (cursor === null) snapshotOf(track, call, this.#viewer);
      else if (position !== undefined) track.position = position;
      else if (track.over && entry.at <= cursor.since) track.position = track.head;
      seenUpTo(track);
      // It has been read just now, and nothing can come of it that was not there.
      if (isDone(track)) track.changed = false;
      this.#tracks.set(entry.callId, track);
    }
    return cursor !== null;
  }

  /** @returns the ids of the account's calls that are not known to be over */
  async maybeOpen(): Promise<readonly string[]> {
    const entries = this.#indexChanged ? await this.#parts.index.live(this.#viewer.accountId) : null;
    const callIds = entries?.map(({ callId }) => callId) ?? [...this.#tracks.keys(), ...this.#joining.others];
    return callIds.filter((callId) => !this.#tracks.get(callId)?.over);
  }

  /** There may be something to read; null: anywhere. */
  mark(callId: string | null): void {
    const known = callId === null ? undefined : this.#tracks.get(callId);
    if (!known) this.#indexChanged = true;
    const meant = callId === null ? this.#tracks.values() : known ? [known] : [];
    for (const track of meant) if (!isDone(track)) track.changed = true;
  }

  /**
   * What a commit added to a call. It is given as it is where the device has read all that came before; anything else is read.
   *
   * @returns whether there may be something for the device
   */
  hear(callId: string, appended: Appended): boolean {
    if (this.#joining.others.has(callId)) return false;
    const track = this.#tracks.get(callId);
    const mine = track && !this.#filling ? nextOf(track, appended, this.#viewer) : null;
    if (mine?.length === 0) return false;
    const isFree = this.#page.length === 0 || this.#pageOf === track;
    if (!track || !mine || !isFree || this.#page.length + mine.length > PAGE) this.mark(callId);
    else {
      noteNext(track, mine, appended.after, this.#viewer);
      this.#page.push(...mine);
      this.#pageOf = track;
    }
    return true;
  }

  /** @returns what comes next; null: nothing for now */
  next(): Soon<Read | null> {
    const track = this.#pageOf;
    for (let entry = this.#page.shift(); entry && track; entry = this.#page.shift()) {
      const { at } = entry;
      const read = next(this.#pass(entry, track), (news) => news && { news, at });
      if (isPromise(read)) return next(read as Promise<Read | null>, (found) => found ?? this.next());
      if (read !== null) return read;
    }
    const changed = this.#changed();
    return changed || this.#indexChanged ? this.#look(changed) : null;
  }

  #changed(): Track | null {
    for (const track of this.#tracks.values()) if (track.changed) return track;
    return null;
  }

  async #look(changed: Track | null): Promise<Read | null> {
    if (changed) {
      this.#filling = true;
      const filled = await this.#fill(changed).finally(() => (this.#filling = false));
      if (filled === 'lost') return 'lost';
    } else await this.#discover();
    return this.next();
  }

  /** @returns how many live events wait to be read; what was there when the device came is not live, and waits for free */
  async waiting(): Promise<number> {
    if (this.#indexChanged) await this.#discover();
    let count = 0;
    for (const track of this.#tracks.values()) {
      const loaded = track.changed ? await this.#parts.ledger.load(track.callId) : null;
      if (loaded) noteCall(track, loaded.call, this.#viewer);
      count += unseen(track);
    }
    return count;
  }

  /** @returns where the device is now */
  cursor(): string {
    return this.#parts.cursors.seal(cursorOf(this.#tracks.values(), this.#since), this.#viewer);
  }

  /** The device gave a sign of life: it can be reached by the calls that ring for it. */
  showLife(): Promise<unknown> | undefined {
    const { deviceId } = this.#viewer;
    const tracks = [...this.#tracks.values()];
    const silent = tracks.filter(({ call }) => isRinging(call.state) && legOf(call, deviceId)?.alive === false);
    return silent.length === 0 ? undefined : Promise.all(silent.map(({ callId }) => this.#joining.join(callId)));
  }

  async #discover(): Promise<void> {
    this.#indexChanged = false;
    const entries = await this.#parts.index.live(this.#viewer.accountId);
    const live = new Set(entries.map(({ callId }) => callId));
    for (const callId of this.#joining.others) if (!live.has(callId)) this.#joining.others.delete(callId);
    // An ended call that is read to its end has nothing more to say, and costs nothing until it is gone.
    for (const track of this.#tracks.values()) if (isDone(track) && !live.has(track.callId)) this.#leave(track);
    const unknown = entries.filter(({ callId, at, ageMs }) => {
      const known = this.#tracks.get(callId);
      // Purged long since, and the index was not told: it is looked at once more, and put right.
      if (known && isDone(known)) known.changed ||= at + ageMs > (known.call.endedAt ?? 0) + GONE_MS;
      return !known && !this.#joining.others.has(callId);
    });
    for (const { entry, call } of await this.#joining.partsIn(unknown, false)) {
      const track = newTrack(entry, call, this.#viewer);
      track.seen = 0;
      this.#tracks.set(entry.callId, track);
    }
  }

  async #fill(track: Track): Promise<'lost' | undefined> {
    // Before the read: what is committed from here on marks it again.
    track.changed = false;
    const loaded = await this.#parts.ledger.load(track.callId);
    if (loaded) noteCall(track, loaded.call, this.#viewer);
    if (!loaded || loaded.call.purged) {
      this.#leave(track);
      // A call that was not over when it went was lost with its store, and no entry is left to tell that.
      return track.over && track.position >= track.head ? undefined : 'lost';
    }
    seenUpTo(track);
    if (track.position >= track.head) return undefined;
    const entries = await this.#parts.store.log(track.callId, track.position, PAGE);
    // Entries may have been dropped meanwhile: a gap is looked into before anything after it is given.
    const isWhole = entries.length > 0 && entries.every(({ position }, i) => position === track.position + i + 1);
    if (!isWhole && (await this.#isLost(track))) return 'lost';
    if (entries.length === 0) {
      if (track.head > (track.snapshot?.upTo ?? 0)) return 'lost';
      track.position = track.head;
      seenUpTo(track);
    }
    // Some may have been written since the call was read.
    const newer = entries.filter((entry) => entry.position > track.head && isFor(entry, track.call, this.#viewer));
    noteNext(track, newer, null, this.#viewer);
    this.#page.push(...entries);
    this.#pageOf = track;
    track.changed ||= entries.length === PAGE;
    return undefined;
  }

  /** @returns whether something is gone that the device would have been told; what starts over is told only what is current */
  async #isLost(track: Track): Promise<boolean> {
    const loaded = await this.#parts.ledger.load(track.callId);
    if (!loaded || loaded.call.purged) return true;
    return lostUpTo(loaded.call, this.#viewer) > Math.max(track.position, track.snapshot?.upTo ?? 0);
  }

  #leave(track: Track): void {
    this.#tracks.delete(track.callId);
    this.#since = Math.max(this.#since, track.at);
  }

  #pass(entry: LogEntry, track: Track): Soon<CallNews | null> {
    const mine = isFor(entry, track.call, this.#viewer);
    passed(track, entry, mine);
    const words = mine ? wordsOf(track, entry) : null;
    if (words === null) return null;
    const showsCall = words.told.kind === 'INVITED' || words.told.kind === 'STATE';
    const known = { call: track.call, time: { now: entry.at, outages: [] } };
    return next(showsCall ? this.#parts.ledger.load(track.callId) : null, (loaded) => {
      const { call, time } = loaded ?? known;
      return newsOf(words, call, this.#viewer, time);
    });
  }
}
