/** The close codes and the client settings of schema/PROTOCOL.md, tried with the reference client of graphql-ws. */
import { describe, expect, it } from '@jest/globals';
import { createClient, type ClientOptions } from 'graphql-ws';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';

const text = readFileSync(new URL('../schema/PROTOCOL.md', import.meta.url), 'utf8');
/** The settings, as they stand in the text. */
const script = /^```js\n([^]*?)^```/m.exec(text)?.[1] ?? '';
/** Each close code with what the table says that the client does: `returns`, or `gives up`. */
const codes = [...text.matchAll(/^\| (\d{4}) \|.*\| (returns|gives up) \|$/gm)].map(([, code, then]) => [code, then]);

type Ending = (socket: WebSocket, id: string) => void;

interface Met {
  /** What the client sent each time it came. */
  readonly came: readonly { readonly authorization: unknown; readonly after: unknown }[];
  readonly gaveUp: boolean;
}

/** The client of the text meets a server that gives it one event, and ends its first connection. */
async function meet(ending: Ending, options: Partial<ClientOptions> = {}, listens = true): Promise<Met> {
  const came: { authorization: unknown; after: unknown }[] = [];
  let settle: (gaveUp: boolean) => void = () => {};
  const settled = new Promise<boolean>((resolve) => (settle = resolve));
  let server = await listen(0);
  const { port } = server.address() as AddressInfo;
  if (!listens) await stop(server);

  async function listen(at: number): Promise<WebSocketServer> {
    const wss = new WebSocketServer({ port: at, host: '127.0.0.1' });
    wss.on('connection', (socket) => {
      let authorization: unknown;
      socket.on('message', (data) => {
        const { type, id, payload } = JSON.parse(String(data));
        if (type === 'connection_init') {
          ({ authorization } = payload);
          return socket.send(JSON.stringify({ type: 'connection_ack' }));
        }
        if (type !== 'subscribe') return;
        came.push({ authorization, after: payload.variables.after });
        if (came.length > 1 || !listens) return settle(false);
        socket.send(JSON.stringify({ id, type: 'next', payload: { data: { callEvents: { cursor: 'k1' } } } }));
        ending(socket, id);
      });
    });
    await once(wss, 'listening');
    return wss;
  }
  // Of the text's own settings only the wait is left out, and used to let the server come up in the meantime.
  const retryWait = async (): Promise<void> => {
    if (!listens && server.address() === null) server = await listen(port);
  };
  let tokens = 0;
  const surroundings = {
    createClient: (own: ClientOptions) => createClient({ ...own, webSocketImpl: WebSocket, retryWait, ...options }),
    url: `ws://127.0.0.1:${port}`,
    freshToken: async () => `t${(tokens += 1)}`,
    query: 'subscription { callEvents { cursor } }',
    handle: () => {},
    refused: settle,
    gaveUp: () => settle(true),
    ended: () => settle(true),
  };
  const client = new Function(...Object.keys(surroundings), `${script}; return client;`)(
    ...Object.values(surroundings),
  );
  const gaveUp = await settled;
  await client.dispose();
  await stop(server);
  return { came, gaveUp };
}

async function stop(server: WebSocketServer): Promise<void> {
  for (const socket of server.clients) socket.terminate();
  await new Promise((resolve) => server.close(resolve));
}

const first = { authorization: 'Bearer t1', after: null };
const second = { authorization: 'Bearer t2', after: 'k1' };

describe('a graphql-ws client with the settings of the protocol', () => {
  it.each(codes)('after %s: %s', async (code, then) => {
    const { came, gaveUp } = await meet((socket) => socket.close(Number(code)));
    expect(gaveUp ? 'gives up' : 'returns').toBe(then);
    expect(came).toEqual(gaveUp ? [first] : [first, second]);
  });

  it('returns when the connection is cut off, with a new token and its last cursor', async () => {
    expect(await meet((socket) => socket.terminate())).toEqual({ came: [first, second], gaveUp: false });
  });

  it('does not return after complete', async () => {
    const met = await meet((socket, id) => socket.send(JSON.stringify({ id, type: 'complete' })));
    expect(met).toEqual({ came: [first], gaveUp: true });
  });

  it('comes when the port refuses at first, where one with stock settings gives up', async () => {
    const ending: Ending = () => {};
    expect(await meet(ending, {}, false)).toEqual({ came: [first], gaveUp: false });
    const stock = { shouldRetry: undefined, retryAttempts: undefined } as unknown as Partial<ClientOptions>;
    expect(await meet(ending, stock, false)).toEqual({ came: [], gaveUp: true });
  });
});
