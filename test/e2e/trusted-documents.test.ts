/** A server that runs the operations of a list and no others, whichever way they come. */
import { ApolloClient, HttpLink, InMemoryCache } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OpenCallsDocument as OpenCalls } from '../../src/client/generated/documents.js';
import { OpenCallsDocument } from '../../src/client/generated/nodes.js';
import { startCallWorld, type CallWorld } from '../support/call-world.js';
import { eventually, ROOT, startOneFileServer } from '../support/process.js';
import { openWire, type WireClient } from '../support/ws-client.js';

const LIST = join(ROOT, 'schema/trusted-documents.json');
const { operations } = JSON.parse(readFileSync(LIST, 'utf8')) as { operations: { id: string; name: string }[] };
const idOf = (name: string): string => operations.find((operation) => operation.name === name)!.id;
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const persisted = (sha256Hash: string) => ({ persistedQuery: { version: 1, sha256Hash } });

let world: CallWorld;
let wire: WireClient;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'trusted-documents-'));
  world = await startCallWorld({ TRUSTED_DOCUMENTS_FILE: LIST });
  wire = await openWire(`${world.origin.replace('http', 'ws')}/graphql`);
  await wire.init(`Bearer ${await world.token('wire/phone')}`);
});
afterAll(async () => {
  wire.socket.close();
  await world.close();
  rmSync(folder, { recursive: true });
});

interface Answer {
  readonly data?: Record<string, unknown>;
  readonly errors?: { message: string; extensions: Record<string, unknown> }[];
}

async function request(path: string, init: RequestInit = {}): Promise<Answer> {
  const headers = {
    'content-type': 'application/json',
    'apollo-require-preflight': 'yes',
    authorization: `Bearer ${await world.token('alice/phone')}`,
  };
  return (await (await fetch(`${world.origin}${path}`, { headers, ...init })).json()) as Answer;
}
const post = (body: object): Promise<Answer> => request('/graphql', { method: 'POST', body: JSON.stringify(body) });
const get = (parameters: Record<string, unknown>): Promise<Answer> => {
  const texts = Object.entries(parameters).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
  return request(`/graphql?${new URLSearchParams(Object.fromEntries(texts) as Record<string, string>)}`);
};
let subscriptions = 0;
async function overWebSocket(payload: object): Promise<Answer> {
  const id = `operation-${(subscriptions += 1)}`;
  wire.send({ id, type: 'subscribe', payload });
  for (;;) {
    const message = await wire.next();
    if (message.id !== id || message.type === 'complete') continue;
    return message.type === 'error' ? { errors: message.payload as never } : (message.payload as Answer);
  }
}
const codes = ({ errors = [] }: Answer): unknown[] => errors.map(({ extensions }) => extensions['code']);

describe('an operation of the list', () => {
  it('is run as the client of this package sends it: a whole call', async () => {
    const [alice, bob] = [world.device('alice/phone'), world.device('bob/phone')];
    await Promise.all([alice.listen(), bob.listen()]);
    const { call, offerId } = await alice.start('bob');
    await bob.ring(call.id);
    await bob.answer(call.id, offerId);
    await alice.candidates(call.id, ['candidate:1 1 udp 1 192.0.2.1 9 typ host']);
    await alice.hangUp(call.id);
    await bob.state('ENDED');
  });

  it('is run as Apollo Client sends it: in its own print, and by the hash of that alone', async () => {
    const bodies: string[] = [];
    const http = new HttpLink({
      uri: `${world.origin}/graphql`,
      headers: { authorization: `Bearer ${await world.token('alice/phone')}` },
      fetch: (input, init) => {
        bodies.push(String(init?.body));
        return fetch(input, init);
      },
    });
    for (const link of [http, new PersistedQueryLink({ sha256 }).concat(http)]) {
      const apollo = new ApolloClient({ cache: new InMemoryCache(), link });
      const { data } = await apollo.query({ query: OpenCallsDocument });
      expect(data).toEqual({ openCalls: [] });
      apollo.stop();
    }
    expect(bodies.map((body) => body.includes('__typename'))).toEqual([true, false]);
  });

  it.each([
    ['by GET', () => get({ extensions: persisted(idOf('OpenCalls')) })],
    ['by POST', () => post({ extensions: persisted(idOf('OpenCalls')) })],
    ['over WebSocket', () => overWebSocket({ query: '', extensions: persisted(idOf('OpenCalls')) })],
  ])('is run by its id %s', async (_way, ask) => {
    expect(await ask()).toEqual({ data: { openCalls: [] } });
  });

  it('is run by GET with its text', async () => {
    expect(await get({ query: OpenCalls.text })).toEqual({ data: { openCalls: [] } });
  });
});

const FREE: readonly (readonly [string, string])[] = [
  ['one that would be valid', 'query Probe { openCalls { id } }'],
  ['one that would not be', '{ openCall { idd } }'],
  ['introspection', '{ __schema { types { name } } }'],
  ['__typename alone', '{ __typename }'],
  ["a gateway's request for the schema", '{ _service { sdl } }'],
  ["a gateway's request for entities", '{ _entities(representations: []) { __typename } }'],
  ['an event stream of another selection', 'subscription { callEvents { cursor } }'],
];

describe('any other operation', () => {
  const refusal = {
    message: 'This operation is not one of those that this server runs.',
    extensions: { code: 'QUERY_NOT_IN_SAFELIST', status: 403, retryable: false },
  };
  const ways: readonly (readonly [string, (query: string) => Promise<Answer>])[] = [
    ['POST', (query) => post({ query })],
    ['POST with a hash to register', (query) => post({ query, extensions: persisted(sha256(query)) })],
    ['GET', (query) => get({ query })],
    ['WebSocket', (query) => overWebSocket({ query })],
  ];
  const cases = FREE.flatMap(([what, query]) => ways.map(([way, ask]) => [what, way, () => ask(query)] as const));

  it.each(cases)('%s, by %s, is refused in the same words, with nothing of the schema', async (_what, _way, ask) => {
    expect(await ask()).toEqual({ errors: [refusal] });
  });

  it('is unknown by its hash, also after someone sent it', async () => {
    const hash = sha256('query Probe { openCalls { id } }');
    const extensions = persisted(hash);
    for (const answer of [await post({ extensions }), await get({ extensions })]) {
      expect(codes(answer)).toEqual(['PERSISTED_QUERY_NOT_FOUND']);
    }
    expect(codes(await overWebSocket({ query: '', extensions }))).toEqual(['PERSISTED_QUERY_NOT_FOUND']);
  });

  it('is counted, and logged once by its name, never by its text', async () => {
    const counted = async (): Promise<number> =>
      Number(/^graphql_untrusted_documents_total (\d+)$/m.exec(await world.metrics())?.[1]);
    const before = await counted();
    for (let n = 0; n < 3; n += 1) await post({ query: 'query Curious { recentCalls(first: 3) { canaryField } }' });
    expect(await counted()).toBe(before + 3);
    await eventually(() => world.server.output().includes('"operation":"Curious"'));
    await post({ query: 'query LastOfAll { x }' });
    await eventually(() => world.server.output().includes('"operation":"LastOfAll"'));
    const lines = world.server.output().split('\n');
    expect(lines.filter((line) => line.includes('"operation":"Curious"'))).toHaveLength(1);
    expect(world.server.output()).not.toContain('canaryField');
  });
});

describe('a server whose list is no good', () => {
  const start = async (list: unknown, env: Readonly<Record<string, string>> = {}) => {
    const file = join(folder, 'list.json');
    writeFileSync(file, typeof list === 'string' ? list : JSON.stringify(list));
    const server = startOneFileServer({ TRUSTED_DOCUMENTS_FILE: file, ...env });
    const { code } = await server.ended;
    return { code, output: server.output() };
  };

  it.each([
    ['is not JSON', '{ "canary', ['it is not valid JSON']],
    ['is empty', {}, ['no operation is listed']],
    [
      'has what the server would refuse all the same',
      { a: 'query Old { openCalls { gone } }', b: 'query Fine { __typename }', c: '{ openCalls ' },
      ['operation number 3 is not GraphQL, or has more than 1000 tokens'],
    ],
    [
      'has fields that there are not',
      { a: 'query Old { openCalls { gone } }', b: 'query Fine { __typename }' },
      ['operation Old: Cannot query field "gone" on type "Call".'],
    ],
  ])('that %s does not start, and says why', async (_what, list, problems) => {
    const { code, output } = await start(list);
    expect(code).toBe(1);
    for (const problem of problems) expect(output).toContain(`TRUSTED_DOCUMENTS_FILE cannot be used: ${problem}`);
    expect(output).not.toContain('canary');
  });

  it('does not start behind a gateway', async () => {
    const { code, output } = await start({ a: '{ __typename }' }, { GATEWAY_SECRET: 'of-the-gateway-24-letters' });
    expect(code).toBe(1);
    expect(output).toContain('TRUSTED_DOCUMENTS_FILE and GATEWAY_SECRET cannot both be set');
    expect(output).not.toContain('of-the-gateway');
  });
});

describe('a server that is started by hand with a list', () => {
  it('says that nothing else is run', async () => {
    const server = startOneFileServer({ TRUSTED_DOCUMENTS_FILE: LIST, RELAY_CONFIG_FILE: '' });
    await server.printed(/Only the operations of TRUSTED_DOCUMENTS_FILE are run/);
    expect(server.output()).not.toContain('curl');
    await server.stop();
  });
});
