import type { DeviceRef } from './call.js';
import { actorOf } from './call.js';
import type { Ledger, Loaded } from './ledger.js';
import { inboxOf } from './log.js';
import { accountsOf } from './notifier.js';
import type { AccountIndex, IndexedCall } from './ports.js';
import type { CallHere } from './resume.js';
import { showLife } from './ring.js';

/** An index entry this old that leads to no call is of a start that was cut off. */
const DANGLING_MS = 10 * 60 * 1000;

export interface JoiningParts {
  readonly ledger: Ledger;
  readonly index: Pick<AccountIndex, 'retire'>;
}

/** Finds the calls of an account in which one device has a part, and joins those that ring for it. */
export class Joining {
  /** Calls of the account in which this device has no part. */
  readonly others = new Set<string>();
  readonly #parts: JoiningParts;
  readonly #viewer: DeviceRef;
  readonly #onGone: (at: number) => void;

  /** @param onGone is told when a call was entered that is over, and whose log is gone */
  constructor(parts: JoiningParts, viewer: DeviceRef, onGone: (at: number) => void) {
    this.#parts = parts;
    this.#viewer = viewer;
    this.#onGone = onGone;
  }

  /** @returns those of the calls in which the device has a part, or gets one now because it rings; they are read in one piece */
  async partsIn(entries: readonly IndexedCall[], arriving: boolean): Promise<readonly CallHere[]> {
    if (entries.length === 0) return [];
    const loaded = await this.#parts.ledger.loadAll(entries.map(({ callId }) => callId));
    const byId = new Map(loaded.map((each) => [each.call.id, each]));
    const here: CallHere[] = [];
    for (const entry of entries) {
      const part = await this.#partIn(entry, byId.get(entry.callId) ?? null, arriving);
      if (part) here.push({ entry, call: part.call });
    }
    return here;
  }

  async #partIn(entry: IndexedCall, loaded: Loaded | null, arriving: boolean): Promise<Loaded | null> {
    const { index } = this.#parts;
    if (loaded === null) {
      if (entry.ageMs > DANGLING_MS) await index.retire([this.#viewer.accountId], entry.callId);
      return null;
    }
    const { call } = loaded;
    if (call.purged) {
      this.#onGone(entry.at);
      await index.retire(accountsOf(call), call.id);
      return null;
    }
    const known = inboxOf(call, this.#viewer) !== null;
    // A device that comes while it rings is there for certain; one that was there before has to give a sign of it.
    const joins = actorOf(call, this.#viewer) === 'LEG' && (arriving || !known);
    const joined = joins ? await this.join(call.id) : loaded;
    if (inboxOf(joined.call, this.#viewer) !== null) return joined;
    this.others.add(call.id);
    return null;
  }

  /** The device shows that it is there: a call that rings for it can reach it. */
  async join(callId: string): Promise<Loaded> {
    return (await this.#parts.ledger.move(callId, null, (call, time) => showLife(call, this.#viewer, time))).loaded;
  }
}
