import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ServerClock } from '../../src/redis/server-clock.js';

/** The server's clock is ahead of ours by this. */
const AHEAD = 1_900_000_000_000.4;

describe('what is told of a server’s clock', () => {
  it('is nothing until it was measured', () => {
    expect(new ServerClock().at(5)).toBeNull();
  });

  it('is never later than that clock will show, however long answers take, and as good as the fastest of late', () => {
    const step = fc.record({ pause: fc.nat(4_000), there: fc.nat(900), back: fc.nat(900) });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 50 }), (steps) => {
        const clock = new ServerClock();
        let now = 0;
        for (const { pause, there, back } of steps) {
          const sentAt = (now += pause);
          const shown = Math.floor((now += there) + AHEAD);
          clock.measured(shown, sentAt, (now += back));
          const told = clock.at(now) ?? Infinity;
          expect(told).toBeLessThanOrEqual(now + AHEAD);
          expect(told).toBeGreaterThanOrEqual(now + AHEAD - back - 2);
        }
      }),
    );
  });

  it('follows a clock that is set back, or another server’s that is behind', () => {
    const clock = new ServerClock();
    clock.measured(1_000_000, 10, 11);
    clock.measured(900_000, 1_010, 1_011);
    expect(clock.at(1_011)).toBe(900_000);
  });
});
