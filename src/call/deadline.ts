import type { Call } from './call.js';
import { EMPTY_LOGGED } from './call.js';
import type { Change } from './log.js';
import { unchanged } from './log.js';
import { endCall } from './end.js';
import type { Action, CallState, Move } from './state.js';
import { CALL_STATES, isRinging, moveOf } from './state.js';

/** Time in which the service itself was down, Unix milliseconds. */
export interface Outage {
  readonly from: number;
  readonly to: number;
}

/** Now, by the clock of the store that judges deadlines, and the outages that it knows of, in order. */
export interface StoreTime {
  readonly now: number;
  readonly outages: readonly Outage[];
}

interface Deadline {
  /** The move that the server makes. In which states it may is said by MOVES alone. */
  readonly action: Action;
  readonly ms: number;
  /** When the time began to run; null: it does not run. */
  readonly since: (call: Call) => number | null;
  /** After an outage: ringing goes on with what was left; who has to come back gets the full time again. */
  readonly afterOutage: 'resume' | 'restart';
}

/** How long a caller sees the call ring. An answer on its way still counts for as long as `noAnswer` says. */
const SHOWN_RING_MS = 60_000;
const PURGE_MS = 60_000;
/** No deadline is further away than this; what is, was set before somebody set the store's clock back. */
export const LONGEST_MS = 62_000;
const TOMBSTONE_MS = 24 * 60 * 60 * 1000;
const UNREACHABLE_MS = 20_000;

const stateSince = (call: Call): number => call.stateSince;

/** Null unless every leg that showed life is busy: then since the call began, or the time that makes the last one count. */
function busySince(call: Call): number | null {
  const alive = call.legs.filter((leg) => leg.alive && leg.status !== 'REVOKED');
  if (alive.length === 0 || alive.some((leg) => leg.status !== 'BUSY')) return null;
  return Math.max(call.createdAt, ...alive.map((leg) => leg.statusAt - UNREACHABLE_MS));
}

/** Everything that the server ends by itself. */
export const DEADLINES: readonly Deadline[] = [
  {
    action: 'unreachable',
    ms: UNREACHABLE_MS,
    since: (call) => (call.legs.some((leg) => leg.alive) ? null : call.createdAt),
    afterOutage: 'resume',
  },
  { action: 'busy', ms: UNREACHABLE_MS, since: busySince, afterOutage: 'resume' },
  { action: 'noAnswer', ms: LONGEST_MS, since: (call) => call.createdAt, afterOutage: 'resume' },
  { action: 'connectFailed', ms: 30_000, since: stateSince, afterOutage: 'restart' },
  { action: 'connectionLost', ms: 30_000, since: stateSince, afterOutage: 'restart' },
  { action: 'signalingLost', ms: 60_000, since: (call) => call.heardAt, afterOutage: 'restart' },
];

/** Downtime is not counted: an outage that began before the time was up moves its end. */
function endOf(since: number, ms: number, outages: readonly Outage[], afterOutage: 'resume' | 'restart'): number {
  if (outages.length === 0) return since + ms;
  return (
    outages.reduce((start, outage) => {
      if (outage.to <= start || outage.from >= start + ms) return start;
      return afterOutage === 'restart' ? outage.to : start + outage.to - Math.max(outage.from, start);
    }, since) + ms
  );
}

interface Due {
  readonly at: number;
  readonly action: Action;
  readonly move: Move;
}

/** Those that run in each state, with the move that they lead to. */
const RUNNING = Object.fromEntries(
  CALL_STATES.map((state) => [
    state,
    DEADLINES.flatMap((deadline) => {
      const move = moveOf(state, deadline.action, 'SERVER');
      return move ? [{ ...deadline, move }] : [];
    }),
  ]),
) as unknown as Readonly<Record<CallState, readonly (Deadline & { readonly move: Move })[]>>;

function nextDue(call: Call, outages: readonly Outage[]): Due | null {
  let next: Due | null = null;
  for (const { action, ms, since, afterOutage, move } of RUNNING[call.state]) {
    const began = since(call);
    if (began === null) continue;
    const at = endOf(began, ms, outages, afterOutage);
    if (next === null || at < next.at) next = { at, action, move };
  }
  return next;
}

/** @returns when the server has to look at the call again, Unix milliseconds; null: never. */
export function dueAt(call: Call, outages: readonly Outage[] = []): number | null {
  if (call.endedAt !== null) return call.purged ? null : call.endedAt + PURGE_MS;
  return nextDue(call, outages)?.at ?? null;
}

/** @returns when the call is to be looked at next: no later than any deadline can be, whatever became of the store's clock */
export function lookAt(call: Call, { now, outages }: StoreTime): number | null {
  const at = dueAt(call, outages);
  return at === null ? null : Math.min(at, now + LONGEST_MS);
}

/**
 * A ringing call that began further in the future than it may ring: the store's clock was set back, and nothing tells by how
 * much it rang already. It ends now, rather than after as much time as the clock was set back by.
 */
function overtaken(call: Call, now: number): Due | null {
  if (!isRinging(call.state) || call.createdAt - now <= LONGEST_MS) return null;
  const move = moveOf(call.state, 'noAnswer', 'SERVER');
  return move && { at: now, action: 'noAnswer', move };
}

/** @returns when the tombstone goes, Unix milliseconds; null while the call is open. */
export function expiresAt(call: Call): number | null {
  return call.endedAt === null ? null : call.endedAt + TOMBSTONE_MS;
}

/** @returns whether the call would end now for want of any sign of its parties; their streams have to be asked first. */
export function isSignalingDue(call: Call, { now, outages }: StoreTime): boolean {
  const due = nextDue(call, outages);
  return due !== null && due.action === 'signalingLost' && now >= due.at;
}

function purge(call: Call): Call {
  const emptied = { taken: [], candidates: 0, ends: 0, logged: EMPTY_LOGGED };
  return {
    ...call,
    purged: true,
    attachment: null,
    answerHash: null,
    states: [],
    caller: { ...call.caller, outbox: { ...call.caller.outbox, ...emptied } },
    legs: call.legs.map((leg) => ({ ...leg, outbox: { ...leg.outbox, ...emptied } })),
  };
}

/**
 * The call as it reads at this time: ended, when a deadline has passed, at that deadline and no later, whoever looks and
 * whether or not a sweeper ran; without SDP, candidates and attachment 60 s after its end.
 *
 * @returns the same call, when time has changed nothing
 */
export function settle(call: Call, { now, outages }: StoreTime): Change {
  const due = overtaken(call, now) ?? nextDue(call, outages);
  const change =
    due?.move.reason && now >= due.at ? endCall(unchanged(call), due.at, due.move.reason, null) : unchanged(call);
  const { endedAt, purged } = change.call;
  return endedAt !== null && !purged && now >= endedAt + PURGE_MS ? unchanged(purge(change.call)) : change;
}

/** @returns milliseconds until the server ends the present state, as a user is shown; null: nothing is due. */
export function remainingMs(call: Call, { now, outages }: StoreTime): number | null {
  if (isRinging(call.state)) return Math.max(0, endOf(call.createdAt, SHOWN_RING_MS, outages, 'resume') - now);
  // Of an active call only silence is limited, and no user can be shown a countdown to that.
  if (call.state === 'ACTIVE') return null;
  const due = nextDue(call, outages);
  return due && Math.max(0, due.at - now);
}

/** When a wake-up for this call is of no more use, Unix milliseconds: an INVITE with the ringing, the rest a minute after it. */
export function wakeUpExpiresAt(call: Call, kind: 'INVITE' | 'CANCEL' | 'MISSED'): number {
  if (kind === 'INVITE') return call.createdAt + SHOWN_RING_MS;
  return (call.answeredAt ?? call.endedAt ?? call.createdAt) + SHOWN_RING_MS;
}
