import { parse } from 'graphql';
import type { DocumentNode } from 'graphql';
import type { Document } from './generated/documents.js';
import { errorOf, graphqlErrorsIn, retryAfterMs } from './answers.js';
import type { GraphqlFailure } from './answers.js';
import { CallError, notConnected } from './errors.js';
import { tellOf } from './graphql-ws-transport.js';
import type { GraphqlWsClient } from './graphql-ws-transport.js';
import { watch } from './liveness.js';
import { onDoubt } from './platform.js';
import { dataOf } from './transport.js';
import type { Transport } from './transport.js';

interface ApolloResult {
  readonly data?: unknown;
  readonly error?: unknown;
}

interface ApolloOptions {
  readonly variables: Record<string, unknown>;
  /** Calls are no matter for a cache: it would merge the events of one with another's. */
  readonly fetchPolicy: 'no-cache';
  readonly errorPolicy: 'none';
  readonly context: Record<string, unknown>;
}

/** What is used of an `ApolloClient` of Apollo Client 4. */
export interface ApolloClientLike {
  readonly link?: unknown;
  query(options: ApolloOptions & { readonly query: DocumentNode }): Promise<unknown>;
  mutate(options: ApolloOptions & { readonly mutation: DocumentNode }): Promise<unknown>;
  subscribe(options: ApolloOptions & { readonly query: DocumentNode }): {
    subscribe(observer: { next(result: ApolloResult): void; error(error: unknown): void; complete(): void }): {
      unsubscribe(): void;
    };
  };
}

/**
 * Everything through the links of an Apollo Client: mutations and queries by HTTP, say, the stream by its `GraphQLWsLink`.
 *
 * @param socket the graphql-ws client under that link, such as `callSocket` makes. Where it is left out it is looked for in the
 *   links. With it a connection that is lost or dead is noticed, and left for a new one; without it the stream is only
 *   subscribed again when the network changes, when the page is looked at again, and when it does not begin in time.
 */
export function apolloTransport(client: ApolloClientLike, socket = socketIn(client.link)): Transport {
  if (socket) watch(socket);
  /** An answer said so: what comes next carries it in its context, where a link may see that a kept token is of no use. */
  let tokenRefused = false;
  const failed = (error: unknown): CallError => {
    const failure = failureOf(error);
    if (failure.code === 'CALL_UNAUTHORIZED') tokenRefused = true;
    return failure;
  };
  return {
    execute: async (document, variables, signal, leaving = false) => {
      const options = optionsFor(variables, tokenRefused, signal, leaving);
      const node = nodeOf(document);
      const aborted = new Promise<never>((_, reject) =>
        signal.addEventListener('abort', () => reject(notConnected()), { once: true }),
      );
      try {
        const answer = document.text.startsWith('mutation')
          ? client.mutate({ ...options, mutation: node })
          : client.query({ ...options, query: node });
        const { data, error } = (await Promise.race([answer, aborted])) as ApolloResult;
        if (error) throw error;
        tokenRefused = false;
        return dataOf({ data });
      } catch (error) {
        throw failed(error);
      }
    },

    subscribe: (document, variables, sink) => {
      const again = (): void =>
        end(() => {
          subscription.unsubscribe();
          sink.complete();
        });
      const unlisten = socket ? tellOf(socket, sink) : onDoubt(again);
      const end = (ended: () => void): void => {
        unlisten();
        ended();
      };
      const options = { ...optionsFor(variables, tokenRefused), query: nodeOf(document) };
      const subscription = client.subscribe(options).subscribe({
        next: ({ data, error }) => {
          if (error) sink.error(failed(error));
          else if (data) sink.next(data as never);
        },
        error: (error) => end(() => sink.error(failed(error))),
        complete: () => end(() => sink.complete()),
      });
      return () => end(() => subscription.unsubscribe());
    },

    renew: () => socket?.terminate(),
  };
}

/** Apollo Client keeps which links a link was made of, and a `GraphQLWsLink` its client. */
interface Link {
  readonly left?: Link;
  readonly right?: Link;
  readonly client?: GraphqlWsClient;
}

function socketIn(link: unknown): GraphqlWsClient | undefined {
  if (typeof link !== 'object' || link === null) return undefined;
  const { left, right, client } = link as Link;
  if (typeof client?.terminate === 'function' && typeof client.on === 'function') return client;
  return socketIn(left) ?? socketIn(right);
}

function optionsFor(
  variables: unknown,
  tokenRefused: boolean,
  signal?: AbortSignal,
  keepalive?: boolean,
): ApolloOptions {
  return {
    variables: variables as Record<string, unknown>,
    fetchPolicy: 'no-cache',
    errorPolicy: 'none',
    context: {
      queryDeduplication: false,
      tokenRefused,
      ...(signal && { fetchOptions: { signal, ...(keepalive && { keepalive }) } }),
    },
  };
}

const nodes = new WeakMap<Document<unknown, unknown>, DocumentNode>();

/** Apollo Client knows a document by its identity. */
function nodeOf(document: Document<unknown, unknown>): DocumentNode {
  let node = nodes.get(document);
  if (!node) nodes.set(document, (node = parse(document.text)));
  return node;
}

/** What is read of the errors of Apollo Client: `CombinedGraphQLErrors`, `ServerError`, `ServerParseError`. */
interface ApolloFailure {
  readonly errors?: readonly GraphqlFailure[];
  readonly statusCode?: number;
  readonly bodyText?: string;
  readonly response?: { readonly headers?: Pick<Headers, 'get'> };
  readonly message?: string;
}

/** Everything else is a network that failed. */
function failureOf(error: unknown): CallError {
  if (error instanceof CallError) return error;
  const { errors, statusCode, bodyText = '', response, message = '' } = (error ?? {}) as ApolloFailure;
  // In these words GraphQLWsLink passes on how its socket was closed.
  const [, closeCode] = /^Socket closed with event (\d+)/.exec(message) ?? [];
  return errorOf({
    errors: errors ?? graphqlErrorsIn(bodyText),
    status: statusCode,
    closeCode: closeCode === undefined ? undefined : Number(closeCode),
    retryAfterMs: retryAfterMs(response?.headers),
  });
}
