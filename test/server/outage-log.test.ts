/** What an operator reads of an outage: a line at the loss, one a minute, one at the return. */
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createLog } from '../../src/server/log.js';
import { createOutageLog, type OutageLog } from '../../src/server/outage-log.js';
import { SetClock } from '../support/clock.js';

let clock: SetClock;
let lines: Record<string, unknown>[];
let down: boolean;
let outages: OutageLog;
beforeEach(() => {
  jest.useFakeTimers();
  clock = new SetClock();
  lines = [];
  down = true;
  const log = createLog({
    level: 'info',
    to: { write: (line) => void lines.push(JSON.parse(line) as (typeof lines)[0]) },
  });
  outages = createOutageLog({ dependency: 'redis', isDown: () => down, log, clock });
});
afterEach(() => {
  outages.close();
  jest.useRealTimers();
});

/** Seconds in which so many operations fail each. */
function fail(seconds: number, each = 100): void {
  for (let second = 0; second < seconds; second += 1) {
    for (let n = 0; n < each; n += 1) outages.failed({ reason: 'unreachable', operation: 'read' });
    clock.jump(1_000);
    jest.advanceTimersByTime(1_000);
  }
}
const told = (): readonly unknown[] => lines.map(({ msg, count }) => [msg, count]);

describe('an outage', () => {
  it('is one line at the loss, one a minute with how often, and one at the return', () => {
    fail(150);
    expect(told()).toEqual([
      ['A service around this one gave no answer', 1],
      ['A service around this one still gives none', 5_999],
      ['A service around this one still gives none', 6_000],
    ]);
    down = false;
    jest.advanceTimersByTime(1_000);
    expect(told().slice(3)).toEqual([['A service around this one answers again', 3_000]]);
    expect(lines[3]).toMatchObject({ dependency: 'redis', seconds: 150 });
    jest.advanceTimersByTime(600_000);
    expect(lines).toHaveLength(4);
  });

  it('that follows within a minute is told when the minute is over, and not as if it had gone on', () => {
    fail(1, 1);
    down = false;
    jest.advanceTimersByTime(1_000);
    down = true;
    fail(20, 1);
    expect(lines).toHaveLength(2);
    fail(60, 1);
    expect(told()[2]).toEqual(['A service around this one gave no answer', expect.any(Number)]);
  });

  it('is told by time that passes, and not by a clock that is set', () => {
    fail(1, 1);
    clock.setWall(-3_600_000);
    fail(60, 1);
    expect(lines).toHaveLength(2);
    clock.setWall(7_200_000);
    fail(10, 1);
    expect(lines).toHaveLength(2);
  });
});
