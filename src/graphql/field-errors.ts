import { mapSchema, MapperKind } from '@graphql-tools/utils';
import type { GraphQLFieldConfig, GraphQLSchema } from 'graphql';
import { fieldError, type OnDefect } from './errors.js';

type Resolve = NonNullable<GraphQLFieldConfig<unknown, unknown>['resolve']>;

/**
 * Makes every field of the schema throw its errors as they may be sent: code, status and words are the same in Apollo
 * Server, in a schema that a host merged with its own, in graphql-js alone and in a host's own graphql-ws.
 */
export function maskFields(schema: GraphQLSchema, onDefect: OnDefect): GraphQLSchema {
  const fail = (thrown: unknown): never => {
    throw fieldError(thrown, onDefect);
  };
  /** What a resolver may give: a value, a promise of one, or a list of either, in which an error stands in its place. */
  const settled = (value: unknown): unknown => {
    if (value instanceof Promise) return value.then(settled, fail);
    if (value instanceof Error) return fieldError(value, onDefect);
    return Array.isArray(value) ? value.map(settled) : value;
  };
  const masked =
    (resolve: Resolve): Resolve =>
    (...given) => {
      try {
        return settled(resolve(...given));
      } catch (error) {
        return fail(error);
      }
    };
  return mapSchema(schema, {
    [MapperKind.OBJECT_FIELD]: ({ resolve, subscribe, ...field }) => ({
      ...field,
      ...(resolve && { resolve: masked(resolve as Resolve) }),
      ...(subscribe && { subscribe: masked(subscribe as Resolve) }),
    }),
  });
}
