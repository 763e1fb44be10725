import { describe, expect, it } from '@jest/globals';
import { Escalation } from '../../src/relay/escalation.js';
import { manualClock, recordingEvents } from './recorders.js';

function watch() {
  const clock = manualClock();
  const events = recordingEvents();
  const escalation = new Escalation(clock, events);
  const record = (times: number, failed: boolean): void => {
    for (let i = 0; i < times; i++) escalation.record(failed);
  };
  return { clock, events, record };
}

describe('escalation', () => {
  it('comes when over 5 % of at least 20 requests failed, with the rate in percent', () => {
    const { events, record } = watch();
    record(18, false);
    record(1, true);
    expect(events.all).toEqual([]);
    record(1, true);
    expect(events.all).toEqual([{ event: 'call_relay.escalated', error_rate: 10 }]);
  });

  it('does not come at exactly 5 %', () => {
    const { events, record } = watch();
    record(19, false);
    record(1, true);
    expect(events.all).toEqual([]);
  });

  it('does not come before there were 20 requests', () => {
    const { events, record } = watch();
    record(19, true);
    expect(events.all).toEqual([]);
    record(1, true);
    expect(events.all).toHaveLength(1);
  });

  it('comes once, however long it lasts', () => {
    const { clock, events, record } = watch();
    for (let minute = 0; minute < 30; minute++) {
      record(50, true);
      clock.advance(60_000);
    }
    expect(events.all).toHaveLength(1);
  });

  it('comes again after the rate had recovered', () => {
    const { clock, events, record } = watch();
    record(20, true);
    record(400, false);
    clock.advance(60_000);
    record(100, true);
    expect(events.all).toHaveLength(2);
  });

  it('comes again after five minutes without a request', () => {
    const { clock, events, record } = watch();
    record(20, true);
    clock.advance(310_000);
    record(20, true);
    expect(events.all).toHaveLength(2);
  });

  it('forgets failures after five minutes', () => {
    const { clock, events, record } = watch();
    record(19, true);
    clock.advance(310_000);
    record(19, false);
    record(1, true);
    expect(events.all).toEqual([]);
  });

  it('goes on when the clock is set back', () => {
    const { clock, events, record } = watch();
    record(10, true);
    clock.advance(-3_600_000);
    record(10, true);
    expect(events.all).toHaveLength(1);
  });
});
