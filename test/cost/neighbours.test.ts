/** A flood of one account, or of strangers, costs this process little more than as many ordinary requests do: in memory and on Redis. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { PATIENT, startReadyNode, type Node } from '../redis/setup.js';
import { startRedis, type RedisServer } from '../support/redis.js';
import { cpuOf } from '../support/own-cost.js';
import { startCostWorld, type CostWorld } from './world.js';

const REQUESTS = 40;
const times = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);
const body = (query: string, variables?: unknown): string => JSON.stringify({ query, variables });

const START = 'mutation ($input: StartCallInput!) { startCall(input: $input) { call { id } } }';
const HANG_UP = 'mutation ($input: HangUpCallInput!) { hangUpCall(input: $input) { id } }';
const ORDINARY = body('{ openCalls { id } }');
const CALL = 'id state media createdAt endedAt caller { account { id } } callee { account { id } device { id name } }';
/** What was found to stop a server, of the kinds that one client can send at once. */
const FLOODS = {
  'unknown keys': body(START, { input: Object.fromEntries(times(30_000).map((i) => [i.toString(36), i % 2])) }),
  '15 times the last 50 calls': body(
    `{ ${times(15)
      .map((i) => `c${i}: recentCalls(first: 50) { ${CALL} }`)
      .join(' ')} }`,
  ),
  'one field 990 times': body(`{ openCalls { ${'id '.repeat(990)} } }`),
} as const;

interface Store {
  readonly world: CostWorld;
  close(): Promise<void>;
}

const STORES: Readonly<Record<string, () => Promise<Store>>> = {
  memory: async () => {
    const world = await startCostWorld();
    return { world, close: () => world.close() };
  },
  Redis: async () => {
    const server: RedisServer = await startRedis();
    const node: Node = await startReadyNode(server.url, PATIENT);
    const world = await startCostWorld(node);
    return {
      world,
      close: async () => {
        await world.close();
        await node.close();
        await server.stop();
      },
    };
  },
};

describe.each(Object.entries(STORES))('a flood on %s', (_store, start) => {
  let store: Store;
  beforeAll(async () => {
    store = await start();
    // Calls for the flood to read: their number is what an account may start in a minute.
    for (const i of times(24)) {
      const input = { clientCallId: randomUUID(), calleeAccountId: `callee-${i}`, media: 'AUDIO', offerSdp: 'v=0\r\n' };
      const started = JSON.parse(await store.world.post(body(START, { input }), 'flooder')) as {
        data: { startCall: { call: { id: string } } };
      };
      await store.world.post(body(HANG_UP, { input: { callId: started.data.startCall.call.id } }), 'flooder');
    }
  });
  afterAll(() => store.close());

  async function cpuOfRequests(sent: string, account?: string): Promise<number> {
    await store.world.post(sent, account);
    return cpuOf(async () => {
      // Where reading the document is the cost, each is another one: what is known is not read again.
      for (const i of times(REQUESTS))
        await store.world.post(sent.replace('{ openCalls', `{ ${' '.repeat(i)}openCalls`), account);
    });
  }

  it.each([
    ['one account', 'flooder'],
    ['strangers', undefined],
  ])('of %s costs little more than what is ordinary', async (_who, account) => {
    for (const [what, sent] of Object.entries(FLOODS)) {
      const measured: boolean[] = [];
      // What else the machine does makes CPU time longer, and never shorter: a flood that costs too much does so each time.
      while (measured.length < 3 && !measured.includes(true)) {
        const ordinary = await cpuOfRequests(ORDINARY, 'other');
        const flood = await cpuOfRequests(sent, account);
        // Bytes cost something too: to send and read them, less than to make objects of them, which a server without limits does.
        const made = await cpuOf(() => times(REQUESTS).forEach(() => JSON.parse(sent)));
        measured.push(flood <= 1.5 * ordinary + Math.max(0.8 * made, REQUESTS * 12));
      }
      expect({ what, costsLittle: measured.includes(true) }).toEqual({ what, costsLittle: true });
    }
    expect(await store.world.post(ORDINARY, 'other')).toContain('"openCalls":[]');
  });
});
