import { SignalingError } from '../errors.js';
import { caught, next, type Soon } from '../soon.js';
import type { Call, DeviceRef } from './call.js';
import type { StoreTime } from './deadline.js';
import { dueAt, expiresAt, isSignalingDue, settle } from './deadline.js';
import { tagOf } from './ids.js';
import type { Notifier } from './notifier.js';
import type { Change } from './log.js';
import { heard, heardFrom } from './party.js';
import type { CallRead, CallStore, CallWrite, StoredCall } from './ports.js';
import type { Presence } from './presence.js';
import { trim } from './room.js';
import type { Turns } from './turns.js';

/** A call as it reads now, and what a change of it must be made from. */
export interface Loaded extends StoredCall {
  readonly time: StoreTime;
}

/** Makes a change of a call, settled at `time`. */
export type MoveOf<C extends Change> = (call: Call, time: StoreTime) => Soon<C>;

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
  load(callId: string): Soon<Loaded | null> {
    return next(this.#store.read(callId), (read) => this.#settle(callId, read));
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

  #settle(callId: string, { stored, time }: CallRead, attempt = 0): Soon<Loaded | null> {
    if (stored === null) return null;
    if (attempt === MAX_ATTEMPTS) throw new SignalingError('CALL_UNAVAILABLE');
    return next(this.settled(stored, time), (loaded) => {
      if (loaded !== null) return loaded;
      return next(this.#store.read(callId), (read) => this.#settle(callId, read, attempt + 1));
    });
  }

  /** @returns the stored call as it reads at `time`, committed when time has changed it; null: it is not the latest version */
  settled(stored: StoredCall, time: StoreTime): Soon<Loaded | null> {
    const loaded = { ...stored, time };
    const asked = isSignalingDue(stored.call, time) ? this.#heardByStream(stored.call) : stored.call;
    return next(asked, (call) => {
      const change = settle(call, time);
      if (change.call === stored.call) return loaded;
      return next(this.#commit(loaded, change, null), (committed) => (committed ? afterOf(loaded, change) : null));
    });
  }

  /**
   * Makes a move in one atomic step. A move of a party counts as a sign of life, also when it changes nothing else.
   *
   * @param move is made again when another one was committed first; throws what its caller is to hear
   * @returns the call after the move, and what `move` returned with it
   * @throws SignalingError CALL_NOT_FOUND; CALL_UNAVAILABLE; what `move` throws
   */
  move<C extends Change>(callId: string, viewer: DeviceRef | null, move: MoveOf<C>): Soon<Moved<C>> {
    const work = (): Soon<Moved<C>> =>
      next(this.#recall(callId), (known) =>
        known ? this.#tryKnown(callId, viewer, move, known) : this.#try(callId, viewer, move, 0),
      );
    return this.#turns ? this.#turns.take(callId, work) : work();
  }

  /** @returns the call as this process knows it, which may be stale */
  #recall(callId: string): Soon<Loaded | null> {
    if (!this.#store.recall) return null;
    return next(this.#store.recall(callId), (known) => known && this.settled(known.stored, known.time));
  }

  /** Only what comes to be committed counts: that a move is refused, or does nothing, is true only of what there is. */
  #tryKnown<C extends Change>(
    callId: string,
    viewer: DeviceRef | null,
    move: MoveOf<C>,
    known: Loaded,
  ): Soon<Moved<C>> {
    const result = caught<C | null>(
      () => move(known.call, known.time),
      () => null,
    );
    return next(result, (made) => {
      const after = made && movedBy(made, viewer, known);
      if (!made || !after) return this.#try(callId, viewer, move, 0);
      return next(this.#moved(known, made, after), (done) => done ?? this.#again(callId, viewer, move, 1));
    });
  }

  /** Somebody was faster: where the store has said what they made of the call, it is not read again. */
  #again<C extends Change>(callId: string, viewer: DeviceRef | null, move: MoveOf<C>, attempt: number): Soon<Moved<C>> {
    return next(this.#recall(callId), (loaded) => this.#try(callId, viewer, move, attempt, loaded));
  }

  /** @param known what the store has said since the move began; null: it has to be read */
  #try<C extends Change>(
    callId: string,
    viewer: DeviceRef | null,
    move: MoveOf<C>,
    attempt: number,
    known: Loaded | null = null,
  ): Soon<Moved<C>> {
    if (attempt === MAX_ATTEMPTS) throw new SignalingError('CALL_UNAVAILABLE');
    return next(known ?? this.load(callId), (loaded) => {
      if (loaded === null) throw new SignalingError('CALL_NOT_FOUND');
      return next(move(loaded.call, loaded.time), (result) => {
        const after = movedBy(result, viewer, loaded);
        if (after === null) return { loaded, result };
        return next(
          this.#moved(loaded, result, after),
          (done) => done ?? this.#again(callId, viewer, move, attempt + 1),
        );
      });
    });
  }

  /** @returns null: somebody was faster */
  #moved<C extends Change>(loaded: Loaded, result: C, after: Call): Soon<Moved<C> | null> {
    // A move can be what makes a deadline pass: the last leg that could be reached turns out to be busy.
    const settled = settle(after, loaded.time);
    const entries = settled.entries.length === 0 ? result.entries : [...result.entries, ...settled.entries];
    const change = trim({ call: settled.call, entries, dropped: result.dropped });
    return next(this.#commit(loaded, change, this.lastMoment(loaded)), (committed) =>
      committed ? { loaded: afterOf(loaded, change), result } : null,
    );
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

  #commit(loaded: Loaded, change: Change, notAfter: number | null): Soon<boolean> {
    const writes = [this.write(change, loaded)];
    const slot = tagOf(loaded.call.id) ?? '';
    const outcome = caught(
      () => this.#store.commit(slot, { writes, start: null, notAfter }),
      (error) => {
        this.#told.doubted(change.call);
        throw error;
      },
    );
    return next(outcome, (made) => {
      if (made !== 'committed') return false;
      this.#told.committed(loaded.call, change, loaded.time.now);
      return true;
    });
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

/** @returns the call after a move; null: the move changed nothing */
function movedBy({ call }: Change, viewer: DeviceRef | null, loaded: Loaded): Call | null {
  const moved = viewer === null ? call : heardFrom(call, viewer, loaded.time.now);
  return moved === loaded.call ? null : moved;
}

function afterOf({ version, time }: Loaded, { call }: Change): Loaded {
  return { call, version: version + 1, time };
}
