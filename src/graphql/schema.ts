// type-graphql's decorators need it before any decorated class is loaded.
import 'reflect-metadata';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { printSchemaWithDirectives } from '@graphql-tools/utils';
import { parse, type GraphQLSchema } from 'graphql';
import { buildSchemaSync, createResolversMap } from 'type-graphql';
import { authDirective, federationLinks, rateLimitDirective } from './directives.js';
import { guardSchema, type GuardOptions } from './guard.js';
import { RelayResolver } from './relay.resolver.js';

export interface SchemaOptions {
  /** Whether `@auth` and `@rateLimit` are composed into a supergraph. Default true. */
  readonly composeDirectives?: boolean;
}

/** The federation subgraph without anything in force: what is printed to schema/schema.graphql. */
export function buildSubgraph({ composeDirectives = true }: SchemaOptions = {}): GraphQLSchema {
  const code = buildSchemaSync({
    resolvers: [RelayResolver],
    directives: [authDirective, rateLimitDirective],
    validate: false,
  });
  return buildSubgraphSchema([
    { typeDefs: parse(federationLinks(composeDirectives)) },
    { typeDefs: parse(printSchemaWithDirectives(code)), resolvers: createResolversMap(code) as never },
  ]);
}

/** The executable schema, with `@auth` and `@rateLimit` in force. */
export function createSchema(options: SchemaOptions & GuardOptions): GraphQLSchema {
  return guardSchema(buildSubgraph(options), options);
}
