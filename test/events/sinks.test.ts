import { describe, expect, it } from '@jest/globals';
import { createFanOut } from '../../src/events/fan-out.js';
import { createLogSink, type EventRecord } from '../../src/events/log-sink.js';
import type { EventSink, SignalingEvent } from '../../src/ports.js';
import { createLog } from '../../src/server/log.js';
import { CANARIES, canariesIn } from '../support/canaries.js';

const CALL = { callId: 'c1', callerAccountId: 'alice', calleeAccountId: 'bob', media: 'AUDIO' } as const;

const EVENTS: readonly SignalingEvent[] = [
  { event: 'call_relay.credentials_issued', account_id: 'alice', turn_ttl_seconds: 43_200 },
  { event: 'call_relay.rate_limited', account_id: 'alice' },
  { event: 'call_relay.provider_error', account_id: 'alice', http_status: 503 },
  { event: 'call_relay.provider_error', account_id: 'alice', http_status: null },
  { event: 'call_relay.escalated', error_rate: 0.12 },
  { event: 'call.started', ...CALL, endReason: null, ringMs: null, talkMs: null },
  { event: 'call.answered', ...CALL, endReason: null, ringMs: 2_000, talkMs: null },
  { event: 'call.ended', ...CALL, endReason: 'COMPLETED', ringMs: 2_000, talkMs: 60_000 },
];

/** The spelling of payloads that have camelCase, in the log's own. */
const LOG_NAMES: Readonly<Record<string, string>> = {
  callId: 'call_id',
  callerAccountId: 'caller_account_id',
  calleeAccountId: 'callee_account_id',
  endReason: 'end_reason',
  ringMs: 'ring_ms',
  talkMs: 'talk_ms',
};

const inTheLog = (event: SignalingEvent): EventRecord =>
  Object.fromEntries(Object.entries(event).map(([name, value]) => [LOG_NAMES[name] ?? name, value]));

/** An event that carries more than it should, as a mistake in the domain might make it. */
function withSecrets(event: SignalingEvent): SignalingEvent {
  return Object.assign({ error: new Error(CANARIES.sdp) }, CANARIES, event);
}

function recorder(): EventSink & { readonly events: SignalingEvent[] } {
  const events: SignalingEvent[] = [];
  return { events, emit: (event) => void events.push(event) };
}

describe('the log of events', () => {
  it('has each event with exactly the fields of its payload', () => {
    const written: EventRecord[] = [];
    const sink = createLogSink((record) => written.push(record));
    for (const event of EVENTS) sink.emit(withSecrets(event));
    expect(written).toEqual(EVENTS.map(inTheLog));
  });

  it('is one JSON line an event in the log of the server', () => {
    const lines: string[] = [];
    const log = createLog({ level: 'info', to: { write: (line) => void lines.push(line) } });
    const sink = createLogSink(log.event);
    for (const event of EVENTS) sink.emit(withSecrets(event));
    const written = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(written).toEqual(EVENTS.map((event) => ({ level: 'info', time: expect.any(String), ...inTheLog(event) })));
    expect(canariesIn(lines.join(''))).toEqual([]);
  });
});

describe('several sinks', () => {
  it('each get every event, in order', () => {
    const [first, second] = [recorder(), recorder()];
    const fanOut = createFanOut([first, second], { onDefect: () => undefined });
    for (const event of EVENTS) fanOut.emit(event);
    expect([first.events, second.events]).toEqual([EVENTS, EVENTS]);
  });

  it('are not disturbed by one that throws or rejects, which is told of', async () => {
    const failures: unknown[] = [];
    let count = 0;
    const last = recorder();
    const thrower: EventSink = {
      emit: () => {
        throw new Error('thrown');
      },
    };
    const rejecter = { emit: () => Promise.reject(new Error('rejected')) };
    const fanOut = createFanOut([thrower, rejecter, last], {
      onDefect: (error) => failures.push(((error as Error).cause as Error).message),
      onFailure: () => (count += 1),
    });
    for (const event of EVENTS) expect(() => fanOut.emit(event)).not.toThrow();
    expect(last.events).toEqual(EVENTS);
    await new Promise(setImmediate);
    // Each is told once, and all are counted.
    expect(failures.sort()).toEqual(['rejected', 'thrown']);
    expect(count).toBe(2 * EVENTS.length);
  });
});
