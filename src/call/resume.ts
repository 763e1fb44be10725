import type { Call, DeviceRef } from './call.js';
import type { Cursor, CursorSeal } from './cursor.js';
import type { Ledger } from './ledger.js';
import { inboxOf, lostUpTo } from './log.js';
import type { IndexedCall } from './ports.js';

export interface ResumeParts {
  readonly ledger: Ledger;
  readonly cursors: Pick<CursorSeal, 'open'>;
}

/** Past calls of an account that a list looks through at most, and a returning device's past is looked for in. */
export const RECENT_SCANNED = 200;

/** A call in which a device that comes has a part. */
export interface CallHere {
  readonly entry: IndexedCall;
  readonly call: Call;
}

export interface TakenUp {
  /** Every event since this one is still held; null: the device starts over. */
  readonly cursor: Cursor | null;
  /** Calls entered up to here that are over are dealt with. */
  readonly since: number;
}

/** What there was when the device came. */
export interface Past {
  readonly here: readonly CallHere[];
  /** The account's live calls and at most {@link RECENT_SCANNED} past ones, newest first. */
  readonly recent: readonly IndexedCall[];
}

/** Finds out whether a device can take up where a cursor left off. */
export async function takeUp(
  { ledger, cursors }: ResumeParts,
  viewer: DeviceRef,
  after: string | null,
  { here, recent }: Past,
): Promise<TakenUp> {
  const cursor = after === null ? null : cursors.open(after, viewer);
  const positions = new Map(cursor?.positions);
  // What was dropped from a log since the cursor is missed as much as a log that is gone.
  const holds = ({ entry, call }: CallHere, { since }: Cursor): boolean =>
    (positions.get(entry.callId) ?? (call.state === 'ENDED' && entry.at <= since ? Infinity : 0)) >=
    lostUpTo(call, viewer);
  const resumed =
    cursor !== null && here.every((one) => holds(one, cursor)) && (await canResume(cursor, recent, ledger, viewer));
  const past = recent.filter((entry) => !entry.live).map((entry) => entry.at);
  return { cursor: resumed ? cursor : null, since: Math.max(0, resumed ? cursor.since : 0, ...past) };
}

/** @returns whether every event since the cursor is still held: of the calls that it names, and of any begun since */
async function canResume(cursor: Cursor, recent: Past['recent'], ledger: Ledger, viewer: DeviceRef): Promise<boolean> {
  const past = recent.filter(({ live }) => !live);
  const oldest = past.at(-1);
  if (past.length === RECENT_SCANNED && oldest && oldest.at > cursor.since) return false;
  for (const [callId, position] of cursor.positions) {
    const loaded = await ledger.load(callId);
    if (loaded === null) return false;
    if (loaded.call.purged && position < (inboxOf(loaded.call, viewer)?.head ?? 0)) return false;
  }
  const named = new Set(cursor.positions.map(([callId]) => callId));
  for (const { callId, at } of past) {
    if (at <= cursor.since || named.has(callId)) continue;
    const loaded = await ledger.load(callId);
    if (loaded && (inboxOf(loaded.call, viewer)?.count ?? 0) > 0) return false;
  }
  return true;
}
