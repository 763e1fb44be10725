/** Permits that two nodes share: never more than the limit, few commands, and hardly any that nobody can have. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { SetClock } from '../support/clock.js';
import { startRedis, type RedisServer } from '../support/redis.js';
import { PATIENT, startReadyNode, type Node } from './setup.js';

const CANDIDATES = { max: 1_200, windowSeconds: 60 };
/** What a node may have taken and not used. */
const IN_ADVANCE = 16;

const clock = new SetClock();
let server: RedisServer;
let nodes: readonly [Node, Node];
beforeAll(async () => {
  server = await startRedis();
  const start = (): Promise<Node> => startReadyNode(server.url, { ...PATIENT, clock });
  nodes = [await start(), await start()];
});
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.close()));
  await server.stop();
});

async function take([first, second]: readonly [Node, Node], key: string, count: number): Promise<number> {
  let granted = 0;
  for (let n = 0; n < count; n += 1) {
    const decision = await (n % 2 === 0 ? first : second).rateLimiter.take(key, CANDIDATES);
    if (decision.granted) granted += 1;
  }
  return granted;
}

async function scriptsRun(): Promise<number> {
  const stats = String(await server.command('INFO', 'commandstats'));
  return Number(/cmdstat_evalsha:calls=(\d+)/.exec(stats)?.[1] ?? 0);
}

it('are all given where both nodes are asked, in a fifth of the commands', async () => {
  const before = await scriptsRun();
  expect(await take(nodes, 'both', CANDIDATES.max - 100)).toBe(CANDIDATES.max - 100);
  expect((await scriptsRun()) - before).toBeLessThan(CANDIDATES.max / 5);
  expect(await take(nodes, 'both', 400)).toBe(100);
});

it('are given to a device that changes nodes, but for a few that the first node has taken', async () => {
  const [first, second] = nodes;
  expect(await take([first, first], 'moved', 1)).toBe(1);
  const granted = await take([second, second], 'moved', 2 * CANDIDATES.max);
  expect(granted).toBeLessThan(CANDIDATES.max);
  expect(granted).toBeGreaterThanOrEqual(CANDIDATES.max - IN_ADVANCE);
});

it('end with their window, those that were taken in advance too', async () => {
  expect(await take(nodes, 'ends', 3 * CANDIDATES.max)).toBe(CANDIDATES.max);
  clock.jump(59_999);
  expect(await take(nodes, 'ends', 2)).toBe(0);
  clock.jump(1);
  expect(await take(nodes, 'ends', 3 * CANDIDATES.max)).toBe(CANDIDATES.max);
});

it('that there are none of is not asked again for a second', async () => {
  const limit = { max: 2, windowSeconds: 60 };
  const [{ rateLimiter }] = nodes;
  const permits = [await rateLimiter.take('few', limit), await rateLimiter.take('few', limit)];
  const before = await scriptsRun();
  const refused = await Promise.all(Array.from({ length: 200 }, async () => rateLimiter.take('few', limit)));
  for (let n = 0; n < 200; n += 1) refused.push(await rateLimiter.take('few', limit));
  expect(refused.every((each) => !each.granted && each.retryAfterMs <= 60_000)).toBe(true);
  // Those that asked before the first was answered, and what the node does by itself.
  expect((await scriptsRun()) - before).toBeLessThan(220);
  const [permit] = permits;
  if (!permit?.granted) throw new Error('refused');
  await permit.giveBack();
  expect(await rateLimiter.take('few', limit)).toMatchObject({ granted: true });
  expect(await rateLimiter.take('few', limit)).toMatchObject({ granted: false });
  clock.jump(1_000);
  const asked = await scriptsRun();
  expect(await rateLimiter.take('few', limit)).toMatchObject({ granted: false });
  expect(await scriptsRun()).toBeGreaterThan(asked);
});
