import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { ageMs, elapsed, moment, now } from '../../src/client/time.js';

afterEach(() => {
  jest.restoreAllMocks();
});

/** What the two clocks of a device show; `performance.now` stands still while some devices sleep. */
function clocks(wall: number, passed: number): void {
  jest.spyOn(Date, 'now').mockReturnValue(wall);
  jest.spyOn(performance, 'now').mockReturnValue(passed);
}

describe('the clocks of a device', () => {
  test('durations do not change with the wall clock', () => {
    clocks(10_000_000, 500);
    const before = elapsed();
    clocks(10_000_000 - 3_600_000, 700);
    expect(elapsed() - before).toBe(200);
    expect(now()).toBe(10_000_000 - 3_600_000);
  });

  test.each([
    ['nothing special', 5_000, 5_000, 5_000],
    ['the wall clock was set back an hour', -3_595_000, 5_000, 5_000],
    ['the wall clock was set forward an hour', 3_605_000, 5_000, 3_605_000],
    ['the device slept an hour, and performance.now with it', 3_600_000, 20, 3_600_000],
  ])('age goes by the clock that says more: %s', (_, wallMs, passedMs, age) => {
    clocks(10_000_000, 500);
    const since = moment();
    clocks(10_000_000 + wallMs, 500 + passedMs);
    expect(ageMs(since)).toBe(age);
  });
});
