import { buildSubgraphSchema } from '@apollo/subgraph';
import { astFromDirective } from '@graphql-tools/utils';
import { GraphQLScalarType, parse, print } from 'graphql';
import { SignalingError, type ErrorCode } from '../../src/errors.js';
import type { CallContext } from '../../src/graphql/context.js';
import { authDirective, rateLimitDirective } from '../../src/graphql/directives.js';
import type { Connection } from '../../src/server/websocket-connection.js';
import { createTestStream, type TestStream } from './ws-stream.js';

/** What the resolvers leave for the test to see and to steer. */
export interface SchemaWorld {
  /** Of `events`, in the order in which they were begun. */
  readonly streams: TestStream[];
  /** How often `big` has been answered. */
  bigAnswers: number;
  /** Resolves when the test opens it. */
  gate(name: string): Promise<string>;
}

const typeDefs = parse(`
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.5", import: ["@key"])
  ${[authDirective, rateLimitDirective].map((directive) => print(astFromDirective(directive))).join('\n')}
  enum RateLimitScope { ACCOUNT DEVICE }
  enum Media { AUDIO VIDEO }
  scalar Odd
  input Signal { sdp: String! media: Media index: Int }
  type Query {
    hello: String!
    mine: String @auth
    few: String @auth @rateLimit(bucket: "few", max: 2, windowSeconds: 60)
    slow(name: ID!): String
    fail(code: String!): String
    must: Int!
    need(code: String!): Int!
    echo(signal: Signal!): String
    big(bytes: Int!): String!
    odd: Odd
    nested: Nested
  }
  type Nested { nested: Nested leaf: String }
  type Mutation { change(signal: Signal!): String @auth hangUpCall(name: ID): String @auth }
  type Event { name: String! }
  type Subscription { events(gate: ID): Event! @auth ticks(count: Int!): Int! broken(code: String!): Int! refused(code: String!): Int! none: Int! }
`);

/** The context of the schema below. */
export interface WorldContext extends CallContext {
  readonly world: SchemaWorld;
  readonly connection?: Connection;
}
type Root = Record<string, (root: unknown, args: never, context: WorldContext) => unknown>;

const failure = (code: string): Error =>
  code === 'DEFECT' ? new Error('connect ECONNREFUSED 10.0.0.5:6379') : new SignalingError(code as ErrorCode);

const Query: Root = {
  hello: () => 'world',
  mine: () => 'mine',
  few: () => 'few',
  slow: (_root, { name }: { name: string }, { world }) => world.gate(name),
  fail: (_root, { code }: { code: string }) => Promise.reject(failure(code)),
  must: () => null,
  need: (_root, { code }: { code: string }) => Promise.reject(failure(code)),
  echo: () => 'echo',
  big: (_root, { bytes }: { bytes: number }, { world }) => {
    world.bigAnswers += 1;
    return 'x'.repeat(bytes);
  },
  odd: () => 1,
  nested: () => ({}),
};
const Mutation: Root = {
  change: () => 'changed',
  hangUpCall: (_root, { name }: { name?: string }, { world }) => (name === undefined ? 'ended' : world.gate(name)),
};
async function* count(to: number): AsyncGenerator<{ ticks: number }> {
  for (let tick = 1; tick <= to; tick += 1) yield { ticks: tick };
}
async function* breaking(code: string): AsyncGenerator<{ broken: number }> {
  yield { broken: 1 };
  throw failure(code);
}
const Subscription: Record<string, { subscribe: Root[string] }> = {
  events: {
    subscribe: async (_root, { gate }: { gate?: string }, { world, connection }) => {
      if (gate !== undefined) await world.gate(gate);
      const stream = createTestStream();
      world.streams.push(stream);
      if (!connection) throw new TypeError('no connection');
      return connection.register(stream);
    },
  },
  ticks: { subscribe: (_root, { count: to }: { count: number }) => count(to) },
  broken: { subscribe: (_root, { code }: { code: string }) => breaking(code) },
  refused: { subscribe: (_root, { code }: { code: string }) => Promise.reject(failure(code)) },
  none: { subscribe: () => 'no stream' },
};
// Serialises to what JSON cannot hold.
const Odd = new GraphQLScalarType({ name: 'Odd', serialize: () => 1n });
/** The cases that doors have to handle, as fields. */
export const subgraph = buildSubgraphSchema({ typeDefs, resolvers: { Query, Mutation, Subscription, Odd } as never });
