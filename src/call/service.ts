import { SignalingError } from '../errors.js';
import type { DeviceDirectory } from '../identity/viewer.js';
import type { Clock, EventSink, RateLimiter, Timers } from '../ports.js';
import { next, orRejected, type Soon } from '../soon.js';
import { AccountRoom } from './account-room.js';
import { atMost } from './at-most.js';
import type { Call, ConnectionReport, DeviceRef } from './call.js';
import type { StoreTime } from './deadline.js';
import { lookAt } from './deadline.js';
import { Desk } from './desk.js';
import { Gaps } from './gaps.js';
import { randomId } from './ids.js';
import type { NewId, PairTag } from './ids.js';
import { checkAnswerCall, checkId, checkSendDescription, checkSendIceCandidates, checkStartCall } from './input.js';
import type { InputOptions } from './input.js';
import { Ledger } from './ledger.js';
import type { MoveOf } from './ledger.js';
import { keptBack } from './kept-back.js';
import type { Change } from './log.js';
import { Notifier } from './notifier.js';
import { hangUpCall, reportConnection, revokeDevice } from './party.js';
import type { HangUpReason } from './party.js';
import type { AccountIndex, CallPolicy, CallStore, SendWakeUp, WakeBus } from './ports.js';
import type { Presence } from './presence.js';
import { Reach } from './reach.js';
import { CallReads } from './reads.js';
import { answerCall, declineCall, reportRinging } from './ring.js';
import type { AnswerCallInput, DeclineReason } from './ring.js';
import { sendDescription, sendIceCandidates } from './signal.js';
import type { SendDescriptionInput, SendIceCandidatesInput, Signalled, SignalReceipt } from './signal.js';
import { Signaller } from './signaller.js';
import type { OnWait } from './signaller.js';
import type { StartCallInput } from './start.js';
import { Starter } from './starter.js';
import type { StartedCall } from './starter.js';
import { Together } from './together.js';
import type { Turns } from './turns.js';
import type { CallView } from './view.js';
import { viewOf } from './view.js';

/** What calls need from the world around them. */
export interface CallParts {
  readonly store: CallStore;
  readonly index: AccountIndex;
  readonly presence: Presence;
  readonly bus: WakeBus;
  readonly timers: Timers;
  readonly limiter: RateLimiter;
  readonly directory: DeviceDirectory;
  readonly policy: CallPolicy;
  readonly events: EventSink;
  readonly sendWakeUp: SendWakeUp;
  readonly clock: Clock;
  readonly pairTag: PairTag;
  readonly input: InputOptions;
  /** Makes moves of one call wait for each other; they race when left out. */
  readonly turns?: Turns;
  /** {@link randomId} when left out. */
  readonly newId?: NewId;
}

/** Calls that one sweep looks at, and how many of them at once. */
const SWEEP = 100;
const SWEPT_AT_ONCE = 8;

/**
 * Every query and mutation about calls. A move gives its result in the same turn where nothing has to be waited for.
 * Each method rejects with a SignalingError; CALL_UNAVAILABLE when a part is down.
 */
export class CallService {
  /** For the event streams, which read calls the same way. */
  readonly ledger: Ledger;
  readonly #parts: CallParts;
  readonly #newId: NewId;
  readonly #starter: Starter;
  readonly #desk = new Desk();
  readonly #signaller: Signaller;

  constructor(parts: CallParts) {
    const { store, index, presence, bus, limiter, directory, policy, events, pairTag, newId = randomId } = parts;
    const notifier = new Notifier({ bus, index, events, sendWakeUp: parts.sendWakeUp, clock: parts.clock });
    const reach = new Reach(policy, directory, presence);
    this.#parts = parts;
    this.#newId = newId;
    this.ledger = new Ledger(store, presence, notifier, parts.turns ?? null);
    this.#starter = new Starter({ store, index, reach, ledger: this.ledger, notifier, limiter, pairTag, newId });
    this.#signaller = new Signaller({
      ledger: this.ledger,
      together: new Together(this.ledger, parts.turns ?? null),
      gaps: new Gaps(parts.timers),
      room: new AccountRoom(index, this.ledger),
      desk: this.#desk,
    });
  }

  /** Rings the callee's devices; see {@link Starter.start}. */
  async startCall(viewer: DeviceRef, input: StartCallInput): Promise<StartedCall> {
    checkStartCall(input, viewer.accountId, this.#parts.input);
    return this.#desk.serve(viewer, () => this.#starter.start(viewer, input));
  }

  /** A callee device shows the call to its user. */
  reportRinging(viewer: DeviceRef, callId: string): Soon<CallView> {
    return this.#move(viewer, callId, (call, time) => reportRinging(call, viewer, time));
  }

  /** The first callee device to answer wins. */
  answerCall(viewer: DeviceRef, input: AnswerCallInput): Soon<CallView> {
    return orRejected(() => {
      checkAnswerCall(input, this.#parts.input);
      return this.#move(viewer, input.callId, (call, time) =>
        next(keptBack(this.#parts.store, call, viewer), (kept) =>
          answerCall(call, viewer, input, time, this.#newId, kept),
        ),
      );
    });
  }

  declineCall(viewer: DeviceRef, callId: string, reason: DeclineReason): Soon<CallView> {
    return this.#move(viewer, callId, (call, time) => declineCall(call, viewer, reason, time));
  }

  /** Cancels, or ends, the call. Idempotent, and never refused to a device of the two accounts. */
  hangUpCall(viewer: DeviceRef, callId: string, reason: HangUpReason): Soon<CallView> {
    // Whatever else the device is doing: it never waits in line.
    return orRejected(() => this.#moveNow(viewer, callId, (call, time) => hangUpCall(call, viewer, reason, time)));
  }

  /** The device's own RTCPeerConnection became connected, or lost its peer. */
  reportConnection(viewer: DeviceRef, callId: string, connection: ConnectionReport): Soon<CallView> {
    return this.#move(viewer, callId, (call, time) => reportConnection(call, viewer, connection, time));
  }

  /** @param onWait is told when the signal has to wait for an earlier one */
  sendDescription(viewer: DeviceRef, input: SendDescriptionInput, onWait?: OnWait): Soon<SignalReceipt> {
    const move = (call: Call, time: StoreTime): Signalled => sendDescription(call, viewer, input, time, this.#newId);
    return orRejected(() => {
      checkSendDescription(input, this.#parts.input);
      return this.#signaller.send(viewer, input, 'sdp', move, onWait);
    });
  }

  /** @param onWait is told when the signal has to wait for an earlier one */
  sendIceCandidates(viewer: DeviceRef, input: SendIceCandidatesInput, onWait?: OnWait): Soon<SignalReceipt> {
    const move = (call: Call, time: StoreTime): Signalled => sendIceCandidates(call, viewer, input, time);
    return orRejected(() => {
      checkSendIceCandidates(input, this.#parts.input);
      return this.#signaller.send(viewer, input, 'candidates', move, onWait);
    });
  }

  /** For one operation, which reads nothing twice. */
  reads(viewer: DeviceRef): CallReads {
    return new CallReads({ ledger: this.ledger, index: this.#parts.index, desk: this.#desk }, viewer);
  }

  /** @returns null when there is no such call, and also when it is not the viewer's */
  call(viewer: DeviceRef, callId: string): Promise<CallView | null> {
    return this.reads(viewer).call(callId);
  }

  /** @returns the calls that are open for this device, newest first; see {@link CallReads.openCalls} */
  openCalls(viewer: DeviceRef, known?: readonly string[]): Promise<readonly CallView[]> {
    return this.reads(viewer).openCalls(known);
  }

  /** @param first how many at most, 1 to 50 */
  recentCalls(viewer: DeviceRef, first: number): Promise<readonly CallView[]> {
    return this.reads(viewer).recentCalls(first);
  }

  /** A device was removed: what it holds or rings for ends, and its streams close, on every node. */
  async revokeDevice(device: DeviceRef): Promise<void> {
    const { index, presence, bus } = this.#parts;
    await presence.revoke(device);
    bus.wake([device.accountId], null);
    for (const { callId } of await index.live(device.accountId))
      if (await this.ledger.load(callId))
        await this.ledger.move(callId, null, (call, time) => revokeDevice(call, device, time));
  }

  /** Does what deadlines demand of calls that nobody looks at. To be called every second, on any number of nodes. */
  async sweep(): Promise<void> {
    const { store } = this.#parts;
    const due = await store.due(SWEEP);
    const failed: unknown[] = [];
    await atMost(SWEPT_AT_ONCE, due, async (callId) => {
      try {
        const loaded = await this.ledger.load(callId);
        await store.schedule(callId, loaded && lookAt(loaded.call, loaded.time));
      } catch (error) {
        failed.push(error);
      }
    });
    // One call that cannot be read must not keep the others waiting, and must not go unheard either.
    if (failed.length > 0) throw failed[0];
  }

  #move(viewer: DeviceRef, callId: string, move: MoveOf<Change>): Soon<CallView> {
    return orRejected(() => this.#desk.serve(viewer, () => this.#moveNow(viewer, callId, move)));
  }

  #moveNow(viewer: DeviceRef, callId: string, move: MoveOf<Change>): Soon<CallView> {
    checkId('callId', callId);
    return next(this.ledger.move(callId, viewer, move), ({ loaded }) => {
      const view = viewOf(loaded.call, viewer, loaded.time);
      if (view === null) throw new SignalingError('CALL_NOT_FOUND');
      return view;
    });
  }
}
