// Stock GraphQL Yoga on node:http.
import { createSchema, createYoga } from 'graphql-yoga';
import { createServer } from 'node:http';
import { callRelay, ready, typeDefs } from './work.mjs';

const resolvers = {
  Query: { callRelay: (_root, _args, { request }) => callRelay(request.headers.get('authorization')) },
};
const server = createServer(createYoga({ schema: createSchema({ typeDefs, resolvers }), logging: false }));
server.listen(0, '127.0.0.1', () => ready(server.address().port));
