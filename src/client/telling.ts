import { DeclineCallDocument, HangUpCallDocument } from './generated/documents.js';
import { callError } from './errors.js';
import type { CallFieldsFragment, CallRole, DeclineReason, HangUpReason } from './generated/types.js';
import type { Services } from './services.js';

/** The other side may learn by itself that the media is gone; after so long nobody waits for being told. */
const TELL_MS = 120_000;

/** What a refusal means for whoever only wanted the call to be over. */
const OVER_ANYWAY: ReadonlySet<string> = new Set([
  'CALL_ANSWERED_ELSEWHERE',
  'CALL_ENDED',
  'CALL_NOT_FOUND',
  'CALL_STATE_CONFLICT',
]);

/**
 * Tells the service that this device wants no part in a call any more; also after the call is over here.
 *
 * @returns the call as the service sees it; null when it was over, or not this device's to end
 * @throws CallError
 */
export async function tellDeclined(
  services: Services,
  callId: string,
  reason: DeclineReason,
): Promise<CallFieldsFragment | null> {
  try {
    const input = { callId, reason };
    return (await services.run(DeclineCallDocument, { input }, services.signal, TELL_MS)).declineCall;
  } catch (error) {
    if (OVER_ANYWAY.has(callError(error).code)) return null;
    throw error;
  }
}

/** As {@link tellDeclined}. Where this device's answer came too late to make the call its own, it is declined. */
export async function tellHungUp(
  services: Services,
  callId: string,
  role: CallRole,
  reason: HangUpReason = 'HUNG_UP',
): Promise<CallFieldsFragment | null> {
  try {
    const input = { callId, reason };
    const { hangUpCall } = await services.run(HangUpCallDocument, { input }, services.signal, TELL_MS);
    if (hangUpCall.state === 'ENDED' || role === 'CALLER') return hangUpCall;
  } catch (error) {
    if (OVER_ANYWAY.has(callError(error).code)) return null;
    throw error;
  }
  return tellDeclined(services, callId, 'DECLINED');
}

/** As {@link tellDeclined}, for a device that cannot go on with the call. Others of its account may still take one that rings. */
export function tellFailed(
  services: Services,
  callId: string,
  role: CallRole,
  isAnswered: boolean,
  mediaFailed: boolean,
): Promise<CallFieldsFragment | null> {
  if (role === 'CALLEE' && !isAnswered) return tellDeclined(services, callId, 'IGNORED');
  return tellHungUp(services, callId, role, mediaFailed ? 'MEDIA_FAILED' : 'CONNECT_FAILED');
}
