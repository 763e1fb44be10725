import { errorOf } from './answers.js';
import type { GraphqlFailure } from './answers.js';
import { notConnected } from './errors.js';
import type { CallError } from './errors.js';
import { watch } from './liveness.js';
import type { WatchedClient } from './liveness.js';
import type { Observable } from './observable.js';
import { dataOf } from './transport.js';
import type { GraphqlResult, StreamSink, Transport } from './transport.js';

/** What is used of a `Client` of graphql-ws, such as `callSocket` makes. */
export interface GraphqlWsClient extends WatchedClient {
  subscribe(
    payload: { readonly query: string; readonly variables?: Record<string, unknown> },
    sink: { next(result: GraphqlResult): void; error(error: unknown): void; complete(): void },
  ): () => void;
  /** That of a `callSocket`. */
  readonly problem?: Observable<CallError | null>;
}

/**
 * Everything over one WebSocket, by a client of graphql-ws: best by `callSocket`. Any other should be made with
 * `shouldRetry: () => true`, `retryAttempts: Infinity` and a bounded `retryWait`, and fetch a token in `connectionParams`.
 */
export function graphqlWsTransport(client: GraphqlWsClient): Transport {
  watch(client);
  /** Operations under way, with the size of what was sent. */
  const underWay = new Map<symbol, number>();
  /** Of all that fail when a connection is closed for what was sent, too big (1009) above all, the largest is at fault. */
  const atFault = new Set<symbol>();
  client.on('closed', (event) => {
    const [largest] = [...underWay].sort(([, a], [, b]) => b - a)[0] ?? [];
    if (failureOf(event).code === 'REFUSED' && largest) atFault.add(largest);
  });
  return {
    execute: ({ text }, variables, signal) =>
      new Promise((resolve, reject) => {
        const id = Symbol();
        underWay.set(id, JSON.stringify(variables).length);
        let result: GraphqlResult | null = null;
        const settle = (settled: () => void): void => {
          underWay.delete(id);
          atFault.delete(id);
          signal.removeEventListener('abort', abort);
          settled();
        };
        const fail = (error: CallError): void => {
          // The token belongs to the connection.
          if (error.code === 'CALL_UNAUTHORIZED') client.terminate();
          reject(error);
        };
        const stop = client.subscribe(
          { query: text, variables: variables as Record<string, unknown> },
          {
            next: (next) => (result = next),
            error: (error) => {
              const failure = failureOf(error);
              const isInnocent = failure.code === 'REFUSED' && codeOf(error) !== undefined && !atFault.has(id);
              settle(() => fail(isInnocent ? notConnected() : failure));
            },
            complete: () =>
              settle(() => {
                try {
                  if (!result) throw notConnected();
                  resolve(dataOf(result));
                } catch (error) {
                  fail(error as CallError);
                }
              }),
          },
        );
        // Rejects before it stops: to be stopped completes it.
        const abort = (): void => {
          settle(() => reject(notConnected()));
          stop();
        };
        signal.addEventListener('abort', abort);
      }),

    subscribe: ({ text }, variables, sink) => {
      const unlisten = tellOf(client, sink);
      const end = (ended: () => void): void => {
        unlisten();
        ended();
      };
      const stop = client.subscribe(
        { query: text, variables: variables as Record<string, unknown> },
        {
          next: ({ data, errors }) => {
            if (errors?.length) sink.error(errorOf({ errors }));
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

/**
 * Tells a subscription how the connection under it does.
 *
 * @returns ends it
 */
export function tellOf(client: GraphqlWsClient, sink: Pick<StreamSink<never>, 'sent' | 'lost'>): () => void {
  const ends = [
    client.on('connected', () => sink.sent()),
    client.on('closed', (event) => {
      const closeCode = codeOf(event);
      sink.lost(closeCode === LEFT ? undefined : errorOf({ closeCode }));
    }),
    client.problem?.subscribe((problem) => problem && sink.lost(problem)),
  ];
  if (watch(client).isConnected) sink.sent();
  return () => ends.forEach((end) => end?.());
}

/** What graphql-ws closes with when it is told to terminate. */
const LEFT = 4499;

function codeOf(event: unknown): number | undefined {
  const { code } = (event ?? {}) as { readonly code?: unknown };
  return typeof code === 'number' ? code : undefined;
}

/** The errors of an operation come as an array; everything else is a socket that failed. */
function failureOf(error: unknown): CallError {
  return Array.isArray(error) ? errorOf({ errors: error as GraphqlFailure[] }) : errorOf({ closeCode: codeOf(error) });
}
