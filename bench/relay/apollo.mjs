// Stock Apollo Server, standalone.
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { callRelay, ready, typeDefs } from './work.mjs';

const resolvers = { Query: { callRelay: (_root, _args, { authorization }) => callRelay(authorization) } };
const { url } = await startStandaloneServer(new ApolloServer({ typeDefs, resolvers }), {
  listen: { port: 0, host: '127.0.0.1' },
  context: async ({ req }) => ({ authorization: req.headers.authorization }),
});
ready(new URL(url).port);
