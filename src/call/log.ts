import type { CallRole, Call, DeviceRef, Inbox, SessionDescription, IceCandidate } from './call.js';
import { roleOf } from './call.js';
import type { CallState, EndReason } from './state.js';

/** What the devices of a call are told. */
export type Told =
  | { readonly kind: 'INVITED'; readonly offer: SessionDescription }
  | { readonly kind: 'STATE'; readonly state: CallState; readonly endReason: EndReason | null }
  | {
      readonly kind: 'DESCRIPTION';
      readonly from: CallRole;
      readonly description: SessionDescription;
      readonly collision: boolean;
    }
  | {
      readonly kind: 'CANDIDATES';
      readonly from: CallRole;
      /** The sender; never shown to the other account. */
      readonly deviceId: string;
      readonly candidates: readonly IceCandidate[];
      readonly endOfCandidates: boolean;
    };

/** Who is told: the calling device, and named legs or all of them, those that open later too. Nobody: kept back. */
export interface Audience {
  readonly caller: boolean;
  readonly legs: 'ALL' | readonly string[];
}

export const NOBODY: Audience = { caller: false, legs: [] };
export const CALLER: Audience = { caller: true, legs: [] };
export const ALL_LEGS: Audience = { caller: false, legs: 'ALL' };

/** One line of a call's log: the truth of what was said, to whom, in which order. */
export interface LogEntry {
  /** 1, 2, 3 …; what is superseded is dropped in time, so that there are gaps. */
  readonly position: number;
  /** Unix milliseconds. */
  readonly at: number;
  readonly audience: Audience;
  readonly told: Told;
}

/** A call as it shall be, with the log entries that say so. Both are committed in one step, or neither. */
export interface Change {
  readonly call: Call;
  readonly entries: readonly LogEntry[];
  /** Positions of entries that are let go. */
  readonly dropped: readonly number[];
}

export function unchanged(call: Call): Change {
  return { call, entries: [], dropped: [] };
}

/** What of a call says what its log holds for whom. */
export interface Inboxes extends Pick<Call, 'calleeAccountId' | 'silent' | 'everyLeg'> {
  readonly caller: DeviceRef & { readonly inbox: Inbox };
  readonly legs: readonly { readonly deviceId: string; readonly inbox: Inbox }[];
}

/** What a commit added to the log of a call, told on to the streams of those whom it is for. */
export interface Appended {
  readonly entries: readonly LogEntry[];
  /** What the log held before: who had read all of that misses nothing. */
  readonly before: Inboxes;
  /** The call after it; null: it has to be read. */
  readonly after: Call | null;
}

function received(inbox: Inbox, position: number): Inbox {
  return { head: position, count: inbox.count + 1 };
}

/** Adds an entry to the log. */
export function tell(change: Change, at: number, audience: Audience, told: Told): Change {
  const { call } = change;
  const position = call.lastPosition + 1;
  const { legs } = audience;
  return {
    ...change,
    call: {
      ...call,
      lastPosition: position,
      states: told.kind === 'STATE' ? [...call.states, position] : call.states,
      caller: audience.caller ? { ...call.caller, inbox: received(call.caller.inbox, position) } : call.caller,
      everyLeg: legs === 'ALL' ? received(call.everyLeg, position) : call.everyLeg,
      legs:
        legs === 'ALL' || legs.length === 0
          ? call.legs
          : call.legs.map((leg) =>
              legs.includes(leg.deviceId) ? { ...leg, inbox: received(leg.inbox, position) } : leg,
            ),
    },
    entries: [...change.entries, { position, at, audience, told }],
  };
}

/** @returns what the log holds for a device; null: it has no part in the call. */
export function inboxOf(call: Inboxes, viewer: DeviceRef): Inbox | null {
  const role = roleOf(call, viewer.accountId);
  if (role === 'CALLER') return viewer.deviceId === call.caller.deviceId ? call.caller.inbox : null;
  const leg = role === 'CALLEE' ? call.legs.find(({ deviceId }) => deviceId === viewer.deviceId) : undefined;
  return leg
    ? { head: Math.max(leg.inbox.head, call.everyLeg.head), count: leg.inbox.count + call.everyLeg.count }
    : null;
}

/** @returns the last position up to which something that was for this device is no longer held. */
export function lostUpTo(call: Call, viewer: DeviceRef): number {
  const from: CallRole = viewer.accountId === call.caller.accountId ? 'CALLEE' : 'CALLER';
  return Math.min(call.dropped[from], inboxOf(call, viewer)?.head ?? 0);
}

/** @returns whether an entry is for this device, which has a part in the call. */
export function isFor(entry: LogEntry, call: Call, viewer: DeviceRef): boolean {
  if (viewer.accountId === call.caller.accountId) return entry.audience.caller;
  return entry.audience.legs === 'ALL' || entry.audience.legs.includes(viewer.deviceId);
}
