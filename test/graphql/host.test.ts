/** The schema merged with a host's own, run by Apollo Server, by graphql-js alone, and by the host's own graphql-ws. */
import { ApolloServer } from '@apollo/server';
import { mergeSchemas, makeExecutableSchema } from '@graphql-tools/schema';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { buildSchema, graphql, GraphQLError, parse, subscribe, type ExecutionResult } from 'graphql';
import { createClient, type Client } from 'graphql-ws';
import { useServer } from 'graphql-ws/use/ws';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { SignalingError } from '../../src/errors.js';
import type { CallContext } from '../../src/graphql/context.js';
import { maskFields } from '../../src/graphql/field-errors.js';
import { createCallSignaling } from '../../src/signaling.js';
import type { CallSignaling } from '../../src/signaling/parts.js';

const EXPIRES_MS = 3_600_000;
const config = {
  requestedTtlSeconds: 86_400,
  clientTtlSeconds: 43_200,
  rateLimit: { max: 20, windowSeconds: 600 },
  providers: [{ type: 'shared-secret' as const, secret: 'of the tests' }],
  relay: { urls: ['turn:turn.example.com:3478?transport=udp'] },
};
const shut = new GraphQLError('The shop is shut.', { extensions: { code: 'SHOP_SHUT', opensAt: 'nine' } });
const hostSchema = makeExecutableSchema({
  typeDefs: 'type Query { shop: String broken: String needed: String! call2: String }',
  resolvers: {
    Query: {
      shop: () => Promise.reject(shut),
      broken: () => Promise.reject(new Error('said by the host')),
      call2: () => 'a call of the host',
    },
  },
});

let signaling: CallSignaling;
let schema: CallSignaling['schema'];
let sockets: WebSocketServer;
let url: string;
const clients: Client[] = [];
beforeAll(async () => {
  signaling = createCallSignaling({
    authenticator: async (token) => ({
      accountId: token,
      deviceId: 'phone',
      issuedAt: Date.now() - 1_000,
      expiresAt: Date.now() + (token === 'brief' ? 1_500 : EXPIRES_MS),
    }),
    relay: { config },
  });
  schema = mergeSchemas({ schemas: [signaling.schema, hostSchema] });
  sockets = new WebSocketServer({ port: 0 });
  const context = ({ connectionParams }: { connectionParams?: Record<string, unknown> | undefined }) =>
    signaling.context({ headers: { authorization: connectionParams?.['authorization'] as string | undefined } });
  useServer({ schema, context }, sockets);
  await once(sockets, 'listening');
  url = `ws://127.0.0.1:${(sockets.address() as AddressInfo).port}`;
});
afterAll(async () => {
  for (const client of clients) await client.dispose();
  await new Promise((resolve) => sockets.close(resolve));
  await signaling.close();
});

const contextOf = (account: string | null): CallContext =>
  signaling.context({ headers: account === null ? {} : { authorization: `Bearer ${account}` } });
const REFUSED = {
  message: 'Authentication required to obtain call relay credentials.',
  path: ['callRelay'],
  extensions: { code: 'CALL_RELAY_UNAUTHORIZED', status: 401, retryable: false },
};
const QUERY = '{ shop callRelay { turnTtlSeconds } broken }';

describe("in a host's merged schema", () => {
  it('Apollo Server leaves the errors of the host alone, and says ours in our words', async () => {
    const apollo = new ApolloServer<CallContext>({ ...signaling.apollo, schema });
    const { body } = await apollo.executeOperation({ query: QUERY }, { contextValue: contextOf(null) });
    const errors = body.kind === 'single' ? (body.singleResult.errors ?? []) : [];
    const of = (field: string) => errors.find(({ path }) => path?.[0] === field);
    expect(of('shop')).toMatchObject({ message: shut.message, extensions: { code: 'SHOP_SHUT', opensAt: 'nine' } });
    expect(of('broken')).toMatchObject({ message: 'said by the host' });
    expect(of('callRelay')).toMatchObject(REFUSED);
    const wrong = await apollo.executeOperation({ query: '{ nope }' }, { contextValue: contextOf(null) });
    expect(wrong.body).toMatchObject({
      singleResult: { errors: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED', status: 400 } }] },
    });
  });

  it('graphql-js alone says ours in our words too', async () => {
    const { errors = [] } = await graphql({ schema, source: QUERY, contextValue: contextOf(null) });
    const sent = JSON.parse(JSON.stringify(errors)) as { path: string[] }[];
    expect(sent.find(({ path }) => path[0] === 'callRelay')).toMatchObject(REFUSED);
    const input = { callId: 'no-such-call' };
    const source = 'mutation ($input: HangUpCallInput!) { hangUpCall(input: $input) { id } }';
    const missing = await graphql({ schema, source, contextValue: contextOf('alice'), variableValues: { input } });
    expect(missing.errors?.[0]?.extensions).toMatchObject({ code: 'CALL_NOT_FOUND', status: 404, retryable: false });
  });
});

describe("over a host's own graphql-ws", () => {
  function connect(account: string | null): Client {
    const connectionParams = account === null ? {} : { authorization: `Bearer ${account}` };
    const client = createClient({ url, connectionParams, webSocketImpl: WebSocket, retryAttempts: 0 });
    clients.push(client);
    return client;
  }
  const events = (account: string) =>
    connect(account).iterate<{ callEvents: { __typename: string; reason?: string } }>({
      query: 'subscription { callEvents { __typename ... on StreamClosed { reason } } }',
    });
  const next = async (stream: ReturnType<typeof events>) => {
    const { value } = await stream.next();
    return (value as ExecutionResult<{ callEvents: object }> | undefined)?.data?.callEvents;
  };

  it('a stream works: calls come in', async () => {
    const stream = events('bob');
    expect(await next(stream)).toEqual({ __typename: 'StreamReady' });
    const input = { clientCallId: 'c'.repeat(36), calleeAccountId: 'bob', media: 'AUDIO', offerSdp: 'v=0' };
    const source = 'mutation ($input: StartCallInput!) { startCall(input: $input) { outcome } }';
    const { data } = await graphql({ schema, source, contextValue: contextOf('alice'), variableValues: { input } });
    expect(data).toEqual({ startCall: { outcome: 'CREATED' } });
    expect(await next(stream)).toEqual({ __typename: 'CallInvited' });
    await stream.return?.();
  });

  it('the newer stream of a device takes the place of the older', async () => {
    const older = events('carol');
    expect(await next(older)).toEqual({ __typename: 'StreamReady' });
    const newer = events('carol');
    expect(await next(newer)).toEqual({ __typename: 'StreamReady' });
    expect(await next(older)).toEqual({ __typename: 'StreamClosed', reason: 'TAKEN_OVER' });
    await newer.return?.();
  });

  it('a stream ends with its session, and with its device', async () => {
    const [brief, revoked] = [events('brief'), events('dave')];
    expect(await next(revoked)).toEqual({ __typename: 'StreamReady' });
    expect(await next(brief)).toEqual({ __typename: 'StreamReady' });
    await signaling.revokeDevice('dave', 'phone');
    expect(await next(revoked)).toEqual({ __typename: 'StreamClosed', reason: 'DEVICE_REVOKED' });
    expect(await next(brief)).toEqual({ __typename: 'StreamClosed', reason: 'SESSION_EXPIRED' });
    expect((await brief.next()).done).toBe(true);
  });

  it('a stranger is told what is missing', async () => {
    const refused = connect(null).iterate({ query: 'subscription { callEvents { __typename } }' });
    const { value } = await refused.next();
    expect(value).toMatchObject({ errors: [{ extensions: { code: 'CALL_UNAUTHORIZED', status: 401 } }] });
  });
});

describe('what a field throws', () => {
  const defects: [unknown, string][] = [];
  const secret = new Error('password=hunter2');

  it.each([
    [
      'at once',
      () => {
        throw secret;
      },
    ],
    ['later', () => Promise.reject(secret)],
    ['as a value', () => secret],
    ['in a list', () => ['fine', Promise.reject(secret)]],
    ['as an element', () => Promise.resolve(['fine', secret])],
  ])('%s is masked there, and told of with the id that is sent', async (_how, resolve) => {
    defects.length = 0;
    const typeDefs = 'type Query { f: [String] }';
    const own = makeExecutableSchema({ typeDefs, resolvers: { Query: { f: resolve } } });
    const { errors } = await graphql({
      schema: maskFields(own, (error, correlationId) => defects.push([error, correlationId])),
      source: '{ f }',
    });
    const [[error, correlationId] = []] = defects;
    expect(error).toBe(secret);
    expect(JSON.stringify(errors)).not.toContain('hunter2');
    expect(errors?.[0]?.extensions).toEqual({
      code: 'INTERNAL_SERVER_ERROR',
      status: 500,
      retryable: false,
      correlationId,
    });
  });

  it('when a subscription begins, too', async () => {
    const typeDefs = 'type Query { f: String } type Subscription { s: Int }';
    const begin = () => Promise.reject(new SignalingError('CALL_UNAVAILABLE'));
    const own = makeExecutableSchema({ typeDefs, resolvers: { Subscription: { s: { subscribe: begin } } } });
    const result = await subscribe({ schema: maskFields(own, () => {}), document: parse('subscription { s }') });
    expect((result as ExecutionResult).errors?.[0]?.extensions).toMatchObject({
      code: 'CALL_UNAVAILABLE',
      status: 503,
    });
  });

  it('leaves fields without a resolver as they are', async () => {
    expect(
      await graphql({
        schema: maskFields(buildSchema('type Query { f: String }'), () => {}),
        source: '{ f }',
        rootValue: { f: 'fine' },
      }),
    ).toEqual({
      data: { f: 'fine' },
    });
  });
});
