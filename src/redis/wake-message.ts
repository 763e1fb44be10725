import type { Appended, Inboxes } from '../call/log.js';
import type { Newcomer } from '../call/ports.js';

/** What is said in a channel: which call has news (null: any may have some), and what they are where that is not too much. */
export interface WakeMessage {
  readonly callId: string | null;
  readonly appended?: Appended;
  /** All that is said is that this stream came. */
  readonly came?: Newcomer;
}

/** More than this is read from the log by those whom it concerns: most who hear of it may have no use for it. */
const MOST_CHARACTERS = 8 * 1024;

/** @returns the message as text; without what was appended, it is the id alone */
export function textOf({ callId, appended, came }: WakeMessage): string {
  if (came) return JSON.stringify([null, came]);
  if (callId === null || !appended) return callId ?? '';
  const text = JSON.stringify([callId, appended.entries, inboxesOf(appended.before)]);
  return text.length <= MOST_CHARACTERS ? text : callId;
}

/** @throws SyntaxError: it is from another version of this code */
export function messageIn(text: string): WakeMessage {
  if (!text.startsWith('[')) return { callId: text || null };
  const [callId, entries, before] = JSON.parse(text) as [string, Appended['entries'], Inboxes] | [null, Newcomer];
  if (callId === null) return { callId, came: entries };
  return { callId, appended: { entries, before, after: null } };
}

function inboxesOf({ caller, calleeAccountId, silent, everyLeg, legs }: Inboxes): Inboxes {
  const { accountId, deviceId, inbox } = caller;
  return {
    caller: { accountId, deviceId, inbox },
    calleeAccountId,
    silent,
    everyLeg,
    legs: legs.map((leg) => ({ deviceId: leg.deviceId, inbox: leg.inbox })),
  };
}
