import { SignalingError } from '../errors.js';
import type { Call, DeviceRef, Leg, LegStatus } from './call.js';
import { actorOf, legOf, withLeg, withLivingLeg } from './call.js';
import type { StoreTime } from './deadline.js';
import { endCall, listeningLegs } from './end.js';
import { contentHash } from './ids.js';
import type { NewId } from './ids.js';
import type { Change, LogEntry } from './log.js';
import { CALLER, tell, unchanged } from './log.js';
import { conflictDetails, permit } from './permit.js';
import { begun, dropKeptBack, exchanged, withLogged } from './room.js';
import type { Action } from './state.js';

/** DECLINED speaks for the whole account; BUSY and IGNORED for this device alone. */
export const DECLINE_REASONS = ['DECLINED', 'BUSY', 'IGNORED'] as const;
export type DeclineReason = (typeof DECLINE_REASONS)[number];

const DECLINES = {
  DECLINED: 'decline',
  BUSY: 'declineBusy',
  IGNORED: 'declineIgnored',
} as const satisfies Record<DeclineReason, Action>;

/** A leg goes up this ladder and never back. */
const LADDER: readonly LegStatus[] = ['PENDING', 'RINGING', 'IGNORED', 'BUSY', 'DECLINED'];

function climb(call: Call, leg: Leg, status: LegStatus, now: number): Call {
  return LADDER.indexOf(status) <= LADDER.indexOf(leg.status)
    ? call
    : withLeg(call, leg.deviceId, { status, statusAt: now });
}

/**
 * A callee device can be reached: it subscribed, or its stream gave a sign of life, while the call rings. It gets a leg if it
 * has none, and with it everything that every leg was told.
 */
export function showLife(call: Call, viewer: DeviceRef, { now }: StoreTime): Change {
  return unchanged(actorOf(call, viewer) === 'LEG' ? withLivingLeg(call, viewer.deviceId, now).call : call);
}

/** @throws SignalingError see {@link permit} */
export function reportRinging(call: Call, viewer: DeviceRef, time: StoreTime): Change {
  const { move } = permit(call, viewer, 'reportRinging', time);
  const { now } = time;
  const living = withLivingLeg(call, viewer.deviceId, now);
  const rung = climb(living.call, living.leg, 'RINGING', now);
  if (call.state === move.to) return unchanged(rung);
  return tell(
    unchanged({ ...rung, state: move.to, stateSince: now, ringingAt: now }),
    now,
    { caller: true, legs: listeningLegs(rung) },
    { kind: 'STATE', state: move.to, endReason: null },
  );
}

/** What a device answers with. */
export interface AnswerCallInput {
  readonly callId: string;
  /** The offer that it answers: the one of the invite. */
  readonly offerId: string;
  readonly answerSdp: string;
}

/**
 * The first callee device to answer wins; every other one ends ANSWERED_ELSEWHERE. The caller hears of the new state, then
 * gets the answer, then the winner's candidates, which nobody saw until now.
 *
 * @param keptBack the winner's candidates, as they stand in the log
 * @throws SignalingError see {@link permit}; CALL_SIGNAL_STALE: another offer was meant; CALL_STATE_CONFLICT: this device
 *   answered before, and otherwise
 */
export function answerCall(
  call: Call,
  viewer: DeviceRef,
  input: AnswerCallInput,
  time: StoreTime,
  newId: NewId,
  keptBack: readonly LogEntry[],
): Change {
  const { actor, move } = permit(call, viewer, 'answer', time);
  const { now } = time;
  const { deviceId } = viewer;
  const answerHash = contentHash(input.offerId, input.answerSdp);
  if (actor === 'WINNER') {
    if (answerHash === call.answerHash) return unchanged(call);
    throw new SignalingError('CALL_STATE_CONFLICT', conflictDetails(call, viewer, time));
  }
  if (call.pendingOffer?.description.id !== input.offerId) throw new SignalingError('CALL_SIGNAL_STALE');
  const living = withLivingLeg(call, deviceId, now).call;
  const released = dropKeptBack(unchanged(living));
  const answered: Call = {
    ...released.call,
    state: move.to,
    stateSince: now,
    heardAt: now,
    answeredAt: now,
    winner: deviceId,
    answerHash,
    pendingOffer: null,
    currentFrom: call.pendingOffer.position,
  };
  let change = tell(
    { ...released, call: answered },
    now,
    { caller: true, legs: [deviceId] },
    {
      kind: 'STATE',
      state: move.to,
      endReason: null,
    },
  );
  change = tell(change, now, CALLER, {
    kind: 'DESCRIPTION',
    from: 'CALLEE',
    description: { id: newId(), type: 'ANSWER', sdp: input.answerSdp, inReplyTo: input.offerId },
    collision: false,
  });
  for (const entry of keptBack) change = tell(change, now, CALLER, entry.told);
  const told = change.entries.slice(1);
  change = {
    ...change,
    call: withLogged(change.call, 'CALLEE', (logged) => {
      const position = told[0]?.position ?? 0;
      return exchanged(begun(logged, told), position);
    }),
  };
  const losers = listeningLegs(call).filter((leg) => leg !== deviceId);
  return losers.length === 0
    ? change
    : tell(
        change,
        now,
        { caller: false, legs: losers },
        {
          kind: 'STATE',
          state: 'ENDED',
          endReason: 'ANSWERED_ELSEWHERE',
        },
      );
}

/**
 * DECLINED again by the device that declined is no error: its first answer may have been lost.
 *
 * @throws SignalingError see {@link permit}
 */
export function declineCall(call: Call, viewer: DeviceRef, reason: DeclineReason, time: StoreTime): Change {
  const { deviceId } = viewer;
  const declinedBefore = viewer.accountId === call.calleeAccountId && legOf(call, deviceId)?.status === 'DECLINED';
  if (declinedBefore && !call.silent) return unchanged(call);
  const { move } = permit(call, viewer, DECLINES[reason], time);
  const { now } = time;
  const living = withLivingLeg(call, deviceId, now);
  const declined = climb(living.call, living.leg, reason, now);
  if (move.reason) return endCall(unchanged(declined), now, move.reason, 'CALLEE', deviceId);
  const busyFromNow = reason === 'BUSY' && declined !== living.call;
  return busyFromNow
    ? tell(
        unchanged(declined),
        now,
        { caller: false, legs: [deviceId] },
        {
          kind: 'STATE',
          state: 'ENDED',
          endReason: 'BUSY',
        },
      )
    : unchanged(declined);
}
