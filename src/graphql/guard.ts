import { getDirective, mapSchema, MapperKind } from '@graphql-tools/utils';
import { defaultFieldResolver, GraphQLObjectType, type GraphQLFieldConfig, type GraphQLSchema } from 'graphql';
import { SignalingError, type ErrorCode } from '../errors.js';
import { actingFor } from '../identity/acting.js';
import type { Viewer } from '../identity/viewer.js';
import type { RateLimit, RateLimiter } from '../ports.js';
import { caught, next, orRejected, type Soon } from '../soon.js';
import type { CallContext } from './context.js';
import type { RateLimitArguments } from './directives.js';

/** Fields that refuse in words of their own. */
const OWN_WORDS: Record<string, { unauthorized: ErrorCode; rateLimited: ErrorCode }> = {
  callRelay: { unauthorized: 'CALL_RELAY_UNAUTHORIZED', rateLimited: 'CALL_RELAY_RATE_LIMITED' },
};
const COMMON_WORDS = { unauthorized: 'CALL_UNAUTHORIZED', rateLimited: 'CALL_RATE_LIMITED' } as const;

export type Refusal = 'unauthenticated' | 'rate_limited' | 'unavailable';

export interface GuardOptions {
  readonly rateLimiter: RateLimiter;
  /** The limit in force for a bucket, where it is not what the schema declares. */
  readonly limitOf?: (bucket: string, declared: RateLimit) => RateLimit;
  /** Told of every execution that was refused before its resolver ran. */
  readonly onRefused?: (fieldName: string, refusal: Refusal, viewer: Viewer | null) => void;
  /** Entity types that `_entities` can reach, each with the query field whose directives protect it. */
  readonly references?: Readonly<Record<string, string>>;
}

type Resolver = (root: unknown, args: unknown, context: CallContext, info: unknown) => unknown;
type ReferenceResolver = (reference: unknown, context: CallContext, info: unknown) => unknown;

interface Guard {
  /** The caller. @throws SignalingError in the field's own words */
  identify(context: CallContext): Soon<Viewer>;
  /** Runs the work for a caller who is let in; the permit comes back if the failure is ours. */
  run(context: CallContext, work: () => unknown): unknown;
}

/**
 * Puts `@auth` and `@rateLimit` in force wherever the schema uses them: on fields of queries, mutations and
 * subscriptions, and on entity references. Each execution counts, so aliases and batches cannot multiply a permit.
 */
export function guardSchema(schema: GraphQLSchema, options: GuardOptions): GraphQLSchema {
  return mapSchema(schema, {
    [MapperKind.OBJECT_FIELD]: (field, fieldName, typeName, source) => {
      const guard = guardOf(source, field, fieldName, options);
      if (!guard) return field;
      const resolve = (field.resolve ?? defaultFieldResolver) as Resolver;
      const through =
        (resolver: Resolver): Resolver =>
        (root, args, context, info) =>
          guard.run(context, () => resolver(root, args, context, info));
      if (typeName !== source.getSubscriptionType()?.name) return { ...field, resolve: through(resolve) };
      // A stream takes its permit when it begins; each event is given only to a caller who is still let in.
      return {
        ...field,
        subscribe: through(field.subscribe as Resolver),
        resolve: (root, args, context: CallContext, info) =>
          next(guard.identify(context), () => resolve(root, args, context, info)),
      };
    },
    [MapperKind.OBJECT_TYPE]: (type, source) => {
      const fieldName = options.references?.[type.name];
      if (fieldName === undefined) return type;
      const field = source.getQueryType()?.toConfig().fields[fieldName];
      const guard = field && guardOf(source, field, fieldName, options);
      const { apollo } = type.extensions as { apollo?: { subgraph?: { resolveReference?: ReferenceResolver } } };
      const resolveReference = apollo?.subgraph?.resolveReference;
      if (!guard || !resolveReference) throw new TypeError(`${type.name} has no reference guarded by ${fieldName}`);
      const through: ReferenceResolver = (reference, context, info) =>
        // What is thrown at once would be taken for the failure of all references that came together.
        orRejected(() => guard.run(context, () => resolveReference(reference, context, info)));
      return new GraphQLObjectType({
        ...type.toConfig(),
        extensions: {
          ...type.extensions,
          apollo: { ...apollo, subgraph: { ...apollo?.subgraph, resolveReference: through } },
        },
      });
    },
  });
}

function guardOf(
  source: GraphQLSchema,
  field: GraphQLFieldConfig<unknown, unknown>,
  fieldName: string,
  { rateLimiter, limitOf = (_bucket, declared) => declared, onRefused }: GuardOptions,
): Guard | null {
  const limit = getDirective(source, field, 'rateLimit')?.[0] as RateLimitArguments | undefined;
  if (!getDirective(source, field, 'auth') && !limit) return null;
  const words = OWN_WORDS[fieldName] ?? COMMON_WORDS;

  const identify = (context: CallContext): Soon<Viewer> =>
    caught(context.callSignaling.viewer, (error) => {
      const unauthorized = error instanceof SignalingError && error.code === 'CALL_UNAUTHORIZED';
      onRefused?.(fieldName, unauthorized ? 'unauthenticated' : 'unavailable', null);
      throw unauthorized ? new SignalingError(words.unauthorized) : error;
    });

  const run = (context: CallContext, work: () => unknown): unknown =>
    next(identify(context), (viewer) => actingFor(viewer.accountId, () => permitted(viewer, work)));

  const permitted = (viewer: Viewer, work: () => unknown): unknown => {
    if (!limit) return work();
    return next(rateLimiter.take(keyOf(limit, viewer), limitOf(limit.bucket, limit)), (permit) => {
      if (!permit.granted) {
        onRefused?.(fieldName, 'rate_limited', viewer);
        throw new SignalingError(words.rateLimited, { retryAfterMs: permit.retryAfterMs });
      }
      return caught(work, async (error) => {
        if (isOurFailure(error)) await permit.giveBack();
        throw error;
      });
    });
  };

  return { identify, run };
}

/** Length-prefixed, so that no two pairs of ids give the same key. */
function keyOf(limit: RateLimitArguments, viewer: Viewer): string {
  const account = `${limit.bucket}:${viewer.accountId.length}:${viewer.accountId}`;
  return limit.scope === 'DEVICE' ? `${account}:${viewer.deviceId}` : account;
}

/** Not the caller's doing; of several requests that shared one piece of failed work, only the one that did it. */
function isOurFailure(error: unknown): boolean {
  return error instanceof SignalingError ? error.status >= 500 && error.details.shared !== true : true;
}
