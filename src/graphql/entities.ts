import { mapSchema, MapperKind } from '@graphql-tools/utils';
import type { GraphQLSchema } from 'graphql';
import { SignalingError } from '../errors.js';
import { LIMITS } from '../limits.js';

/**
 * Lets `_entities` answer for the named types, each by its id, and for nothing else. Other types have no reference
 * resolver, so that whatever a caller says of one would be believed: it could read the names of anybody's devices.
 */
export function guardEntities(schema: GraphQLSchema, types: readonly string[]): GraphQLSchema {
  const isKnown = (representation: unknown): boolean => {
    const { __typename, id } = Object(representation) as { __typename?: unknown; id?: unknown };
    return types.includes(__typename as string) && typeof id === 'string';
  };
  return mapSchema(schema, {
    [MapperKind.QUERY_ROOT_FIELD]: (field, name) => {
      const { resolve } = field;
      if (name !== '_entities' || !resolve) return field;
      return {
        ...field,
        resolve: (root, { representations }: { representations: readonly unknown[] }, context, info) => {
          if (representations.length > LIMITS.entityRepresentations) {
            throw invalid(`at most ${LIMITS.entityRepresentations}`);
          }
          // One that is wrong is an error in its place: the others are answered.
          return representations.map((representation) =>
            isKnown(representation)
              ? (resolve(root, { representations: [representation] }, context, info) as unknown[])[0]
              : invalid(`${types.join(' or ')}, by id`),
          );
        },
      };
    },
  });
}

function invalid(limit: string): SignalingError {
  return new SignalingError('CALL_INPUT_INVALID', { message: `representations: ${limit}.` });
}
