import { ApolloServer } from '@apollo/server';
import type { Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { claimDirectory } from '../../src/directory/claim-directory.js';
import { apolloOptions } from '../../src/graphql/apollo.js';
import { createOperation, type CallContext, type Services } from '../../src/graphql/context.js';
import { createMasker } from '../../src/graphql/errors.js';
import { createExecutor } from '../../src/graphql/executor.js';
import { guardSchema } from '../../src/graphql/guard.js';
import { asLogin } from '../../src/host/authenticator.js';
import { createSessions } from '../../src/identity/session.js';
import type { Viewer } from '../../src/identity/viewer.js';
import { createJwtAuthenticator } from '../../src/jwt/authenticator.js';
import { createMemoryRateLimiter } from '../../src/memory/rate-limiter.js';
import { systemClock } from '../../src/ports.js';
import { createHttp } from '../../src/server/http.js';
import { createConnections } from '../../src/server/connections.js';
import { createProxies } from '../../src/server/proxies.js';
import { createShares } from '../../src/server/shares.js';
import { createStrangers } from '../../src/server/strangers.js';
import type { Connection } from '../../src/server/websocket-connection.js';
import { attachWebSocket, type WebSocketOptions } from '../../src/server/attach.js';
import type { WebSocketDoor } from '../../src/server/websocket.js';
import { createTestLogin, type TestLogin } from './tokens.js';
import { subgraph, type SchemaWorld, type WorldContext } from './ws-schema.js';
import { openWire, type WireClient, type WireOptions } from './ws-client.js';

/** A server with both doors on one port of its own, real tokens, and a schema of the cases that doors have to handle. */
export interface WsWorld extends SchemaWorld {
  readonly login: TestLogin;
  readonly door: WebSocketDoor;
  readonly url: string;
  readonly port: number;
  readonly server: Server;
  readonly defects: unknown[];
  /** Opens a gate that an operation waits at. */
  open(name: string): void;
  /** How many connections the server has at present. */
  held(): Promise<number>;
  /** What the server has read from its sockets, in bytes. */
  bytesRead(): number;
  /** Operations that wait at a gate. */
  readonly waitingAt: ReadonlySet<string>;
  /** A Bearer token; of account-1 on device-1 for an hour unless the claims say otherwise. */
  bearer(claims?: Readonly<Record<string, unknown>>): Promise<string>;
  /** A socket that has been let in, of an account of its own unless the claims say otherwise. */
  connect(claims?: Readonly<Record<string, unknown>>, options?: WireOptions): Promise<WireClient>;
  /** The body of the answer to a POST. */
  post(query: string, variables?: unknown, authorization?: string): Promise<unknown>;
  close(): Promise<void>;
}

export type WsWorldOptions = Partial<Omit<WebSocketOptions, 'executor' | 'contextFor' | 'path'>> & {
  readonly introspection?: boolean;
  /** Told of connections that had to make room. */
  readonly onDropped?: (of: 'address' | 'account') => void;
  readonly port?: number;
  readonly login?: TestLogin;
  /** Shown the connection of each operation. */
  readonly contextHook?: (connection: Connection) => void;
};

export async function startWsWorld({
  introspection = true,
  port = 0,
  onDropped = () => {},
  ...options
}: WsWorldOptions = {}): Promise<WsWorld> {
  const login = options.login ?? (await createTestLogin());
  const authenticator = createJwtAuthenticator({
    keys: { publicKeyPem: login.publicPem },
    issuer: login.issuer,
    audience: login.audience,
    clock: systemClock,
  });
  const defects: unknown[] = [];
  const onDefect = (error: unknown): void => void defects.push(error);
  const sessions = createSessions({
    login: asLogin(authenticator, { onDefect }),
    directory: claimDirectory,
    clock: systemClock,
  });
  const masker = createMasker({ onDefect, suggestions: introspection });
  const schema = guardSchema(subgraph, { rateLimiter: createMemoryRateLimiter(systemClock) });
  const executor = createExecutor({ schema, masker, introspection });
  const apollo = new ApolloServer<CallContext>({
    ...apolloOptions({ executor, masker, introspection, rateLimiter: createMemoryRateLimiter(systemClock) }),
    stopOnTerminationSignals: false,
  });
  await apollo.start();

  const strangers = options.strangers ?? createStrangers({ clock: systemClock });
  const trustProxy = options.trustProxy ?? null;
  const shares = createShares(systemClock);
  const rules = {
    shares,
    allowsOrigin: options.allowsOrigin ?? (() => false),
    gatewaySecret: options.gatewaySecret ?? null,
    trustProxy,
    strangers,
    connections: createConnections({ proxies: createProxies(trustProxy), clock: systemClock, shares, onDropped }),
  };
  const contextOf = (identify: () => Promise<Viewer>, connection?: Connection): WorldContext => ({
    ...createOperation({} as Services, identify),
    world,
    ...(connection && { connection }),
  });
  const app = await createHttp({
    apollo,
    executor,
    onAnswered: () => {},
    context: ({ headers }) => contextOf(() => sessions.viewerOf(headers.authorization, { headers })),
    onDefect,
    ...rules,
  });
  let epoch = 0;
  const door = attachWebSocket(app.server, {
    path: '/graphql',
    executor,
    authenticate: (authorization, request) => sessions.viewerOf(authorization, request),
    nextEpoch: () => (epoch += 1),
    contextFor: (connection) => {
      options.contextHook?.(connection);
      return contextOf(() => Promise.resolve(connection.viewer), connection);
    },
    maxSockets: 1_000,
    clock: systemClock,
    onDefect,
    ...options,
    ...rules,
  });
  const connections = new Set<Socket>();
  app.server.on('connection', (socket: Socket) => connections.add(socket));
  await app.listen({ host: '127.0.0.1', port });
  const address = app.server.address() as AddressInfo;
  const url = `ws://127.0.0.1:${address.port}/graphql`;

  const gates = new Map<string, (name: string) => void>();
  const clients: WireClient[] = [];
  const bearer: WsWorld['bearer'] = async (claims) => `Bearer ${await login.token(claims)}`;
  const world: WsWorld = {
    login,
    door,
    url,
    port: address.port,
    server: app.server,
    streams: [],
    bigAnswers: 0,
    defects,
    gate: (name) => new Promise((resolve) => gates.set(name, resolve)),
    open: (name) => {
      gates.get(name)?.(name);
      gates.delete(name);
    },
    held: () =>
      new Promise((resolve, reject) =>
        app.server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
      ),
    bytesRead: () => [...connections].reduce((sum, socket) => sum + socket.bytesRead, 0),
    get waitingAt() {
      return new Set(gates.keys());
    },
    bearer,
    connect: async (claims, wireOptions) => {
      const client = await openWire(url, wireOptions);
      clients.push(client);
      await client.init(await bearer({ sub: `account-of-socket-${clients.length}`, ...claims }));
      return client;
    },
    post: async (query, variables, authorization) => {
      const response = await fetch(url.replace('ws:', 'http:'), {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(authorization !== undefined && { authorization }) },
        body: JSON.stringify({ query, variables }),
      });
      return response.json();
    },
    close: async () => {
      for (const { socket } of clients) socket.terminate();
      await door.close();
      await app.close();
      await apollo.stop();
      await authenticator.close();
    },
  };
  return world;
}

/** Resolves when the check holds; the test's own time limit is the only other end. */
export async function until(check: () => boolean): Promise<void> {
  while (!check()) await new Promise((resolve) => setTimeout(resolve, 2));
}
