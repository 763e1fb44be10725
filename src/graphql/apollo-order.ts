import { HeaderMap, type ApolloServerPlugin, type GraphQLRequestContext } from '@apollo/server';
import { GraphQLError, OperationTypeNode, parse, type DocumentNode } from 'graphql';
import type { RateLimit, RateLimiter } from '../ports.js';
import type { CallContext } from './context.js';
import type { Caller } from './documents.js';
import type { Masker } from './errors.js';
import { checkedVariables, type Executor } from './executor.js';
import { SUBSCRIPTIONS } from './http-policy.js';

export interface OrderOptions {
  /** Shares its documents: what one of the two found valid, the other does not read again. */
  readonly executor: Executor;
  readonly masker: Masker;
  /** Counts the persisted queries that an account registers. Strangers register none. */
  readonly rateLimiter: RateLimiter;
}

/** How many documents an account may register to be known by their hash. */
const PERSISTED_QUERIES: RateLimit = { max: 60, windowSeconds: 60 };

/** Read in the place of a document that is refused before Apollo Server would read it. */
const NOTHING = parse('{ __typename }');

/**
 * The order in which an operation is looked at, as in the executor: its caller, its document within the caller's budget,
 * its variables and what it reads, and then it runs.
 */
export function orderOfCost({ executor, masker, rateLimiter }: OrderOptions): ApolloServerPlugin<CallContext> {
  return {
    requestDidStart: async ({ schema, contextValue }) => {
      // Where a host merged the schema with its own, it decides who may ask for what.
      const isOurs = schema === executor.schema;
      let caller: Caller = 'stranger';
      let refusal: GraphQLError | null = null;
      return {
        didResolveSource: async (request) => {
          if (!isOurs || (await isIdentified(contextValue))) caller = 'identified';
          const known = isOurs ? executor.documents.get(request.source) : undefined;
          const read = known ?? executor.documents.read(request.source, caller);
          if (read instanceof GraphQLError) refusal = read;
          // One that is new is left to Apollo Server, which has the host's rules too.
          if (refusal ?? known) (request as { document?: DocumentNode }).document = known ?? NOTHING;
        },
        didResolveOperation: async (request) => {
          if (refusal) throw refusal;
          if (isOurs) executor.documents.keep(request.source, request.document, caller);
          refuseSubscription(request);
          const { metrics } = request;
          if (metrics.persistedQueryRegister && isOurs) {
            metrics.persistedQueryRegister = caller === 'identified' && (await registers(contextValue, rateLimiter));
          }
        },
        responseForOperation: async ({ document, operation, request }) => {
          const checked = operation && checkedVariables(schema, document, operation, request.variables);
          if (!checked || !('errors' in checked)) return null;
          const sent = checked.errors.map((error) => masker(error.toJSON(), error));
          return {
            http: { headers: new HeaderMap() },
            body: { kind: 'single', singleResult: { errors: sent } },
          };
        },
      };
    },
  };
}

/** A host may forget the context of ours: then it knows no callers. */
async function isIdentified({ callSignaling }: Partial<CallContext>): Promise<boolean> {
  return (await callSignaling?.identified()) ?? false;
}

/** Who registers what others would have to find again is not told: the document is answered, and sent whole next time. */
async function registers({ callSignaling }: CallContext, limiter: RateLimiter): Promise<boolean> {
  try {
    const { accountId } = await callSignaling.viewer();
    return (await limiter.take(`persistedQuery:${accountId.length}:${accountId}`, PERSISTED_QUERIES)).granted;
  } catch {
    return false;
  }
}

/** Without this a subscription sent by POST would be executed as if it were a query. */
function refuseSubscription({ operation }: Pick<GraphQLRequestContext<CallContext>, 'operation'>): void {
  if (operation?.operation !== OperationTypeNode.SUBSCRIPTION) return;
  throw new GraphQLError(SUBSCRIPTIONS, {
    extensions: { code: 'BAD_REQUEST' },
  });
}
