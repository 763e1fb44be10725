import { SignalingError } from '../errors.js';
import type { ErrorDetails } from '../errors.js';
import type { Call, DeviceRef } from './call.js';
import { actorOf } from './call.js';
import type { StoreTime } from './deadline.js';
import type { Action, Actor, Move } from './state.js';
import { moveOf } from './state.js';
import { viewOf } from './view.js';

/** @returns what an error about the state of a call carries: the call as this device sees it. */
export function conflictDetails(call: Call, viewer: DeviceRef, time: StoreTime): ErrorDetails {
  const view = viewOf(call, viewer, time);
  return view === null ? {} : { call: { id: view.id, state: view.state, endReason: view.endReason } };
}

/**
 * @param call settled at `time`
 * @returns who the viewer is to the call, and the cell of the table that lets it act
 * @throws SignalingError CALL_NOT_FOUND: no such call, or not the viewer's; CALL_ANSWERED_ELSEWHERE, CALL_ENDED,
 *   CALL_STATE_CONFLICT: there is no such move now
 */
export function permit(call: Call, viewer: DeviceRef, action: Action, time: StoreTime): { actor: Actor; move: Move } {
  const actor = actorOf(call, viewer);
  if (actor === null) throw new SignalingError('CALL_NOT_FOUND');
  const move = moveOf(call.state, action, actor);
  if (move) return { actor, move };
  const details = conflictDetails(call, viewer, time);
  if (actor === 'OTHER' && viewer.accountId === call.calleeAccountId && call.winner !== null)
    throw new SignalingError('CALL_ANSWERED_ELSEWHERE', details);
  throw new SignalingError(call.state === 'ENDED' ? 'CALL_ENDED' : 'CALL_STATE_CONFLICT', details);
}
