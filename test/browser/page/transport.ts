import { ApolloClient, ApolloLink, HttpLink, InMemoryCache } from '@apollo/client';
import { SetContextLink } from '@apollo/client/link/context';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { OperationTypeNode } from 'graphql';
import { createClient } from 'graphql-ws';
import { apolloTransport, callSocket, graphqlWsTransport } from '../../../src/client/index.js';
import type { Transport } from '../../../src/client/index.js';

/** @param origin of the service @param carrier see `PhoneOptions` */
export function createTransport(origin: string, carrier: string, accessToken: () => Promise<string>): Transport {
  const authorization = async (): Promise<string> => `Bearer ${await accessToken()}`;
  if (carrier === 'callSocket') {
    return graphqlWsTransport(callSocket({ url: `${origin}/graphql`, token: accessToken }));
  }
  const socket = createClient({
    url: `${origin.replace(/^http/, 'ws')}/graphql`,
    connectionParams: async () => ({ authorization: await authorization() }),
    shouldRetry: () => true,
    retryAttempts: Infinity,
    retryWait: () => new Promise((resolve) => setTimeout(resolve, 50)),
  });
  if (carrier === 'graphql-ws') return graphqlWsTransport(socket);
  const http = new SetContextLink(async () => ({ headers: { authorization: await authorization() } })).concat(
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
