import { notConnected, refused } from './errors.js';
import type { CallError, GraphqlFailure } from './errors.js';
import { dataOf } from './transport.js';
import type { GraphqlResult, Transport } from './transport.js';

/** What is used of a `Client` of graphql-ws. */
export interface GraphqlWsClient {
  subscribe(
    payload: { readonly query: string; readonly variables?: Record<string, unknown> },
    sink: { next(result: GraphqlResult): void; error(error: unknown): void; complete(): void },
  ): () => void;
  on(event: 'closed', listener: () => void): () => void;
  terminate(): void;
}

/**
 * Everything over one WebSocket, by a client of graphql-ws. It should be made with `shouldRetry: () => true`,
 * `retryAttempts: Infinity` and a bounded `retryWait`, as the protocol says, and fetch a token in `connectionParams`.
 */
export function graphqlWsTransport(client: GraphqlWsClient): Transport {
  return {
    execute: ({ text }, variables, signal) =>
      new Promise((resolve, reject) => {
        let result: GraphqlResult | null = null;
        const settle = (settled: () => void): void => {
          signal.removeEventListener('abort', abort);
          settled();
        };
        const stop = client.subscribe(
          { query: text, variables: variables as Record<string, unknown> },
          {
            next: (next) => (result = next),
            error: (error) => settle(() => reject(failureOf(error))),
            complete: () =>
              settle(() => {
                try {
                  if (!result) throw notConnected();
                  resolve(dataOf(result));
                } catch (error) {
                  reject(error);
                }
              }),
          },
        );
        // Rejects before it stops: to be stopped completes it.
        const abort = (): void => {
          reject(notConnected());
          stop();
        };
        signal.addEventListener('abort', abort);
      }),

    subscribe: ({ text }, variables, sink) => {
      const unlisten = client.on('closed', () => sink.lost());
      const end = (ended: () => void): void => {
        unlisten();
        ended();
      };
      const stop = client.subscribe(
        { query: text, variables: variables as Record<string, unknown> },
        {
          next: ({ data, errors }) => {
            if (errors?.length) sink.error(refused(errors));
            else sink.next(data as never);
          },
          error: (error) => end(() => sink.error(failureOf(error))),
          complete: () => end(() => sink.complete()),
        },
      );
      return () => end(stop);
    },

    renew: () => client.terminate(),
  };
}

/** The errors of an operation come as an array; everything else is a socket that failed. */
function failureOf(error: unknown): CallError {
  return Array.isArray(error) ? refused(error as GraphqlFailure[]) : notConnected();
}
