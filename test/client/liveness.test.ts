/** Connections that forward nothing any more, without a word, under real clients of graphql-ws and of Apollo Client. */
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache } from '@apollo/client';
import { SetContextLink } from '@apollo/client/link/context';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { OperationTypeNode } from 'graphql';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { apolloTransport, callSocket, createCallClient, graphqlWsTransport } from '../../src/client/index.js';
import type { CallClient, Transport } from '../../src/client/index.js';
import { startCallWorld, type CallWorld } from '../support/call-world.js';
import { longIt } from '../support/full.js';
import { eventually } from '../support/process.js';
import { startSilentProxy, type SilentProxy } from '../support/silent-proxy.js';
import { until } from './phone.js';

let world: CallWorld;
let proxy: SilentProxy;
const opened: { close(): void }[] = [];
beforeAll(async () => {
  world = await startCallWorld();
});
beforeEach(async () => {
  proxy = await startSilentProxy(world.origin);
});
afterEach(async () => {
  for (const { close } of opened.splice(0)) close();
  await proxy.close();
});
afterAll(() => world.close());

const path = (): string => `${proxy.origin.replace('http', 'ws')}/graphql`;

function ownSocket(name: string) {
  return createClient({
    url: path(),
    webSocketImpl: WebSocket,
    connectionParams: async () => ({ authorization: `Bearer ${await world.token(name)}` }),
    shouldRetry: () => true,
    retryAttempts: Infinity,
    retryWait: () => new Promise((resolve) => setTimeout(resolve, 50)),
  });
}
const shippedSocket = (name: string) =>
  callSocket({ url: path(), token: () => world.token(name), webSocketImpl: WebSocket });

/** Mutations over HTTP, past the proxy. */
function apolloOver(name: string, socket: ReturnType<typeof ownSocket>): ApolloClient {
  const http = new SetContextLink(async () => ({
    headers: { authorization: `Bearer ${await world.token(name)}` },
  })).concat(new HttpLink({ uri: `${world.origin}/graphql` }));
  const isStream = ({ operationType }: ApolloLink.Operation) => operationType === OperationTypeNode.SUBSCRIPTION;
  return new ApolloClient({
    cache: new InMemoryCache(),
    link: ApolloLink.split(isStream, new GraphQLWsLink(socket), http),
  });
}

const CARRIERS: Readonly<Record<string, (name: string) => readonly [Transport, { dispose(): unknown }]>> = {
  'callSocket, graphqlWsTransport': (name) => {
    const socket = shippedSocket(name);
    return [graphqlWsTransport(socket), socket];
  },
  'callSocket, GraphQLWsLink, apolloTransport': (name) => {
    const socket = shippedSocket(name);
    return [apolloTransport(apolloOver(name, socket), socket), socket];
  },
  'a graphql-ws client of the app’s own': (name) => {
    const socket = ownSocket(name);
    return [graphqlWsTransport(socket), socket];
  },
  'one in the links of Apollo Client, that nobody handed over': (name) => {
    const socket = ownSocket(name);
    return [apolloTransport(apolloOver(name, socket)), socket];
  },
};

function open([transport, socket]: readonly [Transport, { dispose(): unknown }]): CallClient {
  const client = createCallClient({
    transport,
    getUserMedia: () => Promise.reject(new Error('no microphone in this test')),
  });
  const close = (): void => {
    client.close();
    void Promise.resolve(socket.dispose()).catch(() => {});
  };
  opened.push({ close });
  return client;
}
const online = (client: CallClient): Promise<unknown> => until(client.state, (state) => state === 'online', 30_000);

/** Somebody calls, and the client hears of it. */
async function isToldOfCalls(client: CallClient, account: string): Promise<void> {
  const caller = world.device(`caller-of-${account}/phone`);
  try {
    await caller.listen();
    await caller.start(account);
    await until(client.incoming, (call) => call !== null, 30_000);
  } finally {
    await caller.close();
  }
}

describe('a connection that forwards nothing any more, and says nothing', () => {
  it('is noticed by its silence under every carrier, left, and no call is missed', async () => {
    const carriers = Object.entries(CARRIERS);
    const people = carriers.map(([carrier, carry], n) => {
      const account = `silence-${n}`;
      const client = open(carry(`${account}/phone`));
      const states: string[] = [carrier];
      return { account, client, states };
    });
    await Promise.all(people.map(({ client }) => online(client)));
    for (const { client, states } of people) client.state.subscribe((state) => states.push(state));
    proxy.silence();
    // 10 s until the ping, 5 s for its answer; the rest is for a busy machine. It was 100 s and more.
    await Promise.all(people.map(({ client }) => until(client.state, (state) => state === 'connecting', 40_000)));
    await Promise.all(people.map(({ client }) => online(client)));
    await Promise.all(people.map(({ client, account }) => isToldOfCalls(client, account)));
    expect(people.map(({ states }) => states)).toEqual(carriers.map(([carrier]) => [carrier, 'connecting', 'online']));
    expect(proxy.connections).toBe(2 * people.length);
  }, 90_000);

  longIt(
    'is not left while it only has nothing to say',
    async () => {
      const client = open(CARRIERS['callSocket, graphqlWsTransport']!('quiet/phone'));
      await online(client);
      let changes = 0;
      client.state.subscribe(() => (changes += 1));
      // More than two pings.
      await new Promise((resolve) => setTimeout(resolve, 22_000));
      expect([changes, proxy.connections]).toEqual([0, 1]);
    },
    60_000,
  );

  it('is left while it opens, too: a socket that is never answered is tried anew', async () => {
    proxy.silence(true);
    const client = open(CARRIERS['callSocket, graphqlWsTransport']!('opens/phone'));
    await eventually(() => proxy.connections >= 2, 40_000);
    proxy.speak();
    await online(client);
  }, 90_000);
});

describe('a reason to doubt the connection', () => {
  /** Node.js has no page: its events are given to the object that a browser would send them to. */
  const page = new EventTarget();
  const names = ['addEventListener', 'removeEventListener'] as const;
  beforeAll(() => {
    for (const name of names) Object.assign(globalThis, { [name]: page[name].bind(page) });
  });
  afterAll(() => {
    for (const name of names) delete (globalThis as Record<string, unknown>)[name];
  });

  it('makes it answer at once, or be left: `online`', async () => {
    const client = open(CARRIERS['callSocket, graphqlWsTransport']!('doubt/phone'));
    await online(client);
    proxy.silence();
    // By its silence it would take ten times as long as this.
    const since = performance.now();
    page.dispatchEvent(new Event('online'));
    await until(client.state, (state) => state === 'connecting');
    expect(performance.now() - since).toBeLessThan(7_500);
    await online(client);
  }, 60_000);

  it('does nothing to one that answers', async () => {
    const client = open(CARRIERS['callSocket, graphqlWsTransport']!('sure/phone'));
    await online(client);
    let changes = 0;
    client.state.subscribe(() => (changes += 1));
    for (let n = 0; n < 5; n += 1) page.dispatchEvent(new Event('pageshow'));
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    expect([changes, proxy.connections]).toEqual([0, 1]);
  }, 60_000);

  longIt(
    'ends a wait between two tries',
    async () => {
      let refuses = true;
      const socket = callSocket({
        url: path(),
        token: () => (refuses ? 'not a token' : world.token('hurry/phone')),
        webSocketImpl: WebSocket,
      });
      const client = open([graphqlWsTransport(socket), socket]);
      await until(client.problem, (problem) => problem?.code === 'CALL_UNAUTHORIZED');
      // Its wait has grown to seconds by now.
      await eventually(() => proxy.connections >= 6, 60_000);
      refuses = false;
      page.dispatchEvent(new Event('online'));
      await online(client);
    },
    120_000,
  );
});

describe('a device that slept', () => {
  it('asks its connection as soon as a timer runs late, and gives the answer its time', async () => {
    const client = open(CARRIERS['callSocket, graphqlWsTransport']!('slept/phone'));
    await online(client);
    let changes = 0;
    client.state.subscribe(() => (changes += 1));
    const { now } = Date;
    // As a device sees it whose performance.now stands still in its sleep.
    Date.now = () => now() + 3_600_000;
    try {
      await new Promise((resolve) => setTimeout(resolve, 4_000));
      expect([changes, proxy.connections]).toEqual([0, 1]);
      proxy.silence();
      Date.now = () => now() + 2 * 3_600_000;
      await until(client.state, (state) => state === 'connecting');
    } finally {
      Date.now = now;
    }
    // Tokens are signed by the clock of this process.
    await online(client);
  }, 60_000);
});
