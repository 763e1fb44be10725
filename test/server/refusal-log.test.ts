/** What is refused again and again is a log line a minute, with how often. */
import { expect, it } from '@jest/globals';
import type { Log } from '../../src/server/log.js';
import { createDroppedConnections, logRefusedOrigins, createRefusedStrangers } from '../../src/server/refusal-log.js';
import { SetClock } from '../support/clock.js';

interface Line {
  readonly text: string;
  readonly origin?: string;
  readonly host?: string;
  readonly reason?: string;
  readonly count?: number;
}

function lines(): readonly [Log, Line[]] {
  const told: Line[] = [];
  const warn = (text: string, fields: object = {}): void => void told.push({ text, ...fields });
  return [{ warn } as unknown as Log, told];
}

const text = 'A page was refused: its origin is not in CORS_ORIGINS, nor is it that of the host';

it('a page of an origin that may not use the service: once a minute for each origin, with the host that it was told', async () => {
  const [log, told] = lines();
  const clock = new SetClock();
  const refused = logRefusedOrigins(log, clock);
  const evil = { origin: 'https://evil.example', host: 'calls.example' };
  for (let n = 0; n < 100; n += 1) refused(evil);
  refused({ origin: 'capacitor://localhost', host: 'calls.example' });
  expect(told).toEqual([
    { text, ...evil, count: 1 },
    { text, origin: 'capacitor://localhost', host: 'calls.example', count: 1 },
  ]);
  await clock.advance(59_000);
  refused(evil);
  expect(told).toHaveLength(2);
  await clock.advance(1_000);
  refused(evil);
  expect(told.slice(2)).toEqual([{ text, ...evil, count: 101 }]);
});

it('origins are a hundred in a minute at most: what comes on top is one line, and no longer than it may be', () => {
  const [log, told] = lines();
  const refused = logRefusedOrigins(log, new SetClock());
  for (let n = 0; n < 1_000; n += 1) refused({ origin: `https://${n}.${'x'.repeat(5_000)}`, host: 'h' });
  expect(told).toHaveLength(101);
  expect(Math.max(...told.map(({ origin }) => origin?.length ?? 0))).toBe(256);
});

it('strangers that ask for too much: once a minute for each reason', () => {
  const [log, told] = lines();
  const refused = createRefusedStrangers(log, new SetClock());
  for (const what of ['socket', 'socket', 'token']) refused(what);
  expect(told.map(({ reason, count }) => [reason, count])).toEqual([
    ['socket', 1],
    ['token', 1],
  ]);
  expect(told[0]?.text).toContain('TRUST_PROXY');
});

it('connections that had to make room for others of their account: once a minute, in words of its own', () => {
  const [log, told] = lines();
  const dropped = createDroppedConnections(log, new SetClock());
  for (let n = 0; n < 3; n += 1) dropped();
  expect(told).toEqual([{ text: 'Idle connections were closed: one account has too many', count: 1 }]);
});
