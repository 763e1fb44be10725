import type { EventSink, SignalingEvent } from '../ports.js';

const CALL_FIELDS = ['callId', 'callerAccountId', 'calleeAccountId', 'media', 'endReason', 'ringMs', 'talkMs'] as const;

/** The published payload of each event: these fields leave the process, and no other does. */
export const EVENT_FIELDS = {
  'call_relay.credentials_issued': ['account_id', 'turn_ttl_seconds'],
  'call_relay.rate_limited': ['account_id'],
  'call_relay.provider_error': ['account_id', 'http_status'],
  'call_relay.escalated': ['error_rate'],
  'call.started': CALL_FIELDS,
  'call.answered': CALL_FIELDS,
  'call.ended': CALL_FIELDS,
} as const satisfies { [E in SignalingEvent as E['event']]: readonly Exclude<keyof E, 'event'>[] };

/** An event as the log has it: `event` and the payload's fields by their names in the log. */
export type EventRecord = Readonly<Record<string, unknown>>;

/**
 * Writes each event as one record of a structured log: `event` and exactly the payload's fields, whatever else the
 * object that was emitted may carry. The log has one spelling: `callId` of a payload is `call_id` there.
 * @param write takes one event, for example a JSON logger's `info`, and how many of them it stands for
 */
export function createLogSink(write: (record: EventRecord, count: number) => void): EventSink {
  return {
    emit(event, count = 1) {
      const record: Record<string, unknown> = { event: event.event };
      for (const [name, logged] of LOG_FIELDS.get(event.event) ?? [])
        record[logged] = (event as unknown as EventRecord)[name];
      write(record, count);
    },
  };
}

/** Each field of an event by its name there, and by that in the log. */
const LOG_FIELDS = new Map(
  Object.entries(EVENT_FIELDS).map(([event, names]) => [event, names.map((name) => [name, logName(name)] as const)]),
);

function logName(payloadName: string): string {
  return payloadName.replace(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`);
}
