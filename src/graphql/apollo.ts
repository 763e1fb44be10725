import type { ApolloServer, ApolloServerOptions, ApolloServerPlugin, GraphQLRequestListener } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled';
import type { GraphQLSchema, ValidationRule } from 'graphql';
import { startAnswerTime } from './answer-time.js';
import { orderOfCost, type OrderOptions } from './apollo-order.js';
import type { CallContext } from './context.js';
import { hasStatus, httpPolicy } from './http-policy.js';
import { documentRules, parseLimits, validationLimits } from './rules.js';
import type { TrustedDocuments } from './trusted-documents.js';

/** Options for an Apollo Server that serves the schema as this project means it to be served. */
export type ApolloOptions = Pick<
  ApolloServerOptions<CallContext>,
  | 'schema'
  | 'formatError'
  | 'plugins'
  | 'validationRules'
  | 'validationOptions'
  | 'parseOptions'
  | 'documentStore'
  | 'introspection'
  | 'includeStacktraceInErrorResponses'
  | 'allowBatchedHttpRequests'
  | 'persistedQueries'
> & { readonly schema: GraphQLSchema };

export interface ApolloSettings extends OrderOptions {
  /** Whether introspection and "did you mean" are answered. */
  readonly introspection: boolean;
  /** When there are any, no other documents are run. */
  readonly trusted?: TrustedDocuments | undefined;
  /** Told of each operation that was answered. */
  readonly onAnswered?: (outcome: 'ok' | 'error', seconds: number) => void;
}

export function apolloOptions(settings: ApolloSettings): ApolloOptions {
  const { executor, masker, introspection, trusted } = settings;
  return {
    schema: executor.schema,
    formatError: masker,
    plugins: [
      orderOfCost(settings),
      responsePolicy(settings.onAnswered),
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginInlineTraceDisabled(),
      // It comes from a CDN, whether or not the schema is shown.
      ApolloServerPluginLandingPageDisabled(),
    ],
    validationRules: [...documentRules(introspection), ...(trusted ? [trustedRule(trusted)] : [])],
    validationOptions: validationLimits(introspection),
    ...(trusted && { persistedQueries: { cache: cacheOf(trusted) } }),
    parseOptions: parseLimits,
    // Its bound counts entries, and anyone can fill it: the executor's documents take its place.
    documentStore: null,
    // Refused by a rule of ours, in the same words on every transport.
    introspection: true,
    includeStacktraceInErrorResponses: false,
    allowBatchedHttpRequests: false,
  };
}

function trustedRule(trusted: TrustedDocuments): ValidationRule {
  return (context) => {
    const refusal = trusted.refusalOf(context.getDocument());
    if (refusal) context.reportError(refusal);
    return {};
  };
}

/** What Apollo Server finds by an id. Nothing is added to it: what clients register would be none of the list. */
function cacheOf(trusted: TrustedDocuments): ApolloServer['cache'] {
  return {
    get: (key) => Promise.resolve(trusted.textOf(key.replace(/^apq:/, ''))),
    set: () => Promise.resolve(),
    delete: () => Promise.resolve(),
  };
}

type RequestListener = GraphQLRequestListener<CallContext>;
type Answered = Parameters<NonNullable<RequestListener['willSendResponse']>>[0];

/** What HTTP adds to GraphQL. */
function responsePolicy(onAnswered: ApolloSettings['onAnswered']): ApolloServerPlugin<CallContext> {
  return {
    requestDidStart: async ({ contextValue }) => {
      const seconds = startAnswerTime(contextValue);
      return {
        willSendResponse: async (answered) => {
          hideBehindRefusal(answered);
          applyPolicy(answered);
          const { body } = answered.response;
          const failed = body.kind === 'single' && body.singleResult.errors !== undefined;
          onAnswered?.(failed ? 'error' : 'ok', seconds());
        },
      };
    },
  };
}

/** Nothing is told of the schema by what else is wrong with a document that is not trusted. */
function hideBehindRefusal({ response: { body } }: Answered): void {
  if (body.kind !== 'single') return;
  const refusal = body.singleResult.errors?.find(({ extensions }) => extensions?.['code'] === 'QUERY_NOT_IN_SAFELIST');
  if (refusal) body.singleResult.errors = [refusal];
}

/** The status, Retry-After, and that nobody may keep the answer. */
function applyPolicy({ request, response: { http, body } }: Answered): void {
  http.headers.set('cache-control', 'no-store');
  // The method was wrong: that is nothing that GraphQL could say.
  if (http.status === 405 || body.kind !== 'single') return;
  // Nor is what a host's own fields say.
  if (!body.singleResult.errors?.some(hasStatus)) return;
  const policy = httpPolicy(body.singleResult, request.http?.headers.get('accept') ?? '');
  http.status = policy.status;
  if (policy.retryAfterSeconds > 0) http.headers.set('retry-after', String(policy.retryAfterSeconds));
  if (policy.withoutData) delete body.singleResult.data;
}
