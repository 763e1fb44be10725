/**
 * A host with Apollo's standalone server, which shows nobody its HTTP server; a field of its own; and a listener of its own for
 * upgrades, beside a WebSocketServer of its own.
 */
export const STANDALONE = `
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { mergeSchemas } from '@graphql-tools/schema';
import { createServer } from 'node:http';
import { createCallSignaling, createWebSocket } from 'voip-call-signaling';
import { WebSocketServer } from 'ws';

const signaling = createCallSignaling({
  authenticator: (accountId) => ({ accountId, deviceId: 'phone', issuedAt: Date.now(), expiresAt: Date.now() + 3_600_000 }),
  relay: {
    config: {
      requestedTtlSeconds: 86_400,
      clientTtlSeconds: 43_200,
      rateLimit: { max: 20, windowSeconds: 600 },
      providers: [{ type: 'shared-secret', secret: 'of-the-test' }],
      relay: { urls: ['turn:127.0.0.1:3478?transport=udp'] },
    },
  },
});
const yours = mergeSchemas({
  schemas: [signaling.schema],
  typeDefs: 'extend type Query { hello: String! }',
  resolvers: { Query: { hello: (_root, _args, { greeting }) => greeting } },
});
const graph = signaling.withSchema(yours, ({ accountId }) => ({ greeting: 'hello ' + accountId }));
const apollo = new ApolloServer({ ...graph.apollo, stopOnTerminationSignals: false });
const { url } = await startStandaloneServer(apollo, {
  listen: { port: 0, host: '127.0.0.1' },
  context: async ({ req }) => ({ greeting: 'hello over HTTP', ...signaling.context(req) }),
});

const calls = createWebSocket(graph.websocket);
const chat = new WebSocketServer({ noServer: true });
chat.on('connection', (socket) => socket.on('message', (text) => socket.send('chat: ' + text)));
const server = createServer((_request, response) => response.writeHead(404).end());
server.on('upgrade', (request, wire, head) => {
  if (request.url === '/chat') chat.handleUpgrade(request, wire, head, (socket) => chat.emit('connection', socket));
  else calls.handleUpgrade(request, wire, head);
});
server.listen(0, '127.0.0.1', () => {
  console.log('apollo at ' + new URL(url).origin + ';');
  console.log('listening on http://127.0.0.1:' + server.address().port + '/graphql');
});

process.once('SIGTERM', async () => {
  const closed = new Promise((resolve) => server.close(resolve));
  for (const socket of chat.clients) socket.close();
  chat.close();
  await calls.close();
  await closed;
  await apollo.stop();
  await signaling.close();
});
`;

/** A host with a type-graphql of its own, loaded first, and a second graphql: what becomes of their schemas, as JSON. */
export const OTHER_VERSIONS = `
import 'reflect-metadata';
import { mergeSchemas } from '@graphql-tools/schema';
import * as graphql from 'graphql';
import * as second from 'graphql-second';
import * as library from 'type-graphql';

class Shops {
  shop() {
    return 'open';
  }
}
library.Query(() => String)(Shops.prototype, 'shop', Object.getOwnPropertyDescriptor(Shops.prototype, 'shop'));
library.Resolver()(Shops);

const { createCallSignaling } = await import('voip-call-signaling');
const signaling = createCallSignaling({
  authenticator: (accountId) => ({ accountId, deviceId: 'phone', issuedAt: Date.now(), expiresAt: Date.now() + 3_600_000 }),
  relay: {
    config: {
      requestedTtlSeconds: 60,
      clientTtlSeconds: 30,
      rateLimit: { max: 10, windowSeconds: 60 },
      providers: [{ type: 'shared-secret', secret: 'of-the-test' }],
      relay: { urls: ['turn:127.0.0.1:3478?transport=udp'] },
    },
  },
});
// Only now, when both are loaded.
const own = library.buildSchemaSync({ resolvers: [Shops], validate: false });
const graph = signaling.withSchema(mergeSchemas({ schemas: [signaling.schema, own] }));
const { data, errors } = await graphql.graphql({
  schema: graph.schema,
  source: '{ shop recentCalls(first: 1) { id } callRelay { turnTtlSeconds } }',
  contextValue: signaling.context({ headers: { authorization: 'Bearer alice' } }),
});
let refused = null;
try {
  signaling.withSchema(second.buildSchema('type Query { shop: String }'));
} catch (error) {
  refused = { name: error.constructor.name, message: error.message };
}
const foreign = Object.keys(own.getTypeMap()).filter((name) => name.startsWith('Call'));
console.log(JSON.stringify({ data, errors, foreign, refused }));
await signaling.close();
`;

/** Settings of a strict host, which checks the declarations of packages too. */
export const STRICT = ['--noEmit', '--strict', '--skipLibCheck', 'false', '--target', 'es2022'];

/** What a program writes that runs the standalone server itself, with the types of its settings looked into. */
export const SERVED = `
import { createLog, parseSettings, startServer, type RunningServer, type Settings } from 'voip-call-signaling/server';
import { createRedisAdapters, type RedisAdapters } from 'voip-call-signaling/redis';

export async function serve(env: NodeJS.ProcessEnv): Promise<RunningServer> {
  const settings: Settings = parseSettings(env);
  const port: number = settings.port;
  const key: Uint8Array | null = settings.nameKey;
  // @ts-expect-error It is a number.
  const text: string = settings.maxSockets;
  void [port, key, text];
  return startServer(settings, await createLog({ level: settings.logLevel }));
}
export const keep = (url: string, key: Buffer): RedisAdapters =>
  createRedisAdapters({ url, encryptionKeys: [{ id: 'k1', key }], nameKey: key });
`;

/** What a host writes in TypeScript with all that the README's table names; checked, and not run. */
export const TYPED = `
import { createWebSocket, createCallSignaling, createWebhook, type CallSignalingOptions, type Viewer } from 'voip-call-signaling';
import { createRedisAdapters } from 'voip-call-signaling/redis';
import { createServer } from 'node:http';
import { mergeSchemas } from '@graphql-tools/schema';

const key = Buffer.alloc(32);
const adapters = createRedisAdapters({ url: 'redis://127.0.0.1', encryptionKeys: [{ id: 'k1', key }], nameKey: key });
const webhook = createWebhook({ url: 'https://hooks.example.com', secret: 'c2VjcmV0' });
export function mount(options: Pick<CallSignalingOptions, 'authenticator' | 'relay'>): void {
  const signaling = createCallSignaling({ ...options, adapters, events: webhook, sendWakeUp: webhook.wakeUp });
  const graph = signaling.withSchema(mergeSchemas({ schemas: [signaling.schema] }), (viewer: Viewer) => ({ me: viewer.accountId }));
  const door = createWebSocket({ ...graph.websocket, maxSockets: 10, allowsOrigin: (origin) => origin === 'https://a.example' });
  createServer().on('upgrade', door.handleUpgrade);
  void signaling.revokeDevice('alice', 'phone').then((done: boolean) => done);
  // @ts-expect-error There is no such option.
  createCallSignaling({ ...options, callPolcy: () => true });
}
`;
