import { ApolloServer } from '@apollo/server';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { parse, print, subscribe, type ExecutionResult } from 'graphql';
import { astFromDirective } from '@graphql-tools/utils';
import { SignalingError } from '../../src/errors.js';
import { apolloOptions } from '../../src/graphql/apollo.js';
import { createOperation, type CallContext, type Services } from '../../src/graphql/context.js';
import { authDirective, rateLimitDirective, RateLimitScopeType } from '../../src/graphql/directives.js';
import { createMasker } from '../../src/graphql/errors.js';
import { createExecutor } from '../../src/graphql/executor.js';
import { guardSchema, type GuardOptions } from '../../src/graphql/guard.js';
import { createMemoryRateLimiter } from '../../src/memory/rate-limiter.js';

const directives = [authDirective, rateLimitDirective]
  .map((directive) => print(astFromDirective(directive)))
  .join('\n');
const scopes = RateLimitScopeType.getValues().map(({ name }) => name);
const typeDefs = parse(`
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.5", import: ["@key"])
  ${directives}
  enum RateLimitScope { ${scopes.join(' ')} }
  type Query {
    open: String
    mine: String @auth
    few: String @auth @rateLimit(bucket: "few", max: 3, windowSeconds: 60)
    alsoFew: String @auth @rateLimit(bucket: "few", max: 3, windowSeconds: 60)
    perDevice: String @auth @rateLimit(bucket: "perDevice", max: 1, windowSeconds: 60, scope: DEVICE)
    callRelay: String @auth @rateLimit(bucket: "callRelay", max: 1, windowSeconds: 60)
    thing(id: ID!): Thing @auth @rateLimit(bucket: "things", max: 2, windowSeconds: 60)
  }
  type Mutation { change: String @auth @rateLimit(bucket: "change", max: 1, windowSeconds: 60) }
  type Subscription { ticks: Int @auth @rateLimit(bucket: "ticks", max: 1, windowSeconds: 60) }
  type Thing @key(fields: "id") { id: ID! owner: String }
`);

/** What the resolvers throw or give, set by each test. */
let work: () => unknown = () => 'done';
let runs = 0;
const resolver = (): unknown => {
  runs += 1;
  return work();
};
async function* counting(): AsyncGenerator<{ ticks: number }> {
  yield { ticks: 1 };
  yield { ticks: 2 };
}
const fields = ['mine', 'few', 'alsoFew', 'perDevice', 'callRelay'];
const subgraph = buildSubgraphSchema({
  typeDefs,
  resolvers: {
    Query: {
      open: () => 'open',
      ...Object.fromEntries(fields.map((field) => [field, resolver])),
      thing: (_root: unknown, { id }: { id: string }) => ({ id, owner: 'alice' }),
    },
    Mutation: { change: resolver },
    Subscription: { ticks: { subscribe: () => counting() } },
    Thing: { __resolveReference: ({ id }: { id: string }) => ({ id, owner: 'alice' }) },
  },
});

const defects: unknown[] = [];
const masker = createMasker({ onDefect: (error) => defects.push(error) });

function world(options: Partial<GuardOptions> = {}) {
  let now = 0;
  const refusals: string[] = [];
  const schema = guardSchema(subgraph, {
    rateLimiter: createMemoryRateLimiter({ now: () => now, elapsed: () => now }),
    onRefused: (field, refusal, viewer) => refusals.push(`${field} ${refusal} ${viewer?.accountId ?? '-'}`),
    references: { Thing: 'thing' },
    ...options,
  });
  const executor = createExecutor({ schema, masker, introspection: true });
  const apollo = new ApolloServer<CallContext>(
    apolloOptions({
      executor,
      masker,
      introspection: true,
      rateLimiter: createMemoryRateLimiter({ now: () => now, elapsed: () => now }),
    }),
  );
  const contextOf = (who: string | null): CallContext =>
    createOperation({} as Services, () => {
      if (who === 'unknown keys') return Promise.reject(new SignalingError('CALL_UNAVAILABLE'));
      if (who === null) return Promise.reject(new SignalingError('CALL_UNAUTHORIZED'));
      const [accountId = '', deviceId = ''] = who.split('/');
      return Promise.resolve({ accountId, deviceId, issuedAt: 0, expiresAt: 1 });
    });
  const run = async (query: string, who: string | null = 'alice/phone', variables = {}) => {
    const response = await apollo.executeOperation({ query, variables }, { contextValue: contextOf(who) });
    if (response.body.kind !== 'single') throw new Error('incremental');
    const { data, errors = [] } = response.body.singleResult;
    return { data, codes: errors.map((error) => error.extensions?.['code']), errors };
  };
  return { schema, run, contextOf, refusals, advance: (ms: number) => (now += ms) };
}

beforeEach(() => {
  work = () => 'done';
  runs = 0;
  defects.length = 0;
});

describe('@auth', () => {
  it('lets a caller with a session in, and leaves fields without it alone', async () => {
    const { run } = world();
    expect((await run('{ mine open }')).data).toEqual({ mine: 'done', open: 'open' });
    expect((await run('{ open }', null)).data).toEqual({ open: 'open' });
  });

  it('refuses a caller without a session before anything runs, in the words of the field', async () => {
    const { run, refusals } = world();
    expect(await run('{ mine callRelay }', null)).toMatchObject({
      data: { mine: null, callRelay: null },
      codes: ['CALL_UNAUTHORIZED', 'CALL_RELAY_UNAUTHORIZED'],
    });
    expect(runs).toBe(0);
    expect(refusals).toEqual(['mine unauthenticated -', 'callRelay unauthenticated -']);
  });

  it('tells "cannot know" from "may not"', async () => {
    const { run, refusals } = world();
    expect((await run('{ callRelay }', 'unknown keys')).codes).toEqual(['CALL_UNAVAILABLE']);
    expect(refusals).toEqual(['callRelay unavailable -']);
  });

  it('guards mutations', async () => {
    expect((await world().run('mutation { change }', null)).codes).toEqual(['CALL_UNAUTHORIZED']);
    expect(runs).toBe(0);
  });

  it('guards entity references like the field that names them', async () => {
    const { run } = world();
    const entities = 'query ($r: [_Any!]!) { _entities(representations: $r) { ... on Thing { id owner } } }';
    const r = [{ __typename: 'Thing', id: '1' }];
    expect((await run(entities, null, { r })).codes).toEqual(['CALL_UNAUTHORIZED']);
    expect((await run(entities, 'alice/phone', { r })).data).toEqual({ _entities: [{ id: '1', owner: 'alice' }] });
    const three = [...r, ...r, ...r];
    // One permit went to the request before: of three more references, one is within the limit of two.
    expect((await run(entities, 'alice/phone', { r: three })).codes).toEqual([
      'CALL_RATE_LIMITED',
      'CALL_RATE_LIMITED',
    ]);
  });

  it('guards the beginning of a subscription and each of its events', async () => {
    const { schema, contextOf } = world();
    const start = async (contextValue: CallContext) => {
      const result = await subscribe({ schema, document: parse('subscription { ticks }'), contextValue });
      return result as AsyncGenerator<ExecutionResult> & ExecutionResult;
    };
    const refused = await start(contextOf(null));
    expect((refused.errors?.[0]?.originalError as SignalingError).code).toBe('CALL_UNAUTHORIZED');

    let valid = true;
    const viewer = { accountId: 'alice', deviceId: 'phone', issuedAt: 0, expiresAt: 1 };
    const events = await start({
      callSignaling: {
        ...contextOf(null).callSignaling,
        identified: () => Promise.resolve(valid),
        viewer: () => (valid ? Promise.resolve(viewer) : Promise.reject(new SignalingError('CALL_UNAUTHORIZED'))),
      },
    });
    expect((await events.next()).value).toEqual({ data: { ticks: 1 } });
    valid = false;
    const second = (await events.next()).value as ExecutionResult;
    expect(second.data).toEqual({ ticks: null });
    expect((second.errors?.[0]?.originalError as SignalingError).code).toBe('CALL_UNAUTHORIZED');
  });
});

describe('@rateLimit', () => {
  it('counts every execution: aliases cannot multiply a permit', async () => {
    const { run, refusals } = world();
    const { data, codes, errors } = await run('{ a: few b: few c: few d: few e: alsoFew }');
    expect(data).toEqual({ a: 'done', b: 'done', c: 'done', d: null, e: null });
    expect(codes).toEqual(['CALL_RATE_LIMITED', 'CALL_RATE_LIMITED']);
    expect(errors[0]?.extensions).toMatchObject({ retryAfterSeconds: 60, retryable: true, status: 429 });
    expect(refusals).toEqual(['few rate_limited alice', 'alsoFew rate_limited alice']);
  });

  it('says in whole seconds, rounded up and never 0, when to come back', async () => {
    const { run, advance } = world();
    await run('{ a: few b: few c: few }');
    const wait = async () => (await run('{ few }')).errors[0]?.extensions?.['retryAfterSeconds'];
    advance(58_001);
    expect(await wait()).toBe(2);
    advance(1_998);
    expect(await wait()).toBe(1);
    advance(1);
    expect((await run('{ few }')).data).toEqual({ few: 'done' });
  });

  it('counts per account, or per device where it says so', async () => {
    const { run } = world();
    await run('{ a: few b: few c: few }', 'alice/phone');
    expect((await run('{ few }', 'alice/laptop')).codes).toEqual(['CALL_RATE_LIMITED']);
    expect((await run('{ few }', 'bob/phone')).codes).toEqual([]);
    expect((await run('{ perDevice }', 'alice/phone')).codes).toEqual([]);
    expect((await run('{ perDevice }', 'alice/laptop')).codes).toEqual([]);
    expect((await run('{ perDevice }', 'alice/phone')).codes).toEqual(['CALL_RATE_LIMITED']);
  });

  it('cannot be confused by ids that look like other ids', async () => {
    const { run } = world();
    await run('{ perDevice }', 'a/b:c');
    expect((await run('{ perDevice }', 'a:b/c')).codes).toEqual([]);
  });

  it('can be configured without a change of the schema', async () => {
    const { run } = world({
      limitOf: (bucket, declared) => (bucket === 'few' ? { max: 1, windowSeconds: 5 } : declared),
    });
    expect((await run('{ a: few b: few }')).errors[0]?.extensions).toMatchObject({ retryAfterSeconds: 5 });
  });

  it('gives a permit back when the failure was ours, and only then', async () => {
    const { run } = world();
    const failWith = async (error: Error) => {
      work = () => Promise.reject(error);
      for (let i = 0; i < 3; i += 1) await run('{ few }');
      work = () => 'done';
      return (await run('{ few }')).codes;
    };
    expect(await failWith(new SignalingError('CALL_RELAY_PROVIDER_ERROR'))).toEqual([]);
    expect(await failWith(new SignalingError('CALL_UNAVAILABLE'))).toEqual([]);
    expect(await failWith(new Error('a defect'))).toEqual([]);
    // Nine failures took nothing, three successes took all there is.
    expect((await run('{ few }')).codes).toEqual(['CALL_RATE_LIMITED']);
  });

  it('keeps the permit of a failure that the caller caused, or that another request already accounted for', async () => {
    for (const error of [
      new SignalingError('CALL_NOT_FOUND'),
      new SignalingError('CALL_RELAY_PROVIDER_ERROR', { shared: true }),
    ]) {
      const { run } = world();
      work = () => Promise.reject(error);
      for (let i = 0; i < 3; i += 1) await run('{ few }');
      expect((await run('{ few }')).codes).toEqual(['CALL_RATE_LIMITED']);
    }
  });

  it('lets 20 of 1,000 concurrent requests of one account through at limit 20', async () => {
    const { run } = world({ limitOf: () => ({ max: 20, windowSeconds: 600 }) });
    const results = await Promise.all(Array.from({ length: 1_000 }, () => run('{ callRelay }')));
    expect(results.filter(({ codes }) => codes.length === 0)).toHaveLength(20);
    expect(results.filter(({ codes }) => codes[0] === 'CALL_RELAY_RATE_LIMITED')).toHaveLength(980);
    expect(runs).toBe(20);
  });
});
