import type { Call, CallMedia, CallRole, DeviceRef, SessionDescription } from './call.js';
import { actorOf, endpointOf, legOf, roleOf } from './call.js';
import type { StoreTime } from './deadline.js';
import { remainingMs } from './deadline.js';
import type { CallState, EndReason } from './state.js';
import { isRinging } from './state.js';

/** One side of a call. Devices are private: the other account's is always null. */
export interface PartyView {
  readonly accountId: string;
  readonly deviceId: string | null;
}

/** A call as one device sees it. Times are Unix milliseconds; see `type Call` of the schema for each field. */
export interface CallView {
  readonly id: string;
  readonly state: CallState;
  readonly media: CallMedia;
  readonly caller: PartyView;
  readonly callee: PartyView;
  readonly viewerRole: CallRole;
  readonly createdAt: number;
  readonly ringingAt: number | null;
  readonly answeredAt: number | null;
  readonly connectedAt: number | null;
  readonly endedAt: number | null;
  readonly endReason: EndReason | null;
  readonly endedBy: CallRole | null;
  readonly remainingMs: number | null;
  readonly pendingOffer: SessionDescription | null;
  readonly replacesCallId: string | null;
  readonly attachment: string | null;
  readonly nextClientSeq: number;
}

type Outcome = Pick<CallView, 'state' | 'connectedAt' | 'endedAt' | 'endReason' | 'endedBy'>;

function endedFor(endedAt: number | null, endReason: EndReason, endedBy: CallRole | null): Outcome {
  return { state: 'ENDED', connectedAt: null, endedAt, endReason, endedBy };
}

/** How the call stands for a device. It may be over for one callee device and go on, or end otherwise, for the rest. */
function outcomeFor(call: Call, role: CallRole, deviceId: string): Outcome {
  if (role === 'CALLER' || call.winner === deviceId) return call;
  const leg = legOf(call, deviceId);
  if (leg?.status === 'REVOKED') return endedFor(leg.statusAt, 'DEVICE_REVOKED', null);
  if (leg?.status === 'BUSY') return endedFor(leg.statusAt, 'BUSY', 'CALLEE');
  if (call.winner !== null) return endedFor(call.answeredAt, 'ANSWERED_ELSEWHERE', 'CALLEE');
  if (call.endReason === 'DECLINED' && leg?.status !== 'DECLINED')
    return endedFor(call.endedAt, 'DECLINED_ELSEWHERE', 'CALLEE');
  return call;
}

function offerFor(call: Call, role: CallRole, viewer: DeviceRef): SessionDescription | null {
  const { pendingOffer } = call;
  if (pendingOffer === null || pendingOffer.from === role) return null;
  const asked = isRinging(call.state) ? 'LEG' : role === 'CALLER' ? 'CALLER' : 'WINNER';
  return actorOf(call, viewer) === asked ? pendingOffer.description : null;
}

/**
 * @param call settled at `time`
 * @returns the viewer's own truth of the call; null: the call is not the viewer's, which is to look as if there were none
 */
export function viewOf(call: Call, viewer: DeviceRef, time: StoreTime): CallView | null {
  const role = roleOf(call, viewer.accountId);
  if (role === null) return null;
  const outcome = outcomeFor(call, role, viewer.deviceId);
  const open = outcome.state !== 'ENDED';
  return {
    id: call.id,
    state: outcome.state,
    media: call.media,
    caller: { accountId: call.caller.accountId, deviceId: role === 'CALLER' ? call.caller.deviceId : null },
    callee: { accountId: call.calleeAccountId, deviceId: role === 'CALLEE' ? call.winner : null },
    viewerRole: role,
    createdAt: call.createdAt,
    ringingAt: call.ringingAt,
    answeredAt: call.answeredAt,
    connectedAt: outcome.connectedAt,
    endedAt: outcome.endedAt,
    endReason: outcome.endReason,
    endedBy: outcome.endedBy,
    remainingMs: open ? remainingMs(call, time) : null,
    pendingOffer: open ? offerFor(call, role, viewer) : null,
    replacesCallId: call.replacesCallId,
    attachment: call.attachment,
    nextClientSeq: endpointOf(call, viewer)?.outbox.nextSeq ?? 1,
  };
}

/** @returns whether the call is open for this very device: it rings here, or could, or is held here. */
export function isOpenFor(call: Call, viewer: DeviceRef): boolean {
  const role = roleOf(call, viewer.accountId);
  const actor = actorOf(call, viewer);
  if (role === null || actor === null || actor === 'OTHER') return false;
  return outcomeFor(call, role, viewer.deviceId).state !== 'ENDED';
}
