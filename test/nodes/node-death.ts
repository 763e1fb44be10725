import { expect } from '@jest/globals';
import type { TestDevice } from '../support/device.js';
import { startNodes } from '../support/nodes.js';
import { eventually } from '../support/process.js';
import { startRedis } from '../support/redis.js';
import { readies, Talk } from './talk.js';

const CALLS = 4;
/** Candidates on one description are limited: a call lives through so many kills at most. */
const KILLS_PER_CALL = 10;
/** Candidates that each side sends just before a kill, and just after it. */
const SENT = 6;

/**
 * Callers lose their node again and again while both sides send, and find another one by themselves.
 *
 * @returns how long each of them was without a stream each time, in milliseconds
 */
export async function loseNodes(kills: number): Promise<readonly number[]> {
  const redis = await startRedis();
  const nodes = await startNodes({ redisUrl: redis.url, count: 3 });
  const gaps: number[] = [];
  let home = 0;
  try {
    for (let done = 0; done < kills; done += KILLS_PER_CALL) {
      // Callees are on node 1 for all of it. Callers begin where the last ones ended, and go back and forth.
      const callers = names('caller', done).map((name) => nodes.device(`${name}/phone`, [home, 2 - home]));
      const callees = names('callee', done).map((name) => nodes.device(`${name}/phone`, [1]));
      const talks = await Promise.all(
        names('callee', done).map((name, i) => Talk.begin(callers[i]!, callees[i]!, name)),
      );
      for (let kill = done; kill < Math.min(done + KILLS_PER_CALL, kills); kill++) {
        const send = (): void => talks.forEach((talk) => talk.send());
        for (let i = 0; i < SENT; i++) send();
        const killedAt = performance.now();
        const back = callers.map((caller) => returned(caller).then(() => gaps.push(performance.now() - killedAt)));
        await nodes.kill(home);
        for (let i = 0; i < SENT; i++) send();
        await Promise.all(back);
        const dead = home;
        home = 2 - home;
        await Promise.all([nodes.start(dead), ...talks.map((talk) => talk.told())]);
      }
      await Promise.all(talks.map((talk) => talk.end()));
      // 1013: a busy machine answered for Redis later than a node waits. Nothing was lost by it, as was just shown.
      expect(callees.flatMap(({ closes }) => closes).filter((code) => code !== 1013)).toEqual([]);
      await Promise.all([...callers, ...callees].map((device) => device.close()));
    }
    return gaps;
  } finally {
    await nodes.close();
    await redis.stop();
  }
}

function names(role: string, from: number): readonly string[] {
  return Array.from({ length: CALLS }, (_, n) => `${role}-${from + n}`);
}

/** Resolves when the device has one stream more than now. */
async function returned({ events, closes, failures }: TestDevice): Promise<void> {
  const [before, closed] = [readies(events).length, closes.length];
  await eventually(() => readies(events).length > before, 60_000).catch((error: unknown) => {
    const seen = `closes ${closes.slice(closed).join(', ')}; failures ${failures.join(', ')}`;
    throw new Error(`a device did not come back: ${seen}; last event ${events.at(-1)?.__typename}`, { cause: error });
  });
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}
