import { parse } from 'graphql';
import type { DocumentNode } from 'graphql';
import type { Document } from './generated/documents.js';
import { CallError, notConnected, refused } from './errors.js';
import type { GraphqlFailure } from './errors.js';
import type { GraphqlWsClient } from './graphql-ws-transport.js';
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
  query(options: ApolloOptions & { readonly query: DocumentNode }): Promise<unknown>;
  mutate(options: ApolloOptions & { readonly mutation: DocumentNode }): Promise<unknown>;
  subscribe(options: ApolloOptions & { readonly query: DocumentNode }): {
    subscribe(observer: { next(result: ApolloResult): void; error(error: unknown): void; complete(): void }): {
      unsubscribe(): void;
    };
  };
}

/**
 * Everything through the links of an Apollo Client: mutations and queries by HTTP, say, the stream by its
 * `GraphQLWsLink`.
 *
 * @param socket the graphql-ws client under that link, where it is at hand: tells at once when the connection is lost, and
 *   takes a stream back from another page even while something else goes over the old connection
 */
export function apolloTransport(
  client: ApolloClientLike,
  socket?: Pick<GraphqlWsClient, 'on' | 'terminate'>,
): Transport {
  return {
    execute: async (document, variables, signal) => {
      const options = optionsFor(variables, signal);
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
        return dataOf({ data });
      } catch (error) {
        throw failureOf(error);
      }
    },

    subscribe: (document, variables, sink) => {
      const unlisten = socket?.on('closed', () => sink.lost());
      const end = (ended: () => void): void => {
        unlisten?.();
        ended();
      };
      const subscription = client.subscribe({ ...optionsFor(variables), query: nodeOf(document) }).subscribe({
        next: ({ data, error }) => {
          if (error) sink.error(failureOf(error));
          else if (data) sink.next(data as never);
        },
        error: (error) => end(() => sink.error(failureOf(error))),
        complete: () => end(() => sink.complete()),
      });
      return () => end(() => subscription.unsubscribe());
    },

    renew: () => socket?.terminate(),
  };
}

function optionsFor(variables: unknown, signal?: AbortSignal): ApolloOptions {
  return {
    variables: variables as Record<string, unknown>,
    fetchPolicy: 'no-cache',
    errorPolicy: 'none',
    context: { queryDeduplication: false, ...(signal && { fetchOptions: { signal } }) },
  };
}

const nodes = new WeakMap<Document<unknown, unknown>, DocumentNode>();

/** Apollo Client knows a document by its identity. */
function nodeOf(document: Document<unknown, unknown>): DocumentNode {
  let node = nodes.get(document);
  if (!node) nodes.set(document, (node = parse(document.text)));
  return node;
}

/** `CombinedGraphQLErrors` has the errors of the response; everything else is a network that failed. */
function failureOf(error: unknown): CallError {
  if (error instanceof CallError) return error;
  const { errors } = (error ?? {}) as { readonly errors?: readonly GraphqlFailure[] };
  return Array.isArray(errors) ? refused(errors) : notConnected();
}
