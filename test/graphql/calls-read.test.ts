/** How many calls an operation may read is known before it runs: alike on every way. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { getOperationAST, parse, type OperationDefinitionNode } from 'graphql';
import { tooManyCallsRead } from '../../src/graphql/calls-read.js';
import { createSchema } from '../../src/graphql/schema.js';
import { variablesOf } from '../../src/graphql/variables.js';
import { createMemoryRateLimiter } from '../../src/memory/rate-limiter.js';
import { systemClock } from '../../src/ports.js';
import { startCostWorld, type CostWorld } from '../cost/world.js';

const schema = createSchema({ rateLimiter: createMemoryRateLimiter(systemClock), onDefect: () => {} });

/** What is said of an operation; null: it may run. */
function refusalOf(source: string, given: Readonly<Record<string, unknown>> = {}): string | null {
  const document = parse(source);
  const operation = getOperationAST(document) as OperationDefinitionNode;
  const variables = variablesOf(schema, operation, given);
  if (!('values' in variables)) throw new Error('the variables do not fit');
  return tooManyCallsRead(schema, document, operation, variables.values)?.message ?? null;
}

const recent = (times: number, first: string | number): string =>
  `{ ${Array.from({ length: times }, (_, i) => `r${i}: recentCalls(first: ${first}) { id }`).join(' ')} }`;
const references = (count: number) => ({
  r: Array.from({ length: count }, (_, i) => ({ __typename: 'Call', id: `${i}` })),
});
const ENTITIES = 'query ($r: [_Any!]!) { _entities(representations: $r) { ... on Call { id } } }';

describe('an operation', () => {
  it.each([
    ['15 × recentCalls(first: 50)', recent(15, 50), {}, 750],
    ['5 × recentCalls(first: 50)', recent(5, 50), {}, 250],
    ['the default of 20, 11 times', recent(11, 20).replaceAll('(first: 20)', ''), {}, 220],
    ['numbers in a variable', `query ($n: Int! = 1) ${recent(5, '$n')}`, { n: 41 }, 205],
    ['a default in a variable', `query ($n: Int! = 41) ${recent(5, '$n')}`, {}, 205],
    ['openCalls 13 times', `{ ${'abcdefghijklm'.replaceAll(/./g, '$&: openCalls { id } ')} }`, {}, 208],
    ['fields in fragments', `{ ...F ... { ...F } } fragment F on Query ${recent(5, 50)}`, {}, 250],
    ['200 references and a call', ENTITIES.replace('{ _ent', '{ call(id: "a") { id } _ent'), references(200), 201],
  ])('is refused before it reads too many calls: %s', (_name, source, variables, reads) => {
    expect(refusalOf(source, variables)).toBe(
      `The operation reads up to ${reads} calls, and one may read 200. Please ask in several.`,
    );
  });

  it.each([
    ['4 × recentCalls(first: 50)', recent(4, 50), {}],
    ['200 references', ENTITIES, references(200)],
    ['the same field many times under one name', `{ ${'openCalls { id } '.repeat(20)} }`, {}],
    [
      'a number that is refused anyway',
      '{ a: recentCalls(first: 1000000) { id } b: recentCalls(first: -1) { id } }',
      {},
    ],
    ['mutations', `mutation { ${'abcdefghijklmno'.replaceAll(/./g, '$&: reportRinging(callId: "c") { id } ')} }`, {}],
  ])('is run up to the limit: %s', (_name, source, variables) => {
    expect(refusalOf(source, variables)).toBeNull();
  });
});

describe('over HTTP', () => {
  let world: CostWorld;
  beforeAll(async () => {
    world = await startCostWorld();
  });
  afterAll(() => world.close());

  it.each([[undefined], [{}]])('the answer is the same on both ways (extensions: %j)', async (extensions) => {
    const body = JSON.stringify({ query: recent(15, 50), extensions });
    expect(JSON.parse(await world.post(body, 'alice'))).toMatchObject({
      errors: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED', status: 400, retryable: false } }],
    });
    const within = JSON.stringify({ query: recent(4, 50), extensions });
    expect(JSON.parse(await world.post(within, 'alice'))).toEqual({ data: { r0: [], r1: [], r2: [], r3: [] } });
  });

  it.each([[undefined], [{}]])(
    'strangers are told what they lack in the place of each field (extensions: %j)',
    async (extensions) => {
      const query = '{ __typename callRelay { turnTtlSeconds } openCalls { id } }';
      const { data, errors } = JSON.parse(await world.post(JSON.stringify({ query, extensions }))) as {
        data: object;
        errors: { path: string[]; extensions: { code: string } }[];
      };
      expect(data).toEqual({ __typename: 'Query', callRelay: null, openCalls: null });
      expect(errors.map(({ path, extensions: { code } }) => [path[0], code])).toEqual([
        ['callRelay', 'CALL_RELAY_UNAUTHORIZED'],
        ['openCalls', 'CALL_UNAUTHORIZED'],
      ]);
      // More than a stranger can need: with a session it is run.
      const long = JSON.stringify({ query: `{ openCalls { ${'id '.repeat(60)} } }`, extensions });
      expect(JSON.parse(await world.post(long))).toMatchObject({
        errors: [{ extensions: { code: 'CALL_UNAUTHORIZED' } }],
      });
      expect(JSON.parse(await world.post(long, 'alice'))).toEqual({ data: { openCalls: [] } });
      // Now it is known, and costs nothing any more.
      expect(JSON.parse(await world.post(long))).toMatchObject({ errors: [{ path: ['openCalls'] }] });
    },
  );
});
