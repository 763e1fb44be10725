import { roleOf } from './call.js';
import type { Call, CallRole, DeviceRef, IceCandidate, SessionDescription } from './call.js';
import type { StoreTime } from './deadline.js';
import type { LogEntry } from './log.js';
import type { CallState, EndReason } from './state.js';
import type { CallView } from './view.js';
import { viewOf } from './view.js';

/** TAKEN_OVER: a newer stream of the device. TOO_SLOW: too many events wait, or were purged before they were read. */
export const STREAM_CLOSE_REASONS = [
  'TAKEN_OVER',
  'SHUTDOWN',
  'SESSION_EXPIRED',
  'DEVICE_REVOKED',
  'TOO_SLOW',
] as const;
export type StreamCloseReason = (typeof STREAM_CLOSE_REASONS)[number];

/** What a device is told of its calls, by the names of the schema. */
export type CallNews =
  | { readonly type: 'CallInvited'; readonly call: CallView; readonly offer: SessionDescription }
  | {
      readonly type: 'CallStateChanged';
      /** As of delivery; the fields beside it are as of the event. */
      readonly call: CallView;
      readonly state: CallState;
      readonly endReason: EndReason | null;
    }
  | {
      readonly type: 'DescriptionReceived';
      readonly callId: string;
      readonly from: CallRole;
      readonly description: SessionDescription;
      readonly polite: boolean;
      readonly collision: boolean;
    }
  | {
      readonly type: 'IceCandidatesReceived';
      readonly callId: string;
      readonly from: CallRole;
      readonly candidates: readonly IceCandidate[];
      readonly endOfCandidates: boolean;
    };

/** What a stream is told of itself. */
export type StreamNews =
  | { readonly type: 'StreamReady'; readonly resumed: boolean; readonly openCalls: readonly CallView[] }
  | { readonly type: 'StreamClosed'; readonly reason: StreamCloseReason };

/** An event of a device's stream. `at`: Unix milliseconds. */
export type CallEvent = (CallNews | StreamNews) & { readonly cursor: string; readonly at: number };

/**
 * @param call as it reads now
 * @returns the entry in the words of the schema; null: the viewer has no part in the call any more
 */
export function newsOf(entry: LogEntry, call: Call, viewer: DeviceRef, time: StoreTime): CallNews | null {
  const role = roleOf(call, viewer.accountId);
  if (role === null) return null;
  const { told } = entry;
  if (told.kind === 'CANDIDATES') {
    const { from, candidates, endOfCandidates } = told;
    return { type: 'IceCandidatesReceived', callId: call.id, from, candidates, endOfCandidates };
  }
  if (told.kind === 'DESCRIPTION') {
    const { from, description, collision } = told;
    const polite = role === 'CALLEE';
    return { type: 'DescriptionReceived', callId: call.id, from, description, polite, collision };
  }
  const view = viewOf(call, viewer, time);
  if (view === null) return null;
  if (told.kind === 'INVITED') return { type: 'CallInvited', call: view, offer: told.offer };
  return { type: 'CallStateChanged', call: view, state: told.state, endReason: told.endReason };
}
