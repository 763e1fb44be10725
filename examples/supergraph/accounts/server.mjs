// The subgraph that owns accounts and devices. In the place of a database: two who can call each other.
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { GraphQLError, parse } from 'graphql';
import { readFileSync } from 'node:fs';

const { PORT = '4102', GATEWAY_SECRET } = process.env;

const NAMES = new Map([
  ['alice', 'Alice Liddell'],
  ['bob', 'Bob the Builder'],
]);
const account = ({ id }) => {
  const displayName = NAMES.get(id);
  return displayName === undefined ? null : { id, displayName, avatarUrl: `https://avatars.example/${id}.png` };
};
const device = ({ id, accountId }) => ({
  id,
  accountId,
  name: id,
  platform: id.endsWith('phone') ? 'Android' : 'Linux',
});

const server = new ApolloServer({
  schema: buildSubgraphSchema({
    typeDefs: parse(readFileSync(new URL('schema.graphql', import.meta.url), 'utf8')),
    resolvers: {
      Query: { account: (_root, { id }) => account({ id }) },
      Account: { __resolveReference: account },
      Device: { __resolveReference: device },
    },
  }),
});
const { url } = await startStandaloneServer(server, {
  listen: { host: '127.0.0.1', port: Number(PORT) },
  // A subgraph believes whoever reaches it in what it asks for, so that only gateways may reach it.
  context: async ({ req }) => {
    if (GATEWAY_SECRET === undefined || req.headers['x-gateway-secret'] === GATEWAY_SECRET) return {};
    throw new GraphQLError('Requests come through the gateway.', {
      extensions: { code: 'FORBIDDEN', http: { status: 403 } },
    });
  },
});
console.log(`accounts listening on ${url}`);
