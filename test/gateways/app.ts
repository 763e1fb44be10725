import { ApolloClient, ApolloLink, HttpLink, InMemoryCache } from '@apollo/client';
import { SetContextLink } from '@apollo/client/link/context';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { OperationTypeNode } from 'graphql';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { apolloTransport } from '../../src/client/apollo-transport.js';
import { execute } from '../../src/client/retry.js';
import { CallStream, type CallEvent, type EventOf } from '../../src/client/stream.js';
import type { Document } from '../../src/client/generated/documents.js';
import { eventually } from '../support/process.js';

// Node 20 has none, and GraphQLWsLink looks at the global one.
(globalThis as { WebSocket?: unknown }).WebSocket ??= WebSocket;

/** How long anything may take, with a gateway that has to be started again in between. */
const PATIENCE_MS = 90_000;

/** A device on Apollo Client, with the stream and the retries of this project's client. */
export class App {
  /** Every event handled, in order. */
  readonly events: CallEvent[] = [];
  readonly stream: CallStream;
  readonly #abort = new AbortController();
  readonly #client: ApolloClient;
  readonly #socket;
  readonly #transport;

  /** @param origin of the gateway, or of what stands before it */
  constructor(origin: string, token: () => Promise<string>) {
    const authorization = async (): Promise<string> => `Bearer ${await token()}`;
    this.#socket = createClient({
      url: `${origin.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: async () => ({ authorization: await authorization() }),
      shouldRetry: () => true,
      retryAttempts: Infinity,
      retryWait: () => new Promise((resolve) => setTimeout(resolve, 100)),
    });
    const http = new SetContextLink(async () => ({ headers: { authorization: await authorization() } })).concat(
      new HttpLink({ uri: `${origin}/graphql` }),
    );
    this.#client = new ApolloClient({
      cache: new InMemoryCache(),
      link: ApolloLink.split(
        ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
        new GraphQLWsLink(this.#socket),
        http,
      ),
    });
    this.#transport = apolloTransport(this.#client, this.#socket);
    this.stream = new CallStream(this.#transport, { cursor: null }, (event) => this.events.push(event));
    this.stream.open();
  }

  /** Sent again until it is answered. */
  run<Result, Variables>(document: Document<Result, Variables>, variables: Variables): Promise<Result> {
    return execute(this.#transport, document, variables, this.#abort.signal, PATIENCE_MS);
  }

  all<Name extends CallEvent['__typename']>(name: Name): EventOf<Name>[] {
    return this.events.filter((event): event is EventOf<Name> => event.__typename === name);
  }

  /** Waits for an event of a kind that holds. */
  async first<Name extends CallEvent['__typename']>(
    name: Name,
    holds: (event: EventOf<Name>) => boolean = () => true,
  ): Promise<EventOf<Name>> {
    await eventually(() => this.all(name).some(holds), PATIENCE_MS);
    return this.all(name).find(holds)!;
  }

  async close(): Promise<void> {
    this.#abort.abort();
    this.stream.close();
    this.#client.stop();
    await this.#socket.dispose();
  }
}
