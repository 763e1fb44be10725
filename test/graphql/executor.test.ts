import { ApolloServer } from '@apollo/server';
import { describe, expect, it } from '@jest/globals';
import { buildSchema, getIntrospectionQuery, type ExecutionResult, type GraphQLError } from 'graphql';
import { SignalingError } from '../../src/errors.js';
import { apolloOptions } from '../../src/graphql/apollo.js';
import { createOperation, type CallContext, type Services } from '../../src/graphql/context.js';
import { createMasker } from '../../src/graphql/errors.js';
import { createMemoryRateLimiter } from '../../src/memory/rate-limiter.js';
import { systemClock } from '../../src/ports.js';
import { createExecutor, type Executor, type PreparedOperation } from '../../src/graphql/executor.js';

const schema = buildSchema(`
  enum Media { AUDIO VIDEO }
  input Signal { sdp: String! media: Media index: Int }
  type Query { hello: String! nested: Query echo(signal: Signal!): String fails(code: String): String must: Int! list: [Int!] }
  type Subscription { ticks: Int wrong: Int }
`);
const rootValue = {
  hello: () => 'world',
  nested: () => rootValue,
  echo: () => 'echo',
  fails: () => Promise.reject(new SignalingError('CALL_NOT_FOUND')),
  must: () => null,
  wrong: () => 'no stream',
  ticks: async function* () {
    yield { ticks: 1 };
  },
};

const viewer = { accountId: 'alice', deviceId: 'phone', issuedAt: 0, expiresAt: 1 };
const someone: CallContext = createOperation({} as Services, () => Promise.resolve(viewer));

function world(introspection: boolean) {
  const masker = createMasker({ onDefect: () => {}, suggestions: introspection });
  const executor = createExecutor({ schema, masker, introspection });
  const apollo = new ApolloServer<CallContext>({
    ...apolloOptions({ executor, masker, introspection, rateLimiter: createMemoryRateLimiter(systemClock) }),
    rootValue,
  });
  const overHttp = async (query: string, variables?: Record<string, unknown>, operationName?: string) => {
    const request = { query, ...(variables && { variables }), ...(operationName !== undefined && { operationName }) };
    const { body } = await apollo.executeOperation(request, { contextValue: someone });
    if (body.kind !== 'single') throw new Error('incremental');
    return plain(body.singleResult);
  };
  const elsewhere = async (query: string, variableValues?: Record<string, unknown>, operationName?: string) => {
    const result = await run(executor, query, variableValues, operationName);
    return plain(result.errors ? { ...result, errors: executor.masked(result.errors) } : result);
  };
  return { executor, overHttp, elsewhere };
}

/** As it is on the wire; correlation ids differ. */
const plain = (result: unknown): unknown =>
  JSON.parse(JSON.stringify(result), (key, value: unknown) => (key === 'correlationId' ? 'an id' : value));

async function run(
  executor: Executor,
  query: string,
  variableValues: Record<string, unknown> = {},
  operationName?: string,
): Promise<ExecutionResult> {
  const prepared = executor.prepare({ query, operationName }, 'identified');
  if (!('operation' in prepared)) return { errors: prepared };
  const args = { schema, document: prepared.document, operationName: operationName ?? null, variableValues, rootValue };
  return (await executor.run(args)) as ExecutionResult;
}

const aliases = (count: number): string => `{ ${Array.from({ length: count }, (_, i) => `x${i}: hello`).join(' ')} }`;
const nested = (depth: number): string => `${'{ nested '.repeat(depth - 1)}{ hello }${' }'.repeat(depth - 1)}`;
const signal = 'query ($signal: Signal!) { echo(signal: $signal) }';

type Case = readonly [name: string, query: string, variables?: Record<string, unknown>, operationName?: string];
const CASES: readonly Case[] = [
  ['a syntax error', '{ hello'],
  ['a syntax error that quotes a secret', '{ echo(signal: { sdp: "v=0 S3CR3T'],
  ['letters that are none', '{ héllo }'],
  ['75 of them', 'é'.repeat(75)],
  ['an unknown field', '{ helo }'],
  ['two unknown fields', '{ helo nope }'],
  ['a field without its selection', '{ nested }'],
  ['an unknown argument', '{ fails(cod: "x") }'],
  ['an unknown type', 'query ($signal: Signl!) { echo(signal: $signal) }'],
  ['a value of the wrong kind', '{ echo(signal: { sdp: 1, media: AUDOI }) }'],
  ['introspection', '{ __schema { types { name } } hello }'],
  ['introspection of a type', '{ __type(name: "Query") { name } }'],
  ['a full introspection query', getIntrospectionQuery()],
  ['the type name', '{ __typename hello }'],
  ['too deep a document', nested(11)],
  ['too many aliases', aliases(16)],
  ['too many directives', `{ hello ${'@skip(if: false) '.repeat(21)} }`],
  ['too many tokens', `{ ${'hello '.repeat(1_000)} }`],
  ['too many errors', `{ ${'nope '.repeat(150)} }`],
  ['20,000 nested lists', `{ echo(signal: ${'['.repeat(20_000)}) }`],
  ['a fragment that uses itself', '{ ...F } fragment F on Query { ...F }'],
  ['no operation', 'fragment F on Query { hello }'],
  ['a type definition', 'type A { a: Int }'],
  ['two operations and no name', 'query A { hello } query B { hello }'],
  ['two operations and the name of neither', 'query A { hello } query B { hello }', {}, 'C'],
  ['two operations and a name', 'query A { hello } query B { nested { hello } }', {}, 'B'],
  ['a missing variable', signal],
  ['a variable that is null', signal, { signal: null }],
  ['a variable of the wrong kind', signal, { signal: 'v=0 S3CR3T' }],
  ['several wrong values in a variable', signal, { signal: { sdp: 1, media: 'AUDOI', index: 'x', more: 'S3CR3T' } }],
  ['an error of ours', '{ fails hello }'],
  ['null where there must be a value', '{ must }'],
  ['no error', '{ hello nested { hello } }'],
];

describe.each([true, false])('the answer, with introspection %s,', (introspection) => {
  const { overHttp, elsewhere } = world(introspection);

  it.each(CASES.map(([name, ...request]) => ({ name, request })))(
    'to $name is the same as over HTTP',
    async ({ request }) => {
      const [query, variables, operationName] = request;
      const answer = await elsewhere(query, variables, operationName);
      expect(answer).toEqual(await overHttp(query, variables, operationName));
      expect(JSON.stringify(answer)).not.toContain('S3CR3T');
    },
  );
});

describe('with introspection off', () => {
  it('nothing is told of the schema that was not known', async () => {
    const { elsewhere } = world(false);
    for (const query of ['{ helo }', '{ nested }', '{ __schema { types { name } } }', '{ fails(cod: "x") }']) {
      const answer = JSON.stringify(await elsewhere(query));
      expect(answer).toContain('GRAPHQL_VALIDATION_FAILED');
      expect(answer).not.toContain('Did you mean');
    }
    expect(JSON.stringify(await world(true).elsewhere('{ helo }'))).toContain('Did you mean');
  });
});

describe('documents', () => {
  it('are prepared once and kept, whichever of their operations is asked for', () => {
    const { executor } = world(true);
    const query = 'query A { hello } query C { hello }';
    const [a, c] = ['A', 'C'].map(
      (operationName) => executor.prepare({ query, operationName }, 'identified') as PreparedOperation,
    );
    expect(a?.document).toBe(c?.document);
    expect([a?.operation.name?.value, c?.operation.name?.value]).toEqual(['A', 'C']);
  });

  it('are one entry for both: what one of the two found valid, the other does not read again', async () => {
    const { executor, overHttp } = world(true);
    await overHttp('{ hello }');
    const known = executor.documents.get('{ hello }');
    expect(known).toBeDefined();
    expect((executor.prepare({ query: '{ hello }' }, 'identified') as PreparedOperation).document).toBe(known);
    const { bytes } = executor.documents;
    await overHttp('{ hello }');
    expect(executor.documents.bytes).toBe(bytes);
  });

  it('that are not valid are refused every time, in the same words', () => {
    const { executor } = world(true);
    const messages = () =>
      (executor.prepare({ query: '{ nope }' }, 'identified') as readonly GraphQLError[]).map(({ message }) => message);
    expect(messages()).toEqual(messages());
  });
});

describe('an execution', () => {
  it('of a subscription gives a stream of results', async () => {
    const { executor } = world(true);
    const { document } = executor.prepare({ query: 'subscription { ticks }' }, 'identified') as PreparedOperation;
    const results = (await executor.run({ schema, document, rootValue })) as AsyncIterable<ExecutionResult>;
    const all: unknown[] = [];
    for await (const result of results) all.push(result);
    expect(plain(all)).toEqual([{ data: { ticks: 1 } }]);
  });

  it('never rejects: a defect is an error of the result', async () => {
    const { elsewhere } = world(true);
    const sent = await elsewhere('subscription { wrong }');
    expect(sent).toEqual({
      errors: [
        {
          message: 'Internal server error',
          extensions: { code: 'INTERNAL_SERVER_ERROR', status: 500, retryable: false, correlationId: 'an id' },
        },
      ],
    });
  });
});
