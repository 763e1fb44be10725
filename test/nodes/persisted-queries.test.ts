/** Automatic persisted queries: a document is registered once, and known by its hash on every node. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { RecentCallsDocument } from '../../src/client/generated/documents.js';
import { eventually } from '../support/process.js';
import { startNodes, type Nodes } from '../support/nodes.js';
import { startRedis, type RedisServer } from '../support/redis.js';
import { openWire } from '../support/ws-client.js';

let redis: RedisServer;
let nodes: Nodes;
const persisted = (query: string) => ({
  persistedQuery: { version: 1, sha256Hash: createHash('sha256').update(query).digest('hex') },
});

interface Answer {
  readonly data?: unknown;
  readonly errors?: readonly { message: string; extensions: Record<string, unknown> }[];
}

async function ask(node: number, path: string, body?: object): Promise<Answer> {
  const response = await fetch(`${nodes.origins[node]}/graphql${path}`, {
    method: body ? 'POST' : 'GET',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${await nodes.token('alice/phone')}`,
      connection: 'close',
    },
    ...(body && { body: JSON.stringify(body) }),
  });
  return (await response.json()) as Answer;
}
const post = (node: number, body: object): Promise<Answer> => ask(node, '', body);
const get = (node: number, parameters: Record<string, unknown>): Promise<Answer> => {
  const texts = Object.entries(parameters).map(([name, value]) => [name, JSON.stringify(value)]);
  return ask(node, `?${new URLSearchParams(Object.fromEntries(texts) as Record<string, string>)}`);
};
/** Apollo Server does not wait for a document to be kept, and where the cache takes more than 200 ms it is not found. */
async function found(again: () => Promise<Answer>): Promise<Answer> {
  let answer: Answer = NOT_FOUND;
  await eventually(async () => {
    answer = await again();
    return answer.errors?.[0]?.message !== 'PersistedQueryNotFound';
  });
  return answer;
}
const NOT_FOUND = {
  errors: [
    {
      message: 'PersistedQueryNotFound',
      extensions: { code: 'PERSISTED_QUERY_NOT_FOUND', status: 200, retryable: true },
    },
  ],
};

describe('a document', () => {
  const query = RecentCallsDocument.text;
  const extensions = persisted(query);
  const fine = { data: { recentCalls: [] } };

  beforeAll(async () => {
    redis = await startRedis();
    nodes = await startNodes({ redisUrl: redis.url });
  }, 60_000);
  afterAll(async () => {
    await nodes?.close();
    await redis?.stop();
  });

  it('is unknown until it was sent once, and then known by its hash on each node, by POST and GET', async () => {
    expect(await post(0, { extensions })).toEqual(NOT_FOUND);
    expect(await get(1, { extensions })).toEqual(NOT_FOUND);
    expect(await post(0, { query, extensions, variables: { first: 3 } })).toEqual(fine);
    expect(await found(() => post(1, { extensions, variables: { first: 5 } }))).toEqual(fine);
    expect(await found(() => get(0, { extensions, variables: { first: 7 } }))).toEqual(fine);
    expect(await found(() => get(1, { extensions }))).toEqual(fine);
  });

  it('whose hash is another one is refused', async () => {
    const { errors } = await post(0, { query: '{ __typename }', extensions });
    expect(errors?.[0]?.extensions).toMatchObject({ status: 400, retryable: false });
    expect(await post(0, { extensions: persisted('{ __typename }') })).toEqual(NOT_FOUND);
  });

  it('that is refused is not known afterwards', async () => {
    const free = '{ nope }';
    await post(0, { query: free, extensions: persisted(free) });
    expect(await post(0, { extensions: persisted(free) })).toEqual(NOT_FOUND);
  });

  it('is sent whole over WebSocket, where there is nothing to be spared', async () => {
    const wire = await openWire(`${nodes.origins[0]!.replace('http', 'ws')}/graphql`);
    await wire.init(`Bearer ${await nodes.token('alice/phone')}`);
    wire.send({ id: 'hash', type: 'subscribe', payload: { query: '', extensions } });
    expect(await wire.next()).toMatchObject({
      id: 'hash',
      type: 'error',
      payload: [{ extensions: { code: 'PERSISTED_QUERY_NOT_SUPPORTED', retryable: false } }],
    });
    wire.send({ id: 'text', type: 'subscribe', payload: { query, extensions } });
    expect(await wire.next()).toMatchObject({ id: 'text', type: 'next', payload: fine });
    wire.socket.close();
  });

  it('is asked for anew while Redis does not answer, and requests wait no longer for it', async () => {
    redis.suspend();
    try {
      // They are answered while it says nothing at all.
      expect(await post(0, { extensions })).toEqual(NOT_FOUND);
      expect(await post(0, { query: '{ __typename }', extensions: persisted('{ __typename }') })).toEqual({
        data: { __typename: 'Query' },
      });
    } finally {
      redis.resume();
    }
    expect(await found(() => post(0, { extensions }))).toEqual(fine);
  });
});
