import { actingFor } from '../identity/acting.js';
import type { Viewer } from '../identity/viewer.js';
import { LIMITS } from '../limits.js';
import { isPromise, next, type Soon } from '../soon.js';
import type { CallEvent, CallNews, StreamCloseReason, StreamNews } from './event.js';
import type { Appended } from './log.js';
import type { Newcomer, WakeBus } from './ports.js';
import type { Entered, Presence, Standing } from './presence.js';
import { PulledIterator } from './pull.js';
import type { Produced } from './pull.js';
import { DeviceReader } from './reader.js';
import type { Read, ReaderParts } from './reader.js';
import type { CallView } from './view.js';

export interface StreamParts extends ReaderParts {
  readonly presence: Presence;
  readonly bus: WakeBus;
  /** The viewer's calls that have not ended. @param known ids of calls among which all of these are */
  readonly openCalls: (viewer: Viewer, known: readonly string[]) => Promise<readonly CallView[]>;
}

/** Whose stream it is, and which. */
export interface StreamIdentity {
  readonly viewer: Viewer;
  /** Unlike any other stream's. */
  readonly streamId: string;
  /** The socket's: the greater one has the device, and of two streams of one socket the later. */
  readonly epoch: number;
}

/** Why a stream is over. LEFT: its reader went. FAILED: a part is down; `next` throws. */
export type StreamEnd = StreamCloseReason | 'LEFT' | 'FAILED';

/** Ticks between two looks at how the stream stands with the presence, when nothing is heard of that. */
const STANDING_TICKS = 60;

const CLOSES = {
  TAKEN_OVER: 'TAKEN_OVER',
  REVOKED: 'DEVICE_REVOKED',
} as const satisfies Record<Exclude<Standing, 'CURRENT'>, StreamCloseReason>;

/**
 * Everything that one device must know about its calls, in order. Reads on only as far as it is asked, so that a reader that
 * stalls costs no memory.
 */
export class EventStream extends PulledIterator<CallEvent> {
  /** Settles as soon as it is known that the stream ends, whether or not anybody asks for its last event. */
  readonly ended: Promise<StreamEnd>;
  /** Settles when the stream is over and nothing of it is left. */
  readonly finished: Promise<void>;
  readonly #parts: StreamParts;
  readonly #identity: StreamIdentity;
  readonly #reader: DeviceReader;
  #resolveEnded: (end: StreamEnd) => void = () => undefined;
  #resolveFinished: () => void = () => undefined;
  #unsubscribe: () => Promise<void> = () => Promise.resolve();
  #entered = false;
  /** Something was heard of the device's streams before this one had entered. */
  #newerMayBe = false;
  #resumed = false;
  #ready = false;
  /** Of the last event given. */
  #cursor = '';
  #closing: StreamCloseReason | null = null;
  #measuring = false;
  /** Not all streams of a process look in the same second. */
  #ticks = Math.floor(Math.random() * STANDING_TICKS);
  /** The reader does one thing at a time: what it does now; null: nothing. */
  #turn: Promise<void> | null = null;

  private constructor(parts: StreamParts, identity: StreamIdentity) {
    super();
    this.#parts = parts;
    this.#identity = identity;
    this.#reader = new DeviceReader(parts, identity.viewer);
    this.ended = new Promise((resolve) => (this.#resolveEnded = resolve));
    this.finished = new Promise((resolve) => (this.#resolveFinished = resolve));
  }

  /**
   * Resolves when no event can be missed any more: wake-ups are on, and the log was read after that.
   *
   * @param after where to take up; null, or of no use any more: start over
   * @throws SignalingError CALL_UNAVAILABLE
   */
  static async open(parts: StreamParts, identity: StreamIdentity, after: string | null): Promise<EventStream> {
    const stream = new EventStream(parts, identity);
    const { viewer, streamId, epoch } = identity;
    try {
      stream.#unsubscribe = await parts.bus.subscribe(viewer.accountId, (...wake) => stream.#onWake(...wake));
      const { accountId, deviceId } = viewer;
      const entered = await parts.presence.enter(viewer, streamId, epoch);
      stream.#stand(entered);
      stream.#entered = true;
      // An older stream of the device, wherever it is, looks how it stands.
      if (entered === 'REPLACED') parts.bus.tellOf(accountId, { deviceId, streamId });
      // A newer one may have come before this one knew that it had entered.
      if (stream.#newerMayBe) stream.#checkStanding();
      stream.#resumed = await stream.#inTurn(() => stream.#reader.start(after));
      stream.#cursor = stream.#reader.cursor();
      return stream;
    } catch (error) {
      stream.fail(error);
      throw error;
    }
  }

  /** Ends the stream: the next event, and the last, is StreamClosed with the cursor of the last one given. */
  close(reason: StreamCloseReason): void {
    if (this.over || this.#closing) return;
    this.#closing = reason;
    this.#resolveEnded(reason);
    this.pull();
  }

  /** The device was heard after it had been told or asked something: it is there. */
  heard(): void {
    if (this.over) return;
    const shown = this.#inTurn(() => this.#reader.showLife());
    if (isPromise(shown)) shown.catch((error: unknown) => this.fail(error));
  }

  /** To be called every second: notices an expired session, and says now and then that the stream is there. */
  tick(): void {
    if (this.over) return;
    this.#expire();
    this.#ticks++;
    if (this.#ticks % STANDING_TICKS === 0) this.#checkStanding();
  }

  protected override produce(): Soon<Produced<CallEvent> | null> {
    if (this.over) return null;
    this.#expire();
    if (this.#closing) return this.#farewell(this.#closing);
    if (!this.#ready) return this.#begin();
    return next(
      this.#inTurn(() => this.#reader.next()),
      (read) => this.#given(read),
    );
  }

  async #begin(): Promise<Produced<CallEvent> | null> {
    const { viewer } = this.#identity;
    const openCalls = await actingFor(viewer.accountId, async () =>
      this.#parts.openCalls(viewer, await this.#reader.maybeOpen()),
    );
    if (this.over) return null;
    if (this.#closing) return this.#farewell(this.#closing);
    this.#ready = true;
    return this.#event({ type: 'StreamReady', resumed: this.#resumed, openCalls });
  }

  #given(read: Read | null): Produced<CallEvent> | null {
    if (this.over) return null;
    this.#expire();
    if (read === 'lost') this.close('TOO_SLOW');
    // What was read and is not given any more stays behind the cursor.
    if (this.#closing) return this.#farewell(this.#closing);
    if (read === null || read === 'lost') return null;
    this.#cursor = this.#reader.cursor();
    return this.#event(read.news, read.at);
  }

  #farewell(reason: StreamCloseReason): Produced<CallEvent> {
    return this.#event({ type: 'StreamClosed', reason });
  }

  protected override release(failed: boolean): void {
    this.#resolveEnded(failed ? 'FAILED' : 'LEFT');
    const { viewer, streamId } = this.#identity;
    // What cannot be undone, as a part is down, goes by itself: a presence that nobody renews is forgotten.
    const left = actingFor(viewer.accountId, () => this.#parts.presence.leave(viewer, streamId));
    const undone = [this.#unsubscribe(), left];
    void Promise.allSettled(undone).then(() => this.#resolveFinished());
  }

  #onWake(callId: string | null, appended?: Appended, came?: Newcomer): void {
    if (this.over) return;
    const { viewer, streamId } = this.#identity;
    if (came && (came.deviceId !== viewer.deviceId || came.streamId === streamId)) return;
    if (callId === null && this.#entered) this.#checkStanding();
    else if (callId === null) this.#newerMayBe = true;
    if (came) return;
    if (callId === null || !appended) this.#reader.mark(callId);
    else if (!this.#reader.hear(callId, appended)) return;
    if (this.isAsked) this.pull();
    else if (this.#ready) void this.#measure();
  }

  #expire(): void {
    if (this.#parts.clock.now() >= this.#identity.viewer.expiresAt) this.close('SESSION_EXPIRED');
  }

  #checkStanding(): void {
    const { viewer, streamId } = this.#identity;
    actingFor(viewer.accountId, () => this.#parts.presence.touch(viewer, streamId)).then(
      (standing) => this.#stand(standing),
      (error: unknown) => this.fail(error),
    );
  }

  #stand(standing: Entered): void {
    if (standing !== 'CURRENT' && standing !== 'REPLACED') this.close(CLOSES[standing]);
  }

  /** Nobody asks for the next event: counts how many wait. */
  async #measure(): Promise<void> {
    if (this.#measuring) return;
    this.#measuring = true;
    try {
      const waiting = await this.#inTurn(() => this.#reader.waiting());
      if (waiting > LIMITS.liveEventsWaiting) this.close('TOO_SLOW');
    } catch (error) {
      this.fail(error);
    } finally {
      this.#measuring = false;
    }
  }

  #event(news: CallNews | StreamNews, at = this.#parts.clock.now()): Produced<CallEvent> {
    return { value: { ...news, cursor: this.#cursor, at }, last: news.type === 'StreamClosed' };
  }

  #inTurn<T>(work: () => Soon<T>): Soon<T> {
    const acting = (): Soon<T> => actingFor(this.#identity.viewer.accountId, work);
    const result = this.#turn ? this.#turn.then(acting) : acting();
    if (!isPromise(result)) return result;
    const turn = (result as Promise<T>).then(
      () => undefined,
      () => undefined,
    );
    this.#turn = turn;
    void turn.then(() => {
      if (this.#turn === turn) this.#turn = null;
    });
    return result;
  }
}
