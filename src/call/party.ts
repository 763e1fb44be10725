import type { Call, CallRole, ConnectionReport, DeviceRef } from './call.js';
import { actorOf, legOf, withLeg } from './call.js';
import type { StoreTime } from './deadline.js';
import { endCall } from './end.js';
import type { Change } from './log.js';
import { tell, unchanged } from './log.js';
import { permit } from './permit.js';
import { SignalingError } from '../errors.js';
import type { Action } from './state.js';
import { isAnswered, isRinging, moveOf } from './state.js';

export const HANG_UP_REASONS = ['HUNG_UP', 'CONNECT_FAILED', 'MEDIA_FAILED'] as const;
export type HangUpReason = (typeof HANG_UP_REASONS)[number];

const HANG_UPS = {
  HUNG_UP: 'hangUp',
  CONNECT_FAILED: 'hangUpConnectFailed',
  MEDIA_FAILED: 'hangUpMediaFailed',
} as const satisfies Record<HangUpReason, Action>;

/**
 * Cancels or ends the call. Where there is nothing to end for this device, nothing changes: a hang-up is never refused to a
 * device of the two accounts, so that it can always be sent again.
 *
 * @throws SignalingError CALL_NOT_FOUND
 */
export function hangUpCall(call: Call, viewer: DeviceRef, reason: HangUpReason, { now }: StoreTime): Change {
  const actor = actorOf(call, viewer);
  if (actor === null) throw new SignalingError('CALL_NOT_FOUND');
  const move = moveOf(call.state, HANG_UPS[reason], actor);
  if (!move?.reason) return unchanged(call);
  return endCall(unchanged(call), now, move.reason, actor === 'CALLER' ? 'CALLER' : 'CALLEE');
}

/**
 * The last report of each party counts: the call is RECONNECTING while one of them has lost its peer, else ACTIVE.
 *
 * @throws SignalingError see {@link permit}
 */
export function reportConnection(call: Call, viewer: DeviceRef, connection: ConnectionReport, time: StoreTime): Change {
  const { actor } = permit(call, viewer, 'reportConnected', time);
  const role: CallRole = actor === 'CALLER' ? 'CALLER' : 'CALLEE';
  const reports = { ...call.reports, [role]: connection };
  const lost = reports.CALLER === 'DISCONNECTED' || reports.CALLEE === 'DISCONNECTED';
  const { move } = permit(call, viewer, lost ? 'reportDisconnected' : 'reportConnected', time);
  const { now } = time;
  const reported: Call = { ...call, reports };
  if (move.to === call.state) return unchanged(call.reports[role] === connection ? call : reported);
  return tell(
    unchanged({
      ...reported,
      state: move.to,
      stateSince: now,
      connectedAt: call.connectedAt ?? (move.to === 'ACTIVE' ? now : null),
    }),
    now,
    { caller: true, legs: call.winner === null ? [] : [call.winner] },
    { kind: 'STATE', state: move.to, endReason: null },
  );
}

/** A device of a party was removed: a call that it held ends, a leg of it rings no more. */
export function revokeDevice(call: Call, device: DeviceRef, { now }: StoreTime): Change {
  const actor = actorOf(call, device);
  if (actor === 'CALLER' || actor === 'WINNER') {
    const move = moveOf(call.state, 'revokeParty', 'SERVER');
    return move?.reason ? endCall(unchanged(call), now, move.reason, null) : unchanged(call);
  }
  const leg = legOf(call, device.deviceId);
  if (actor !== 'LEG' || !leg || !moveOf(call.state, 'revokeLeg', 'SERVER')) return unchanged(call);
  return tell(
    unchanged(withLeg(call, device.deviceId, { status: 'REVOKED', statusAt: now })),
    now,
    { caller: false, legs: [device.deviceId] },
    { kind: 'STATE', state: 'ENDED', endReason: 'DEVICE_REVOKED' },
  );
}

/** Notes that a party gave a sign of life, by sending something or through its stream; counts from the answer on. */
export function heard(call: Call, at: number): Call {
  return isAnswered(call.state) && at > call.heardAt ? { ...call, heardAt: at } : call;
}

/** @returns whether the device is one of the two that hold the call. */
export function isParty(call: Call, viewer: DeviceRef): boolean {
  const actor = actorOf(call, viewer);
  return !isRinging(call.state) && (actor === 'CALLER' || actor === 'WINNER');
}

/** @returns the call after a move of the device: of a party it is a sign of life, also where it changes nothing else. */
export function heardFrom(call: Call, viewer: DeviceRef, at: number): Call {
  return isParty(call, viewer) ? heard(call, at) : call;
}
