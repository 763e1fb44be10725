import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { callIdOf } from '../../src/call/ids.js';
import type { CommitOutcome } from '../../src/call/ports.js';
import { newCall } from '../../src/call/start.js';
import { device, startInput } from '../call/world.js';
import { startRedis, startRedisCluster } from '../support/redis.js';
import { PATIENT, pairTag, startNode } from './setup.js';
import type { Node } from './setup.js';

const ROUNDS = 200;

describe('two nodes at once', () => {
  let cluster: { url: string; stop: () => Promise<void> };
  let server: Awaited<ReturnType<typeof startRedis>>;
  beforeAll(async () => {
    [cluster, server] = await Promise.all([startRedisCluster(), startRedis()]);
  });
  afterAll(() => Promise.all([cluster.stop(), server.stop()]));

  /** Has both nodes create a call of the same pair, each in the belief that there is none. */
  async function race([one, two]: readonly [Node, Node], round: number): Promise<readonly CommitOutcome[]> {
    const accounts = [`alice-${round}`, `bob-${round}`] as const;
    const tag = pairTag(...accounts);
    const create = async ({ callStore }: Node, starter: string, callee: string): Promise<CommitOutcome> => {
      const { time, version } = await callStore.readPair(tag, starter);
      const id = callIdOf(tag, starter);
      const ring = { targets: [], silent: false, accountWoken: false };
      const { call, entries } = newCall(id, 'o', starter, device(starter, 'd'), startInput(callee), ring, time.now);
      const record = { hash: 'h', outcome: 'CREATED', callId: id, offerId: 'o' } as const;
      return callStore.commit(tag, {
        writes: [{ call, entries, dropped: [], expectedVersion: 0, dueAt: time.now + 60_000, expiresAt: null }],
        start: { pairVersion: version, starter, key: starter, record },
        notAfter: null,
      });
    };
    const [a, b] = accounts;
    const outcomes = await Promise.all([create(one, a, b), create(two, b, a)]);
    const kept = await one.callStore.readPair(tag, 'none');
    expect(kept.calls).toHaveLength(kept.version);
    return outcomes;
  }

  it.each(['one server', 'a cluster'])(`create one call, %s, ${ROUNDS} times`, async (where) => {
    const { url } = where === 'a cluster' ? cluster : server;
    const nodes = [startNode(url, PATIENT), startNode(url, PATIENT)] as const;
    let raced = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const outcomes = await race(nodes, round);
      // Now and then one is done before the other has looked, and then both are right.
      if (outcomes.includes('stale')) raced++;
    }
    expect(raced).toBeGreaterThan(ROUNDS / 2);
    await Promise.all(nodes.map((node) => node.close()));
  });

  it('share one call when two people call each other at the same moment', async () => {
    const nodes = [startNode(cluster.url, PATIENT), startNode(cluster.url, PATIENT)] as const;
    for (let round = 0; round < 50; round++) {
      const [alice, bob] = [device(`a-${round}`, 'phone'), device(`b-${round}`, 'phone')];
      const [one, two] = await Promise.all([
        nodes[0].calls.startCall(alice, startInput(bob.accountId)),
        nodes[1].calls.startCall(bob, startInput(alice.accountId)),
      ]);
      expect(one.call.id).toBe(two.call.id);
      expect([one.outcome, two.outcome].sort()).toEqual(['ADOPTED', 'CREATED']);
    }
    expect(nodes.flatMap(({ failures }) => failures)).toEqual([]);
    await Promise.all(nodes.map((node) => node.close()));
  });

  it('go on when the scripts are flushed under them', async () => {
    const nodes = [startNode(server.url, PATIENT), startNode(server.url, PATIENT)] as const;
    const flushing = (async () => {
      for (let n = 0; n < 50; n++) await server.command('SCRIPT', 'FLUSH');
    })();
    for (let round = 0; round < 50; round++) await race(nodes, ROUNDS + round);
    await flushing;
    await server.command('SCRIPT', 'FLUSH');
    await race(nodes, 2 * ROUNDS);
    expect(nodes.flatMap(({ failures }) => failures)).toEqual([]);
    await Promise.all(nodes.map((node) => node.close()));
  });

  it('count permits together', async () => {
    const nodes = [startNode(server.url, PATIENT), startNode(server.url, PATIENT)] as const;
    const limit = { max: 20, windowSeconds: 600 };
    const decisions = await Promise.all(
      Array.from({ length: 200 }, (_, n) => nodes[n % 2 ? 1 : 0].rateLimiter.take('shared', limit)),
    );
    expect(nodes.flatMap(({ failures }) => failures)).toEqual([]);
    expect(decisions.filter(({ granted }) => granted)).toHaveLength(20);
    await Promise.all(nodes.map((node) => node.close()));
  });
});
