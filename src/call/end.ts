import type { Call, CallRole } from './call.js';
import type { Change } from './log.js';
import { tell } from './log.js';
import type { EndReason } from './state.js';
import { isAnswered } from './state.js';

/** Legs that still believe the call is open: a busy one has ended for itself, a revoked one is out. */
export function listeningLegs(call: Call): readonly string[] {
  return call.legs.filter((leg) => leg.status !== 'BUSY' && leg.status !== 'REVOKED').map((leg) => leg.deviceId);
}

/**
 * Ends a call and tells everybody for whom it was open: the parties of an answered one; the caller and the ringing legs else.
 *
 * @param endedBy null: the server
 * @param decliner the leg that declined for the whole account; the other legs hear DECLINED_ELSEWHERE
 */
export function endCall(
  change: Change,
  at: number,
  reason: EndReason,
  endedBy: CallRole | null,
  decliner: string | null = null,
): Change {
  const { call } = change;
  const ended: Change = {
    ...change,
    call: { ...call, state: 'ENDED', stateSince: at, endedAt: at, endReason: reason, endedBy, pendingOffer: null },
  };
  const told = { kind: 'STATE', state: 'ENDED', endReason: reason } as const;
  if (isAnswered(call.state)) return tell(ended, at, { caller: true, legs: call.winner ? [call.winner] : [] }, told);
  if (decliner === null) return tell(ended, at, { caller: true, legs: listeningLegs(call) }, told);
  const others = listeningLegs(call).filter((deviceId) => deviceId !== decliner);
  const declined = tell(ended, at, { caller: true, legs: [decliner] }, told);
  return others.length === 0
    ? declined
    : tell(declined, at, { caller: false, legs: others }, { ...told, endReason: 'DECLINED_ELSEWHERE' });
}
