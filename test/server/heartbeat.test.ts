/** When a socket is pinged, what counts as an answer, and what a device that waits costs. */
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createHeartbeat, type Heartbeat, type Pulse } from '../../src/server/heartbeat.js';

const SILENCE_MS = 15_000;

let heartbeat: Heartbeat;
const pulses: Pulse[] = [];
beforeEach(() => {
  jest.useFakeTimers();
  heartbeat = createHeartbeat(SILENCE_MS);
});
afterEach(async () => {
  for (const pulse of pulses.splice(0)) pulse.stop();
  await pass(5_000);
  expect(jest.getTimerCount()).toBe(0);
  jest.useRealTimers();
});

/** A socket, with what was done about it and when, in milliseconds from here. */
function socket(onPing: (pulse: Pulse) => void = () => {}) {
  const from = performance.now();
  const log: [what: string, ms: number][] = [];
  const note = (what: string) => log.push([what, performance.now() - from]);
  const pulse = heartbeat.watch({
    ping: () => {
      note('ping');
      onPing(pulse);
    },
    answered: () => note('answered'),
    silent: () => {
      note('silent');
      pulse.stop();
    },
  });
  pulses.push(pulse);
  return { pulse, log };
}
const pass = (ms: number): Promise<void> => jest.advanceTimersByTimeAsync(ms);

describe('a socket that is silent', () => {
  it('is pinged after 10 to 15 seconds, and is gone 5 seconds after that', async () => {
    const { log } = socket();
    await pass(21_000);
    expect(log.map(([what]) => what)).toEqual(['ping', 'silent']);
    const [[, pinged] = ['', 0], [, gone] = ['', 0]] = log;
    expect(pinged).toBeGreaterThanOrEqual(10_000);
    expect(pinged).toBeLessThanOrEqual(15_000);
    expect(gone - pinged).toBeCloseTo(5_000, -2);
  });

  it('and answers is pinged again after as long', async () => {
    const { log } = socket((pulse) => setTimeout(() => pulse.heard(), 4_000));
    await pass(60_000);
    const pings = log.filter(([what]) => what === 'ping').map(([, ms]) => ms);
    expect(pings.length).toBeGreaterThanOrEqual(3);
    expect(log.filter(([what]) => what === 'answered').length).toBeGreaterThanOrEqual(pings.length - 1);
    expect(log.map(([what]) => what)).not.toContain('silent');
    for (const [n, ms] of pings.slice(1).entries()) expect(ms - (pings[n] ?? 0)).toBeGreaterThanOrEqual(13_900);
  });

  it('is not pinged in the same moment as all that came with it', async () => {
    const logs = Array.from({ length: 1_000 }, () => socket().log);
    await pass(15_000);
    const inOneTick = new Map<number, number>();
    for (const [[, ms] = ['', 0]] of logs) inOneTick.set(ms, (inOneTick.get(ms) ?? 0) + 1);
    expect(Math.max(...inOneTick.values())).toBeLessThan(100);
  });
});

describe('a socket that says something now and then', () => {
  it('is never pinged', async () => {
    const { pulse, log } = socket();
    for (let n = 0; n < 20; n += 1) {
      await pass(8_000);
      pulse.heard();
    }
    expect(log).toEqual([]);
  });
});

describe('a socket that was given an event', () => {
  it('is pinged a second later, and gone after five more', async () => {
    const { pulse, log } = socket();
    pulse.told();
    await pass(500);
    pulse.told();
    await pass(7_000);
    expect(log).toEqual([
      ['ping', 1_000],
      // After what came in the same turn was looked at.
      ['silent', 6_001],
    ]);
  });

  it('has answered at once with its pong, even where it was heard before the event in the same moment', async () => {
    const { pulse, log } = socket((asked) => setTimeout(() => asked.heard(), 50));
    pulse.heard();
    pulse.told();
    await pass(2_000);
    expect(log).toEqual([
      ['ping', 1_000],
      ['answered', 1_050],
    ]);
  });

  it('has answered with anything else that it sends, and need not be pinged', async () => {
    const { pulse, log } = socket();
    pulse.told();
    await pass(300);
    pulse.heard();
    await pass(5_000);
    expect(log).toEqual([['answered', 1_000]]);
  });

  it('while it is being asked anyway answers both at once', async () => {
    const { pulse, log } = socket();
    await pass(15_000);
    const [[, pinged] = ['', 0]] = log;
    pulse.told();
    pulse.heard();
    await pass(5_000);
    expect(log.slice(1).map(([what]) => what)).toEqual(['answered']);
    expect(log[1]?.[1]).toBeGreaterThanOrEqual(pinged);
  });
});

it('one timer serves them all, and none is left when they are gone', async () => {
  const many = Array.from({ length: 100 }, () => socket());
  expect(jest.getTimerCount()).toBe(1);
  for (const { pulse } of many) pulse.stop();
  expect(jest.getTimerCount()).toBe(0);
  await pass(30_000);
  for (const { log } of many) expect(log).toEqual([]);
});
