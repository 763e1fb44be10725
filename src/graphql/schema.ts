import { buildSubgraphSchema } from '@apollo/subgraph';
import { printSchemaWithDirectives } from '@graphql-tools/utils';
import { parse, type GraphQLSchema } from 'graphql';
import { buildCodeSchema, createResolversMap } from './type-graphql.js';
import type { CallEvent } from '../call/event.js';
import { shapeOfCall } from './call.shape.js';
import type { CallContext } from './context.js';
import { authDirective, federationLinks, rateLimitDirective } from './directives.js';
import { guardSchema, type GuardOptions } from './guard.js';
import { CallResolver, DeviceResolver } from './call.resolver.js';
import { guardEntities } from './entities.js';
import type { OnDefect } from './errors.js';
import { EventResolver } from './event.resolver.js';
import { eventTypes } from './event.types.js';
import { maskFields } from './field-errors.js';
import { RelayResolver } from './relay.resolver.js';

export interface SchemaOptions {
  /** Whether `@auth` and `@rateLimit` are composed into a supergraph. Default true. */
  readonly composeDirectives?: boolean;
}

function neverSubscribed(): never {
  throw new TypeError('subscriptions have sources of their own');
}

/** The federation subgraph without anything in force: what is printed to schema/schema.graphql. */
export function buildSubgraph({ composeDirectives = true }: SchemaOptions = {}): GraphQLSchema {
  const code = buildCodeSchema({
    resolvers: [RelayResolver, CallResolver, DeviceResolver, EventResolver],
    orphanedTypes: [...eventTypes],
    directives: [authDirective, rateLimitDirective],
    // Asked for although every subscription has a source of its own.
    pubSub: { publish: () => {}, subscribe: neverSubscribed },
    // An introspection at each start, for what no setting changes: tests compose it and run everything in it.
    skipCheck: true,
  });
  return buildSubgraphSchema([
    { typeDefs: parse(federationLinks(composeDirectives)) },
    { typeDefs: parse(printSchemaWithDirectives(code)), resolvers: resolversOf(code) as never },
  ]);
}

/** The resolvers of the code, and of references to entities from other subgraphs. */
function resolversOf(code: GraphQLSchema): object {
  const resolvers = createResolversMap(code) as Record<string, object>;
  const resolveReference = async ({ id }: { id: string }, { callSignaling }: CallContext): Promise<object | null> => {
    const view = await (await callSignaling.reads()).call(id);
    return view && shapeOfCall(view);
  };
  return {
    ...resolvers,
    Call: { ...resolvers['Call'], __resolveReference: resolveReference },
    // Told at once: that of the code comes as a promise, for every event.
    CallEvent: { __resolveType: ({ type }: CallEvent) => type },
  };
}

/** What other subgraphs refer to, each with the field whose directives protect it. */
const REFERENCES = { Call: 'call' } as const;

/** The executable schema, with `@auth` and `@rateLimit` in force, whose errors are fit to be sent. */
export function createSchema(options: SchemaOptions & GuardOptions & { readonly onDefect: OnDefect }): GraphQLSchema {
  const subgraph = guardEntities(buildSubgraph(options), Object.keys(REFERENCES));
  return maskFields(guardSchema(subgraph, { ...options, references: REFERENCES }), options.onDefect);
}
