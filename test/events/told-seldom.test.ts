/** Refusals are counted always and told seldom: at once, then once a second an account, with how many they stand for. */
import { describe, expect, it, jest } from '@jest/globals';
import { tellRefusalsSeldom } from '../../src/events/told-seldom.js';
import { createSeldom } from '../../src/events/seldom.js';
import type { SignalingEvent } from '../../src/ports.js';
import { SetClock } from '../support/clock.js';

const refused = (account_id: string): SignalingEvent => ({ event: 'call_relay.rate_limited', account_id });

describe('refusals of an account', () => {
  it('31,500 within 6 s are at most seven events, and none is lost from the count', async () => {
    jest.useFakeTimers({ doNotFake: ['performance', 'Date'] });
    const clock = new SetClock();
    const told: { event: SignalingEvent; count: number | undefined }[] = [];
    const sink = tellRefusalsSeldom({ emit: (event, count) => told.push({ event, count }) }, clock);
    for (let second = 0; second < 6; second += 1) {
      for (let n = 0; n < 5_250; n += 1) sink.emit(refused('loud'));
      sink.emit(refused('quiet'));
      clock.jump(1_000);
      jest.advanceTimersByTime(1_000);
    }
    jest.advanceTimersByTime(1_000);
    jest.useRealTimers();
    const of = (account: string) => told.filter(({ event }) => 'account_id' in event && event.account_id === account);
    expect(of('loud').length).toBeLessThanOrEqual(7);
    expect(of('loud').reduce((sum, { count = 1 }) => sum + count, 0)).toBe(31_500);
    expect(of('quiet').reduce((sum, { count = 1 }) => sum + count, 0)).toBe(6);
    // The published payload is as ever.
    for (const { event } of told) expect(Object.keys(event)).toEqual(['event', 'account_id']);
  });

  it('leave other events as they are', () => {
    const told: SignalingEvent[] = [];
    const sink = tellRefusalsSeldom({ emit: (event) => told.push(event) }, new SetClock());
    const event: SignalingEvent = { event: 'call_relay.escalated', error_rate: 0.5 };
    for (let n = 0; n < 3; n += 1) sink.emit(event);
    expect(told).toEqual([event, event, event]);
  });
});

describe('what is told seldom', () => {
  it('keeps a bounded number of subjects apart, and forgets those that came to an end', () => {
    jest.useFakeTimers({ doNotFake: ['performance', 'Date'] });
    const clock = new SetClock();
    const told: (string | null)[] = [];
    const seldom = createSeldom({ everyMs: 1_000, clock, subjects: 10, tell: (subject) => told.push(subject) });
    for (let n = 0; n < 1_000; n += 1) seldom.happened(`subject-${n}`);
    expect(told).toEqual([...Array.from({ length: 10 }, (_, n) => `subject-${n}`), null]);
    for (let n = 0; n < 3; n += 1) {
      clock.jump(1_000);
      jest.advanceTimersByTime(1_000);
    }
    expect(jest.getTimerCount()).toBe(0);
    seldom.happened('another');
    expect(told.at(-1)).toBe('another');
    jest.useRealTimers();
  });
});
