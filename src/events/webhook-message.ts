import { createHash, randomUUID } from 'node:crypto';
import type { WakeUp } from '../call/ports.js';
import { accountOf, type Clock, type SignalingEvent } from '../ports.js';
import { EVENT_FIELDS } from './log-sink.js';

/** What goes out first when not everything can, and what is dropped last when there is no room. */
export const URGENCIES = ['wake', 'call', 'relay'] as const;
export type Urgency = (typeof URGENCIES)[number];

/** One webhook, the same at every attempt. */
export interface Message {
  /** What the receiver knows it by when it comes again. */
  readonly id: string;
  readonly type: 'call.wake' | SignalingEvent['event'];
  readonly urgency: Urgency;
  /** Whose place it takes; null: it is of no account. */
  readonly account: string | null;
  /** Messages of one lane of an account go out one after the other, in the order in which they came. */
  readonly lane: string;
  /** JSON. */
  readonly body: string;
  /** No attempt begins from then on, in milliseconds of the clock's `elapsed`. */
  readonly giveUpAt: number;
}

const EVENT_LIFE_MS = 15 * 60_000;
/** The end of a ringing may come when the time of the ringing is up, and still has to be told. */
const LAST_WORD_MS = 10_000;

/**
 * Its id is a hash of call, leg and kind, so that it is the same on every node and for as often as it is asked for. A device's
 * CANCEL or MISSED goes out after its INVITE.
 */
export function wakeUpMessage(wakeUp: WakeUp, clock: Clock): Message {
  const { kind, callId, accountId, deviceId, media, reason, expiresAt } = wakeUp;
  const now = clock.now();
  const lifeMs = kind === 'INVITE' ? expiresAt - now : Math.max(expiresAt - now, LAST_WORD_MS);
  const type = 'call.wake';
  const data = { kind, callId, accountId, deviceId, media, reason, expiresAt: iso(expiresAt) };
  return {
    id: hash(type, callId, accountId, deviceId, kind),
    type,
    urgency: 'wake',
    account: accountId,
    lane: JSON.stringify([callId, deviceId]),
    body: bodyOf(type, now, data),
    giveUpAt: clock.elapsed() + lifeMs,
  };
}

/**
 * The published fields of an event, and no other. A call begins, is answered and ends once, so that its events are named by
 * hashes of type and call; relay events have nothing to be named by, and get random ids.
 */
export function eventMessage(event: SignalingEvent, clock: Clock): Message {
  const type = event.event;
  const payload: Readonly<Record<string, unknown>> = { ...event };
  const data = Object.fromEntries(EVENT_FIELDS[type].map((name) => [name, payload[name]]));
  const callId = 'callId' in event ? event.callId : null;
  const id = callId === null ? randomUUID() : hash(type, callId);
  return {
    id,
    type,
    urgency: callId === null ? 'relay' : 'call',
    account: accountOf(event),
    lane: callId ?? id,
    body: bodyOf(type, clock.now(), data),
    giveUpAt: clock.elapsed() + EVENT_LIFE_MS,
  };
}

/** `timestamp` is when it happened; when it was sent stands in a header. */
function bodyOf(type: Message['type'], now: number, data: object): string {
  return JSON.stringify({ type, timestamp: iso(now), data });
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

function hash(...names: readonly (string | null)[]): string {
  return createHash('sha256').update(JSON.stringify(names)).digest('base64url');
}
