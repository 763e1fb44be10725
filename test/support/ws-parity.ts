import { buildSchema, parse, type GraphQLError, type GraphQLSchema } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { WebSocketServer } from 'ws';
import { createOperation, type Services } from '../../src/graphql/context.js';
import { createMasker } from '../../src/graphql/errors.js';
import { createExecutor } from '../../src/graphql/executor.js';
import { systemClock } from '../../src/ports.js';
import { attachWebSocket } from '../../src/server/attach.js';
import { openWire } from './ws-client.js';

/** Serves {@link schema} over graphql-transport-ws to anybody. */
export interface ParityServer {
  readonly url: string;
  close(): Promise<void>;
}

const viewer = { accountId: 'alice', deviceId: 'phone', issuedAt: 0, expiresAt: 8e15 };

/** Never gives an event, and ends when it is given back. */
function silence(): AsyncIterableIterator<never> {
  let end = (): void => {};
  const over = new Promise<void>((resolve) => (end = resolve));
  const iterator: AsyncIterableIterator<never> = {
    next: () => over.then(() => ({ done: true, value: undefined })),
    return: () => {
      end();
      return Promise.resolve({ done: true, value: undefined });
    },
    [Symbol.asyncIterator]: () => iterator,
  };
  return iterator;
}

async function* counting(to: number, fails: boolean): AsyncGenerator<object> {
  for (let count = 1; count <= to; count += 1) yield { ticks: count, breaks: count };
  if (fails) throw new Error('broken');
}

function schemaOfParity(): GraphQLSchema {
  const schema = buildSchema(`
    type Query { hello: String! soon: String! echo(text: String): String fails: String must: Int! failsSoon: String }
    type Mutation { change: String }
    type Subscription { forever: Int ticks(count: Int!): Int breaks(count: Int!): Int refused: Int }
  `);
  const query = schema.getQueryType()!.getFields();
  query['hello']!.resolve = () => 'world';
  query['soon']!.resolve = () => turn('later');
  query['echo']!.resolve = (_root, { text }: { text?: string }) => text ?? null;
  query['fails']!.resolve = () => {
    throw new Error('failed');
  };
  query['failsSoon']!.resolve = () => turn().then(() => Promise.reject(new Error('failed')));
  query['must']!.resolve = () => null;
  schema.getMutationType()!.getFields()['change']!.resolve = () => 'changed';
  const subscription = schema.getSubscriptionType()!.getFields();
  subscription['forever']!.subscribe = silence;
  subscription['ticks']!.subscribe = (_root, { count }: { count: number }) => counting(count, false);
  subscription['breaks']!.subscribe = (_root, { count }: { count: number }) => counting(count, true);
  subscription['refused']!.subscribe = () => Promise.reject(new Error('refused'));
  return schema;
}

const SECRET = { gatewaySecret: 'no stranger' };

export async function startOurs(): Promise<ParityServer> {
  const schema = schemaOfParity();
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const masker = createMasker({ onDefect: () => {} });
  const door = attachWebSocket(server, {
    ...SECRET,
    path: '/graphql',
    executor: createExecutor({ schema, masker, introspection: true }),
    authenticate: () => turn(viewer),
    nextEpoch: () => 1,
    contextFor: () => createOperation({} as Services, () => Promise.resolve(viewer)),
    clock: systemClock,
  });
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`,
    close: async () => {
      await door.close();
      server.close();
    },
  };
}

export async function startStock(): Promise<ParityServer> {
  const wss = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await once(wss, 'listening');
  const stock = useServer(
    {
      schema: schemaOfParity(),
      onConnect: () => turn(true),
      // By itself it closes the socket where a document cannot be parsed.
      onSubscribe: (_context, _id, { query }) => {
        try {
          parse(query);
        } catch (error) {
          return [error as GraphQLError];
        }
      },
    },
    wss,
  );
  return {
    url: `ws://127.0.0.1:${(wss.address() as AddressInfo).port}/graphql`,
    close: async () => {
      await stock.dispose();
      wss.close();
    },
  };
}

/** Messages that are sent together; what they set off is waited for. */
export interface Step {
  readonly texts: readonly string[];
  /** Of the operation whose end is waited for. */
  readonly ends?: string;
}

/**
 * Sends the steps over a socket of its own.
 *
 * @returns for each step what came, by operation; the code, once the socket is closed
 */
export async function said(url: string, steps: readonly Step[]): Promise<readonly unknown[]> {
  const client = await openWire(url, { headers: { 'x-gateway-secret': SECRET.gatewaySecret } });
  const heard: unknown[] = [];
  try {
    for (const { texts, ends } of steps) {
      const came = new Map<string, string[]>();
      const put = (message: { readonly type: string; readonly id?: string }): void => {
        const { id = '' } = message;
        came.set(id, [...(came.get(id) ?? []), plain(message)]);
      };
      for (const text of texts) client.send(text);
      for (let over = ends === undefined; !over;) {
        const message = await client.next();
        put(message);
        over = message.id === ends && message.type !== 'next';
      }
      for (const message of await client.settled()) put(message);
      heard.push([...came]);
    }
  } catch (error) {
    if (client.socket.readyState === client.socket.OPEN) throw error;
    heard.push((await client.closed).code);
  }
  client.socket.terminate();
  await client.closed;
  return heard;
}

/** Ours are masked, and may stand before the data: what an error says is another matter than where it is told. */
function plain(message: object): string {
  return JSON.stringify(message, (key, value: unknown) => {
    if (key !== 'payload') return value;
    if (Array.isArray(value)) return 'errors';
    const { errors, ...rest } = value as { readonly errors?: unknown };
    return errors === undefined ? value : { ...rest, errors: 'some' };
  });
}
