import { expect } from '@jest/globals';
import { startNodes } from '../support/nodes.js';
import { eventually } from '../support/process.js';
import { startRedis } from '../support/redis.js';
import { readies, Talk } from './talk.js';

/** Devices that are called just before the kill, and as many just after it. */
const CALLED = 15;
/** Less than may be silent of one address. */
const AT_ONCE = 40;
/** A machine that is busy takes its time: what is shown is that all come back, and miss nothing. */
const BACK_MS = 90_000;

/**
 * A node that many devices wait on is killed: all are on the other one again, from where they were, and heard once of each
 * call that came meanwhile. A call on the other node goes on and loses nothing.
 */
export async function loseCrowd(count: number): Promise<void> {
  const redis = await startRedis();
  const nodes = await startNodes({ redisUrl: redis.url, count: 2 });
  try {
    const names = Array.from({ length: count }, (_, i) => `waiting-${i}`);
    // As our client does: they do not all come in one moment, and not twenty times a second each.
    const retryMs = (): number => 2_000 * Math.random();
    const devices = names.map((name) => nodes.device(`${name}/phone`, [0, 1], { retryMs }));
    // All from one address: some at a time, so that each is let in at once, and is on the node that dies.
    for (let from = 0; from < count; from += AT_ONCE)
      await Promise.all(devices.slice(from, from + AT_ONCE).map((device) => device.listen()));
    expect(devices.flatMap(({ closes }) => closes)).toEqual([]);
    const [one, other] = ['one', 'other'].map((name) => nodes.device(`${name}/phone`, [1]));
    const talk = await Talk.begin(one!, other!, 'other');
    const callers = names.slice(0, 2 * CALLED).map((_, i) => nodes.device(`caller-${i}/phone`, [1]));
    const call = (from: number): readonly Promise<string>[] =>
      callers.slice(from, from + CALLED).map(async (caller, i) => (await caller.start(names[from + i]!)).call.id);

    talk.flow();
    const before = call(0);
    await nodes.kill(0);
    const after = call(CALLED);
    const calls = await Promise.all([...before, ...after]);
    await eventually(() => devices.every(({ events }) => readies(events).length > 1), BACK_MS);

    const invited = (at: number): readonly string[] =>
      devices[at]!.events.flatMap((event) => (event.__typename === 'CallInvited' ? [event.call.id] : []));
    await eventually(() => calls.every((_, at) => invited(at).length > 0), BACK_MS);
    await talk.end();
    for (const [at, id] of calls.entries()) expect(invited(at)).toEqual([id]);
    for (const { events } of devices) expect(readies(events).slice(1)).not.toContain(false);
  } finally {
    await nodes.close();
    await redis.stop();
  }
}
