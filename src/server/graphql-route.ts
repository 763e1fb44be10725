import type { ApolloServer } from '@apollo/server';
import { fastifyApolloHandler } from '@as-integrations/fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { OperationTypeNode, type ExecutionResult, type GraphQLFormattedError } from 'graphql';
import { startAnswerTime } from '../graphql/answer-time.js';
import type { CallContext } from '../graphql/context.js';
import type { Executor } from '../graphql/executor.js';
import { GRAPHQL_RESPONSE, httpPolicy } from '../graphql/http-policy.js';
import { next, type Soon } from '../soon.js';

export interface GraphqlRouteOptions {
  readonly apollo: ApolloServer<CallContext>;
  /** When left out, Apollo Server answers everything. */
  readonly executor?: Executor;
  readonly context: (request: { headers: FastifyRequest['headers'] }) => CallContext;
  /** Told of each operation that did not go by way of Apollo Server. */
  readonly onAnswered?: (outcome: 'ok' | 'error', seconds: number) => void;
}

/** An operation sent in the way that nearly all are: a document, and perhaps variables, by POST as JSON. */
interface PlainOperation {
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>> | null;
  readonly operationName?: string | null;
}

type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;

/**
 * GraphQL over HTTP by Apollo Server, with a short way for plain operations: they go straight to the executor that
 * WebSocket uses too, which keeps parsed and validated documents. The answers are the same on both ways.
 */
export function graphqlRoute({ apollo, executor, context, onAnswered }: GraphqlRouteOptions): Handler {
  const byApollo = fastifyApolloHandler(apollo, {
    context: (request) => Promise.resolve(context(request)),
  }) as Handler;

  return async (request, reply) => {
    reply.header('cache-control', 'no-store');
    if (!executor || !isPlain(request)) return byApollo(request, reply);
    const contextValue = context(request);
    const seconds = startAnswerTime(contextValue);
    const answer = await answerOf(executor, request.body as PlainOperation, contextValue);
    // Apollo Server has the words for a subscription that comes by HTTP.
    if (answer === null) return byApollo(request, reply);

    const accept = request.headers.accept ?? '';
    const policy = httpPolicy(answer, accept);
    const mediaType = accept.includes(GRAPHQL_RESPONSE) ? GRAPHQL_RESPONSE : 'application/json';
    reply.code(policy.status).header('content-type', `${mediaType}; charset=utf-8`);
    if (policy.retryAfterSeconds > 0) reply.header('retry-after', String(policy.retryAfterSeconds));
    onAnswered?.(answer.errors ? 'error' : 'ok', seconds());
    return JSON.stringify(policy.withoutData ? { errors: answer.errors } : answer);
  };
}

type Answer = Pick<ExecutionResult, 'data'> & { readonly errors?: readonly GraphQLFormattedError[] };

/** Reads and runs in this turn what need not wait. @returns null for a subscription */
function answerOf(executor: Executor, operation: PlainOperation, contextValue: CallContext): Soon<Answer | null> {
  const { query, variables, operationName } = operation;
  return next(contextValue.callSignaling.identified(), (isIdentified) => {
    const prepared = executor.prepare({ query, operationName }, isIdentified ? 'identified' : 'stranger');
    if (!('document' in prepared)) return { errors: executor.masked(prepared) };
    if (prepared.operation.operation === OperationTypeNode.SUBSCRIPTION) return null;
    const { document } = prepared;
    const { schema } = executor;
    const running = executor.run({ schema, document, contextValue, variableValues: variables, operationName });
    return next(running as Soon<ExecutionResult>, (result) => {
      if (!result.errors) return result as Answer;
      const errors = executor.masked(result.errors);
      return result.data === undefined ? { errors } : { errors, data: result.data };
    });
  });
}

/** Anything out of the ordinary is Apollo Server's: GET, persisted queries, bodies and headers that are not as they should be. */
function isPlain({ method, headers, body }: FastifyRequest): boolean {
  if (method !== 'POST' || !headers['content-type']?.startsWith('application/json')) return false;
  if (!isPlainAccept(headers.accept ?? '*/*') || typeof body !== 'object' || body === null) return false;
  const { query, variables, operationName, extensions } = body as Record<string, unknown>;
  return (
    typeof query === 'string' &&
    query !== '' &&
    extensions === undefined &&
    (variables == null || (typeof variables === 'object' && !Array.isArray(variables))) &&
    (operationName == null || typeof operationName === 'string')
  );
}

/** No quality values, nothing but JSON of some kind. */
export function isPlainAccept(accept: string): boolean {
  return accept.split(',').every((range) => PLAIN_RANGES.includes(range.trim()));
}

const PLAIN_RANGES = ['*/*', 'application/json', GRAPHQL_RESPONSE];
