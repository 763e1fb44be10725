// Call signaling in a Fastify app, beside a schema of the host's own.
// After `npm run build`:  PORT=4002 node examples/mount-in-fastify/server.mjs
import { ApolloServer } from '@apollo/server';
import fastifyApollo, { fastifyApolloDrainPlugin } from '@as-integrations/fastify';
import { mergeSchemas } from '@graphql-tools/schema';
import fastify from 'fastify';
import { attachWebSocket, createCallSignaling } from 'voip-call-signaling';

const signaling = createCallSignaling({
  authenticator: async (token) =>
    token === 'bob-token'
      ? { accountId: 'bob', deviceId: 'bob-phone', issuedAt: Date.now(), expiresAt: Date.now() + 3_600_000 }
      : null,
  relay: {
    // A provider of your own: anything that gives credentials.
    providers: [
      async ({ ttlSeconds, pseudonym }) => ({
        username: pseudonym,
        password: 'minted-by-your-own-code',
        grantedTtlSeconds: ttlSeconds,
        urls: [],
      }),
    ],
    config: {
      requestedTtlSeconds: 3_600,
      clientTtlSeconds: 1_800,
      rateLimit: { max: 20, windowSeconds: 600 },
      relay: { urls: ['turn:turn.example.com:3478?transport=udp'] },
    },
  },
});

/** The host's own part of the graph: served over HTTP and over WebSocket alike. */
const graph = signaling.withSchema(
  mergeSchemas({
    schemas: [signaling.schema],
    typeDefs: 'extend type Query { shop: String! }',
    resolvers: { Query: { shop: (_root, _args, { shop }) => shop } },
  }),
  () => ({ shop: 'open' }),
);

const app = fastify({ bodyLimit: 256 * 1024 });
const apollo = new ApolloServer({
  ...graph.apollo,
  stopOnTerminationSignals: false,
  plugins: [...graph.apollo.plugins, fastifyApolloDrainPlugin(app)],
});
await apollo.start();
await app.register(fastifyApollo(apollo), {
  // Of all methods, so that what is none of GraphQL's is 405 and says which are; Fastify by itself would say 404.
  method: app.supportedMethods,
  context: async (request) => ({ shop: 'open', ...signaling.context(request) }),
});
const sockets = attachWebSocket(app.server, graph.websocket);
app.addHook('preClose', () => sockets.close());
app.addHook('onClose', () => signaling.close());

console.log(`listening on ${await app.listen({ port: Number(process.env.PORT ?? 4002) })}/graphql`);
process.once('SIGTERM', () => app.close());
