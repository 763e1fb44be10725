import { SignalingError } from '../errors.js';
import type { Call, CallMedia, DeviceRef, Logged, SessionDescription } from './call.js';
import { actorOf, EMPTY_INBOX, EMPTY_OUTBOX, newLeg, withLivingLeg } from './call.js';
import type { StoreTime } from './deadline.js';
import { endCall } from './end.js';
import type { Change } from './log.js';
import { ALL_LEGS, tell, unchanged } from './log.js';
import { conflictDetails, permit } from './permit.js';
import { begun, exchanged, withLogged } from './room.js';
import { isRinging } from './state.js';

/** What a device starts a call with; see `input StartCallInput` of the schema. */
export interface StartCallInput {
  readonly clientCallId: string;
  readonly calleeAccountId: string;
  readonly calleeDeviceId: string | null;
  readonly media: CallMedia;
  readonly offerSdp: string;
  readonly replacesCallId: string | null;
  readonly attachment: string | null;
}

/** A device to ring, and whether it has to be woken for that. */
export interface Target {
  readonly deviceId: string;
  readonly woken: boolean;
}

/** Whom a new call rings. */
export interface Ring {
  readonly targets: readonly Target[];
  /** The callee must not hear of the call. */
  readonly silent: boolean;
  /** Nobody knows which devices there are, so that the account as a whole is woken. */
  readonly accountWoken: boolean;
}

/** A new call, its invite the first entry of its log. */
export function newCall(
  id: string,
  offerId: string,
  startKey: string,
  viewer: DeviceRef,
  input: StartCallInput,
  ring: Ring,
  now: number,
): Change {
  const offer: SessionDescription = { id: offerId, type: 'OFFER', sdp: input.offerSdp, inReplyTo: null };
  const { accountId, deviceId } = viewer;
  const call: Call = {
    id,
    state: 'INITIATED',
    media: input.media,
    caller: { accountId, deviceId, inbox: EMPTY_INBOX, outbox: EMPTY_OUTBOX },
    calleeAccountId: input.calleeAccountId,
    calleeDeviceId: input.calleeDeviceId,
    silent: ring.silent,
    legs: ring.targets.map((target) => newLeg(target.deviceId, now, target.woken)),
    everyLeg: EMPTY_INBOX,
    accountWoken: ring.accountWoken,
    winner: null,
    answerHash: null,
    reports: { CALLER: null, CALLEE: null },
    pendingOffer: { description: offer, from: 'CALLER', position: 1 },
    currentFrom: 1,
    createdAt: now,
    ringingAt: null,
    answeredAt: null,
    connectedAt: null,
    endedAt: null,
    endReason: null,
    endedBy: null,
    stateSince: now,
    heardAt: now,
    replacesCallId: input.replacesCallId,
    attachment: input.attachment,
    startKeys: [startKey],
    lastPosition: 0,
    states: [],
    dropped: { CALLER: 0, CALLEE: 0 },
    purged: false,
  };
  const invited = tell(unchanged(call), now, ALL_LEGS, { kind: 'INVITED', offer });
  const first = (logged: Logged): Logged => exchanged(begun(logged, invited.entries), 1);
  return { ...invited, call: withLogged(invited.call, 'CALLER', first) };
}

/**
 * @param calls the latest calls of the pair, each settled
 * @returns an open call that the start has to give way to: the viewer's account's own, or one that was answered
 */
export function callInTheWay(calls: readonly Call[], viewer: DeviceRef): Call | undefined {
  return calls.find(
    (call) =>
      call.state !== 'ENDED' &&
      (call.caller.accountId === viewer.accountId || (!call.silent && !isRinging(call.state))),
  );
}

/** @returns the call in which the other account is calling the viewer's at this moment (glare) */
export function callFromOther(calls: readonly Call[], viewer: DeviceRef): Call | undefined {
  return calls.find((call) => isRinging(call.state) && call.caller.accountId !== viewer.accountId && !call.silent);
}

/**
 * Glare: both wanted the same call, so the second start joins the first one's instead of making another.
 *
 * @returns their call, in which this device has a leg from now on
 * @throws SignalingError CALL_STATE_CONFLICT: it does not ring this device, or another device was meant
 */
export function adopt(
  call: Call,
  viewer: DeviceRef,
  calleeDeviceId: string | null,
  startKey: string,
  time: StoreTime,
): Call {
  const meant = calleeDeviceId === null || calleeDeviceId === call.caller.deviceId;
  if (!meant || actorOf(call, viewer) !== 'LEG')
    throw new SignalingError('CALL_STATE_CONFLICT', conflictDetails(call, viewer, time));
  const living = withLivingLeg(call, viewer.deviceId, time.now).call;
  return { ...living, startKeys: [...call.startKeys, startKey] };
}

/** The other party's device of an answered call: the only one that a call in its place rings. */
export function otherParty(call: Call, viewer: DeviceRef): DeviceRef {
  const { caller, calleeAccountId, winner } = call;
  return viewer.accountId === caller.accountId && winner !== null
    ? { accountId: calleeAccountId, deviceId: winner }
    : { accountId: caller.accountId, deviceId: caller.deviceId };
}

/**
 * Recovery after a crash or a reload: the call ends, another takes its place.
 *
 * @throws SignalingError see {@link permit}
 */
export function replaceCall(call: Call, viewer: DeviceRef, time: StoreTime): Change {
  const { actor, move } = permit(call, viewer, 'replace', time);
  return endCall(unchanged(call), time.now, move.reason ?? 'REPLACED', actor === 'CALLER' ? 'CALLER' : 'CALLEE');
}
