import { ApolloClient, ApolloLink, HttpLink, InMemoryCache } from '@apollo/client';
import { SetContextLink } from '@apollo/client/link/context';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { OperationTypeNode } from 'graphql';
import { apolloTransport, callSocket, createCallClient } from 'voip-call-signaling/client';
import type { CallClient } from 'voip-call-signaling/client';
import { createAccessToken } from './access-token';
import type { Identity } from './identity';

export interface Phone {
  readonly client: CallClient;
  close(): void;
}

/** Everything that one device needs to call and be called, through an Apollo Client. */
export function openPhone({ account, device }: Identity): Phone {
  const accessToken = createAccessToken(account, device);
  const socket = callSocket({ url: '/graphql', token: accessToken });
  const http = new SetContextLink(async ({ tokenRefused = false }) => ({
    headers: { authorization: `Bearer ${(await accessToken({ refused: tokenRefused })).token}` },
  })).concat(new HttpLink({ uri: '/graphql' }));
  const apollo = new ApolloClient({
    cache: new InMemoryCache(),
    link: ApolloLink.split(
      ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
      new GraphQLWsLink(socket),
      http,
    ),
  });

  const client = createCallClient({
    transport: apolloTransport(apollo, socket),
    // A call survives a reload of the page: the other side is told that the connection is lost, and waits for it.
    storage: sessionStorage,
    onPageHide: 'keep',
    storageKey: `calls of ${account} on ${device}`,
  });
  return {
    client,
    close: () => {
      client.close();
      apollo.stop();
      void socket.dispose();
    },
  };
}
