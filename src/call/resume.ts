import type { DeviceRef } from './call.js';
import type { Cursor } from './cursor.js';
import type { Ledger } from './ledger.js';
import { inboxOf } from './log.js';
import type { IndexedCall } from './ports.js';

/** Entries of an account's index that a returning device's past is looked for in. */
export const RECENT_SCANNED = 200;

/**
 * @param recent the account's calls, newest first, at most {@link RECENT_SCANNED}
 * @returns whether every event since the cursor is still held: of the calls that it names, and of any begun since
 */
export async function canResume(
  cursor: Cursor,
  recent: readonly IndexedCall[],
  ledger: Ledger,
  viewer: DeviceRef,
): Promise<boolean> {
  const oldest = recent.at(-1);
  if (recent.length === RECENT_SCANNED && oldest && oldest.at > cursor.since) return false;
  for (const [callId, position] of cursor.positions) {
    const loaded = await ledger.load(callId);
    if (loaded === null) return false;
    if (loaded.call.purged && position < (inboxOf(loaded.call, viewer)?.head ?? 0)) return false;
  }
  const named = new Set(cursor.positions.map(([callId]) => callId));
  for (const { callId, at, live } of recent) {
    if (live || at <= cursor.since || named.has(callId)) continue;
    const loaded = await ledger.load(callId);
    if (loaded && (inboxOf(loaded.call, viewer)?.count ?? 0) > 0) return false;
  }
  return true;
}
