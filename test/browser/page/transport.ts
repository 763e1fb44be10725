import { ApolloClient, ApolloLink, HttpLink, InMemoryCache } from '@apollo/client';
import { SetContextLink } from '@apollo/client/link/context';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { OperationTypeNode } from 'graphql';
import { createClient } from 'graphql-ws';
import { apolloTransport, callSocket, graphqlWsTransport } from '../../../src/client/index.js';
import type { Transport } from '../../../src/client/index.js';

/** @param origin of the service @param carrier see `PhoneOptions` */
export function createTransport(origin: string, carrier: string, accessToken: () => Promise<string>): Transport {
  // Kept for requests: while a page is left there is no time to fetch one.
  let kept: string | null = null;
  const fresh = async (): Promise<string> => (kept = `Bearer ${await accessToken()}`);
  if (carrier === 'callSocket') {
    return graphqlWsTransport(callSocket({ url: `${origin}/graphql`, token: accessToken }));
  }
  const socket = createClient({
    url: `${origin.replace(/^http/, 'ws')}/graphql`,
    connectionParams: async () => ({ authorization: await fresh() }),
    shouldRetry: () => true,
    retryAttempts: Infinity,
    retryWait: () => new Promise((resolve) => setTimeout(resolve, 50)),
  });
  if (carrier === 'graphql-ws') return graphqlWsTransport(socket);
  const http = new SetContextLink(async () => ({ headers: { authorization: kept ?? (await fresh()) } })).concat(
    new HttpLink({ uri: `${origin}/graphql` }),
  );
  const apollo = new ApolloClient({
    cache: new InMemoryCache(),
    link: ApolloLink.split(
      ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
      new GraphQLWsLink(socket),
      http,
    ),
  });
  return apolloTransport(apollo, socket);
}
