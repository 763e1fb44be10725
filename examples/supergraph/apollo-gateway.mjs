// The supergraph behind @apollo/gateway: queries and mutations. It has no subscriptions; clients of these subscribe elsewhere.
import { ApolloGateway, RemoteGraphQLDataSource } from '@apollo/gateway';
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { readFileSync } from 'node:fs';
import { unavailable } from './unavailable.mjs';

const { PORT, SUPERGRAPH_FILE, GATEWAY_SECRET } = process.env;

/** Who asks goes along to the subgraphs, and how long to wait comes back. */
class Subgraph extends RemoteGraphQLDataSource {
  willSendRequest({ request, context }) {
    request.http.headers.set('x-gateway-secret', GATEWAY_SECRET);
    if (context.authorization) request.http.headers.set('authorization', context.authorization);
  }

  didReceiveResponse({ response, context }) {
    const seconds = Number(response.http.headers.get('retry-after') ?? 0);
    context.retryAfterSeconds = Math.max(context.retryAfterSeconds ?? 0, seconds);
    return response;
  }

  didEncounterError() {
    throw unavailable();
  }
}

const retryAfter = {
  requestDidStart: async () => ({
    willSendResponse: async ({ response, contextValue: { retryAfterSeconds = 0 } }) => {
      if (retryAfterSeconds > 0) response.http.headers.set('retry-after', String(retryAfterSeconds));
    },
  }),
};

const server = new ApolloServer({
  gateway: new ApolloGateway({
    supergraphSdl: readFileSync(SUPERGRAPH_FILE, 'utf8'),
    buildService: ({ url }) => new Subgraph({ url }),
  }),
  plugins: [retryAfter],
  includeStacktraceInErrorResponses: false,
});
const { url } = await startStandaloneServer(server, {
  listen: { host: '127.0.0.1', port: Number(PORT) },
  context: async ({ req }) => ({ authorization: req.headers.authorization }),
});
console.log(`Apollo Gateway listening on ${url}`);
