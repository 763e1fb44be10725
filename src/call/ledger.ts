import { SignalingError } from '../errors.js';
import type { Call, DeviceRef } from './call.js';
import type { StoreTime } from './deadline.js';
import { dueAt, expiresAt, isSignalingDue, settle } from './deadline.js';
import { tagOf } from './ids.js';
import type { Notifier } from './notifier.js';
import type { Change } from './log.js';
import { heard, isParty } from './party.js';
import type { CallRead, CallStore, CallWrite, Presence, StoredCall } from './ports.js';
import { trim } from './room.js';
import type { Turns } from './turns.js';

/** A call as it reads now, and what a change of it must be made from. */
export interface Loaded extends StoredCall {
  readonly time: StoreTime;
}

/** Makes a change of a call, settled at `time`. */
export type MoveOf<C extends Change> = (call: Call, time: StoreTime) => C | Promise<C>;

export interface Moved<C extends Change> {
  readonly loaded: Loaded;
  readonly result: C;
}

/** Is told of commits. */
export type Committed = Pick<Notifier, 'committed' | 'doubted'>;

/** Compare-and-set fails when others were faster; more often than this in a row, something is wrong. */
const MAX_ATTEMPTS = 100;

/** Reads calls as they are by now, and changes them: read, settle, move, commit, and again when somebody was faster. */
export class Ledger {
  readonly #store: CallStore;
  readonly #presence: Presence;
  readonly #told: Committed;
  readonly #turns: Turns | null;

  /** @param turns null: moves of one call race each other, as those of several nodes do */
  constructor(store: CallStore, presence: Presence, told: Committed, turns: Turns | null = null) {
    this.#store = store;
    this.#presence = presence;
    this.#told = told;
    this.#turns = turns;
  }

  /** @returns the call, what its deadlines did to it committed; null: there is none */
  async load(callId: string): Promise<Loaded | null> {
    return this.#settle(callId, await this.#store.read(callId));
  }

  /** @returns those of the calls that there are, as {@link load} does, in the order asked for */
  async loadAll(callIds: readonly string[]): Promise<readonly Loaded[]> {
    const found: Loaded[] = [];
    for (const [i, read] of (await this.#store.readAll(callIds)).entries()) {
      const loaded = await this.#settle(callIds[i] ?? '', read);
      if (loaded !== null) found.push(loaded);
    }
    return found;
  }

  async #settle(callId: string, first: CallRead): Promise<Loaded | null> {
    let { stored, time } = first;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      if (stored === null) return null;
      const loaded = await this.settled(stored, time);
      if (loaded !== null) return loaded;
      ({ stored, time } = await this.#store.read(callId));
    }
    throw new SignalingError('CALL_UNAVAILABLE');
  }

  /** @returns the stored call as it reads at `time`, committed when time has changed it; null: it is not the latest version */
  async settled(stored: StoredCall, time: StoreTime): Promise<Loaded | null> {
    const asked = isSignalingDue(stored.call, time) ? await this.#heardByStream(stored.call) : stored.call;
    const change = settle(asked, time);
    if (change.call === stored.call) return { ...stored, time };
    return (await this.#commit({ ...stored, time }, change, null)) ? this.#next(stored, change, time) : null;
  }

  /**
   * Makes a move in one atomic step. A move of a party counts as a sign of life, also when it changes nothing else.
   *
   * @param move is made again when another one was committed first; throws what its caller is to hear
   * @returns the call after the move, and what `move` returned with it
   * @throws SignalingError CALL_NOT_FOUND; CALL_UNAVAILABLE; what `move` throws
   */
  move<C extends Change>(callId: string, viewer: DeviceRef | null, move: MoveOf<C>): Promise<Moved<C>> {
    const work = (): Promise<Moved<C>> => this.#move(callId, viewer, move);
    return this.#turns ? this.#turns.take(callId, work) : work();
  }

  async #move<C extends Change>(callId: string, viewer: DeviceRef | null, move: MoveOf<C>): Promise<Moved<C>> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const recalled = attempt === 0 ? await this.#recall(callId) : null;
      const loaded = recalled ?? (await this.load(callId));
      if (loaded === null) throw new SignalingError('CALL_NOT_FOUND');
      const result = await this.#tried(loaded, move, recalled !== null);
      if (result === null) continue;
      const moved = viewer !== null && isParty(result.call, viewer) ? heard(result.call, loaded.time.now) : result.call;
      if (moved === loaded.call) {
        // That nothing is to be done is true only of what there is.
        if (recalled) continue;
        return { loaded, result };
      }
      // A move can be what makes a deadline pass: the last leg that could be reached turns out to be busy.
      const settled = settle(moved, loaded.time);
      const change = trim({
        call: settled.call,
        entries: [...result.entries, ...settled.entries],
        dropped: result.dropped,
      });
      if (await this.#commit(loaded, change, this.lastMoment(loaded)))
        return { loaded: this.#next(loaded, change, loaded.time), result };
    }
    throw new SignalingError('CALL_UNAVAILABLE');
  }

  /** @returns the call as this process knows it, which may be stale */
  async #recall(callId: string): Promise<Loaded | null> {
    const known = await this.#store.recall?.(callId);
    return known ? this.settled(known.stored, known.time) : null;
  }

  /** @returns null: the move was refused of a call that may be stale */
  async #tried<C extends Change>({ call, time }: Loaded, move: MoveOf<C>, recalled: boolean): Promise<C | null> {
    try {
      return await move(call, time);
    } catch (error) {
      if (recalled) return null;
      throw error;
    }
  }

  /** @returns until when a move made from this call holds, Unix milliseconds: a deadline that passes meanwhile wins */
  lastMoment({ call, time }: Loaded): number | null {
    const due = call.state === 'ENDED' ? null : dueAt(call, time.outages);
    return due === null ? null : due - 1;
  }

  /** @returns the write that makes this change of a call; of a new one where there was none */
  write({ call, entries, dropped }: Change, from: Loaded | Pick<Loaded, 'time'>): CallWrite {
    const { outages } = from.time;
    const [dueBefore, expectedVersion] = 'call' in from ? [dueAt(from.call, outages), from.version] : [null, 0];
    const due = dueAt(call, outages);
    return { call, expectedVersion, entries, dropped, dueAt: due, dueBefore, expiresAt: expiresAt(call) };
  }

  async #commit(loaded: Loaded, change: Change, notAfter: number | null): Promise<boolean> {
    const writes = [this.write(change, loaded)];
    const slot = tagOf(loaded.call.id) ?? '';
    const outcome = await this.#store.commit(slot, { writes, start: null, notAfter }).catch((error: unknown) => {
      this.#told.doubted(change.call);
      throw error;
    });
    if (outcome !== 'committed') return false;
    this.#told.committed(loaded.call, change, loaded.time.now);
    return true;
  }

  #next(stored: StoredCall, change: Change, time: StoreTime): Loaded {
    return { call: change.call, version: stored.version + 1, time };
  }

  /** Notes when a party last had a stream, so that silence alone does not end a call that both still hold. */
  async #heardByStream(call: Call): Promise<Call> {
    const { caller, calleeAccountId, winner } = call;
    const [ofCaller, ofCallee] = await Promise.all([
      this.#presence.devicesOf(caller.accountId),
      this.#presence.devicesOf(calleeAccountId),
    ]);
    const seen = [
      ...ofCaller.filter((device) => device.deviceId === caller.deviceId),
      ...ofCallee.filter((device) => device.deviceId === winner),
    ];
    return seen.reduce((known, device) => heard(known, device.seenAt), call);
  }
}
