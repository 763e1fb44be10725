// Stock Mercurius on Fastify.
import fastify from 'fastify';
import mercurius from 'mercurius';
import { callRelay, ready, typeDefs } from './work.mjs';

const app = fastify();
await app.register(mercurius, {
  schema: typeDefs,
  resolvers: { Query: { callRelay: (_root, _args, { authorization }) => callRelay(authorization) } },
  context: (request) => ({ authorization: request.headers.authorization }),
});
await app.listen({ port: 0, host: '127.0.0.1' });
ready(app.server.address().port);
