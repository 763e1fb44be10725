import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { getIntrospectionQuery } from 'graphql';
import type { WireClient } from '../support/ws-client.js';
import { startWsWorld, type WsWorld } from '../support/ws-world.js';

interface Side {
  readonly world: WsWorld;
  readonly client: WireClient;
  readonly authorization: string;
}
const ALICE = { sub: 'alice', device_id: 'phone' };
const begin = async (introspection: boolean): Promise<Side> => {
  const world = await startWsWorld({ introspection });
  return { world, client: await world.connect(ALICE), authorization: await world.bearer(ALICE) };
};
let development: Side;
let production: Side;
beforeAll(async () => {
  [development, production] = await Promise.all([begin(true), begin(false)]);
});
afterAll(() => Promise.all([development.world.close(), production.world.close()]));

/** As it is on the wire; correlation ids differ. */
const plain = (body: unknown): unknown =>
  JSON.parse(JSON.stringify(body), (key, value: unknown) => (key === 'correlationId' ? 'an id' : value));

/** The answer to one request over HTTP and over WebSocket: the bodies, where an `error` message is a body of errors. */
async function answers({ world, client, authorization }: Side, query: string, variables?: Record<string, unknown>) {
  const overHttp = plain(await world.post(query, variables, authorization));
  const payload = plain(await client.run(query, variables));
  return { overHttp, overSocket: Array.isArray(payload) ? { errors: payload as unknown[] } : payload };
}

const signal = 'query ($signal: Signal!) { echo(signal: $signal) }';
const secret = 'v=0 candidate:1 1 udp 1 10.11.12.13 9 typ host';

const CASES: readonly [string, string, Record<string, unknown>?][] = [
  ['a syntax error', '{ hello'],
  ['75 letters of two bytes', 'é'.repeat(75)],
  ['a value where a name belongs', `{ echo(signal: "${secret}" }`],
  ['an unknown field', '{ helo }'],
  ['an unknown operation', 'fragment F on Query { hello }'],
  ['a value of the wrong kind', `{ echo(signal: { sdp: 1, media: "${secret}" }) }`],
  ['a variable of the wrong kind', signal, { signal: secret }],
  ['a field of a variable that there is not', signal, { signal: { sdp: secret, more: secret } }],
  ['16 aliases', `{ ${Array.from({ length: 16 }, (_, n) => `x${n}: hello`).join(' ')} }`],
  ['a depth of 11', `${'{ nested '.repeat(10)}{ leaf }${' }'.repeat(10)}`],
  ['21 directives', `{ hello ${'@skip(if: false) '.repeat(21)} }`],
  ['1,001 tokens', `{ ${'hello '.repeat(999)} }`],
  ['a wrong call', '{ fail(code: "CALL_NOT_FOUND") }'],
  ['a dependency that is down', '{ hello fail(code: "CALL_UNAVAILABLE") }'],
  ['a defect', '{ fail(code: "DEFECT") }'],
  ['null where there must be a value', '{ must }'],
  ['the schema', getIntrospectionQuery()],
  ['a type', '{ __type(name: "Query") { name } }'],
];

describe.each([
  ['development', () => development],
  ['production', () => production],
])('in %s', (_name, side) => {
  it.each(CASES.map(([name, query, variables]) => ({ name, query, variables })))(
    'WebSocket answers $name like HTTP, tells nothing more, and lives on',
    async ({ query, variables }) => {
      const { overHttp, overSocket } = await answers(side(), query, variables);
      expect(overSocket).toEqual(overHttp);
      for (const told of ['10.11.12.13', 'ECONNREFUSED', '10.0.0.5']) {
        expect(JSON.stringify(overSocket)).not.toContain(told);
      }
      expect(await side().client.run('{ hello }')).toEqual({ data: { hello: 'world' } });
    },
  );

  it('both count in the same limits', async () => {
    const { world, client, authorization } = side();
    expect(await client.run('{ few }')).toEqual({ data: { few: 'few' } });
    expect(await world.post('{ few }', undefined, authorization)).toEqual({ data: { few: 'few' } });
    const { overHttp, overSocket } = await answers(side(), '{ few }');
    expect(overSocket).toEqual(overHttp);
    expect(overSocket).toMatchObject({ errors: [{ extensions: { code: 'CALL_RATE_LIMITED' } }] });
  });
});

describe('introspection and "did you mean"', () => {
  it('are on in development and off in production', async () => {
    const query = '{ __schema { queryType { name } } }';
    expect(await development.client.run(query)).toEqual({ data: { __schema: { queryType: { name: 'Query' } } } });
    const refused = (await production.client.run(query)) as { extensions: object }[];
    expect(refused[0]).toMatchObject({ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } });
    expect(JSON.stringify(await development.client.run('{ helo }'))).toContain('Did you mean');
    expect(JSON.stringify(await production.client.run('{ helo }'))).not.toContain('Did you mean');
  });
});

describe('what only a socket can meet', () => {
  const internal = {
    message: 'Internal server error',
    extensions: { code: 'INTERNAL_SERVER_ERROR', status: 500, retryable: false, correlationId: 'an id' },
  };

  it.each([
    ['a stream that breaks', 'subscription { broken(code: "DEFECT") }', [{ data: { broken: 1 } }, [internal]]],
    ['a subscription without a stream', 'subscription { none }', [{ errors: [internal] }]],
    ['a result that is no JSON', '{ odd }', [[internal]]],
  ])('%s is a defect: told as such, reported, and the socket lives', async (_name, query, payloads) => {
    const { client, world } = production;
    world.defects.length = 0;
    client.subscribe('s', query);
    const messages = await client.settled();
    expect(messages.map(({ payload }) => plain(payload ?? null)).filter((payload) => payload !== null)).toEqual(
      payloads,
    );
    expect(world.defects).toHaveLength(1);
    expect(await client.run('{ hello }')).toEqual({ data: { hello: 'world' } });
  });

  it.each([
    ['refused', 'subscription { refused(code: "CALL_NOT_FOUND") }'],
    ['broken off', 'subscription { broken(code: "CALL_NOT_FOUND") }'],
  ])('a subscription that is %s is told in the words of the table', async (_name, query) => {
    const { client } = production;
    client.subscribe('s', query);
    const sent = JSON.stringify(await client.settled());
    expect(sent).toContain('"message":"No such call."');
    expect(sent).toContain('"code":"CALL_NOT_FOUND"');
  });
});
