import type { Call, DeviceRef } from './call.js';
import { actorOf } from './call.js';
import { CURSOR_CALLS } from './cursor.js';
import type { Cursor } from './cursor.js';
import type { Appended, LogEntry } from './log.js';
import { inboxOf, isFor } from './log.js';
import type { IndexedCall } from './ports.js';
import { isAnswered } from './state.js';
import { isOpenFor } from './view.js';

/** What a device that starts over is shown of the past: what is current, not how it came to be. */
interface Snapshot {
  /** Later entries are told as they come. */
  readonly upTo: number;
  /** The device holds the call, so that the invite is the offer of its first exchange and no more. */
  readonly party: boolean;
  /** Where the offer of the last completed exchange stands. */
  readonly currentFrom: number;
  /** The one later offer that still counts. */
  readonly pendingId: string | null;
}

/** How far a device has read in the log of one call. */
export interface Track {
  readonly callId: string;
  /** When the call was entered in the index. */
  readonly at: number;
  /** The call as last read. */
  call: Call;
  over: boolean;
  /** The last entry given, or passed over. */
  position: number;
  /** What the log holds for the device, as last read. */
  head: number;
  count: number;
  /** Entries given, of `count`; null while it has not caught up with what was there when it came. */
  seen: number | null;
  snapshot: Snapshot | null;
  /** There may be more to read. */
  changed: boolean;
}

export function newTrack({ callId, at }: IndexedCall, call: Call, viewer: DeviceRef): Track {
  const inbox = inboxOf(call, viewer) ?? { head: 0, count: 0 };
  const over = call.state === 'ENDED';
  return { callId, at, call, over, position: 0, ...inbox, seen: null, snapshot: null, changed: true };
}

/** Notes how the call stands, unless something was heard meanwhile that is newer. */
export function noteCall(track: Track, call: Call, viewer: DeviceRef): void {
  if (call.lastPosition < track.call.lastPosition) return;
  const inbox = inboxOf(call, viewer);
  Object.assign(track, { call, over: call.state === 'ENDED', head: inbox?.head ?? 0, count: inbox?.count ?? 0 });
}

/** @returns those of the new entries that are for the device; null: it may have missed some, and has to read the log */
export function nextOf(track: Track, { entries, before, after }: Appended, viewer: DeviceRef): LogEntry[] | null {
  if (track.changed || inboxOf(before, viewer)?.head !== track.head) return null;
  const mine = entries.filter((entry) => isFor(entry, track.call, viewer));
  // How the call stands then is to be known too.
  return after === null && mine.some(({ told }) => told.kind === 'STATE') ? null : mine;
}

/** Notes that these come next in the log. */
export function noteNext(track: Track, entries: readonly LogEntry[], call: Call | null, viewer: DeviceRef): void {
  if (call) noteCall(track, call, viewer);
  else Object.assign(track, { head: entries.at(-1)?.position ?? track.head, count: track.count + entries.length });
}

/** Starts over in a call: from the invite where it rings, from the last exchange where it is held, at its end else. */
export function snapshotOf(track: Track, call: Call, viewer: DeviceRef): void {
  const actor = actorOf(call, viewer);
  const open = isOpenFor(call, viewer);
  const party = open && isAnswered(call.state);
  if (!open || (actor === 'CALLER' && !party)) track.position = call.lastPosition;
  else if (party) track.position = call.currentFrom - 1;
  const pendingId = call.pendingOffer?.description.id ?? null;
  track.snapshot = { upTo: call.lastPosition, party, currentFrom: call.currentFrom, pendingId };
}

/** Notes that everything is read that was there when the device came. */
export function seenUpTo(track: Track): void {
  if (track.seen === null && track.position >= track.head) track.seen = track.count;
}

/** @returns how many live events wait to be read; what was there when the device came is not live */
export function unseen({ seen, count }: Track): number {
  return seen === null ? 0 : Math.max(0, count - seen);
}

/** Notes that an entry is read. */
export function passed(track: Track, entry: LogEntry, mine: boolean): void {
  track.position = entry.position;
  if (track.seen === null) seenUpTo(track);
  else if (mine) track.seen++;
}

/** @returns the entry as the device is to hear it; null: not at all */
export function wordsOf({ snapshot }: Track, entry: LogEntry): LogEntry | null {
  const { told } = entry;
  if (snapshot === null || entry.position > snapshot.upTo) return entry;
  if (told.kind === 'STATE') return null;
  if (told.kind === 'INVITED')
    return snapshot.party
      ? { ...entry, told: { kind: 'DESCRIPTION', from: 'CALLER', description: told.offer, collision: false } }
      : entry;
  if (told.kind !== 'DESCRIPTION') return entry;
  const { type, id } = told.description;
  const isVoid = type === 'OFFER' && entry.position > snapshot.currentFrom && id !== snapshot.pendingId;
  return isVoid || type === 'ROLLBACK' ? null : entry;
}

/** Nothing more will be said of the call. */
export function isDone({ over, position, head }: Track): boolean {
  return over && position >= head;
}

/** Where a device is, in a bounded number of calls: those that it still has to read in go first, then the newest. */
export function cursorOf(tracks: Iterable<Track>, since: number): Cursor {
  const ordered = [...tracks];
  if (ordered.length > CURSOR_CALLS) ordered.sort((a, b) => Number(isDone(a)) - Number(isDone(b)) || b.at - a.at);
  const left = ordered.slice(CURSOR_CALLS);
  return {
    // A call that is left out though it goes on is read again from its start: twice, but never not at all.
    since: left.every(isDone) ? Math.max(since, ...left.map(({ at }) => at)) : 0,
    positions: ordered.slice(0, CURSOR_CALLS).map(({ callId, position }) => [callId, position]),
  };
}
