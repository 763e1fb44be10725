import { once } from 'node:events';
import { WebSocket, type ClientOptions } from 'ws';

/** A message of the graphql-transport-ws protocol, as it came. */
export interface WireMessage {
  readonly type: string;
  readonly id?: string;
  readonly payload?: unknown;
}

export interface WireClose {
  readonly code: number;
  readonly reason: string;
}

/** Speaks graphql-transport-ws word by word, so that it can also speak it wrongly. */
export interface WireClient {
  readonly socket: WebSocket;
  /** Everything that came, in order; what `next` gave is taken out. */
  readonly waiting: WireMessage[];
  readonly closed: Promise<WireClose>;
  /** Sends text as it is, anything else as JSON. */
  send(message: unknown): void;
  /** The next message, waited for. @throws Error the socket closed first */
  next(): Promise<WireMessage>;
  /** connection_init, up to its acknowledgement. */
  init(authorization?: string): Promise<void>;
  subscribe(id: string, query: string, variables?: unknown): void;
  complete(id: string): void;
  /** Runs a query or mutation to its end, with nothing else under way. */
  run(query: string, variables?: unknown): Promise<unknown>;
  /** What came until the server had taken everything sent so far and had a round trip's time to answer it. */
  settled(): Promise<readonly WireMessage[]>;
}

export interface WireOptions extends ClientOptions {
  readonly protocols?: readonly string[];
}

/** Opens a socket. @throws Error the upgrade was refused; its message names the HTTP status */
export async function openWire(url: string, options: WireOptions = {}): Promise<WireClient> {
  const { protocols = ['graphql-transport-ws'], ...rest } = options;
  const socket = new WebSocket(url, [...protocols], rest);
  const waiting: WireMessage[] = [];
  let wake = (): void => {};
  let isClosed = false;
  const closed = new Promise<WireClose>((resolve) => {
    socket.on('close', (code, reason) => {
      isClosed = true;
      resolve({ code, reason: reason.toString() });
      wake();
    });
  });
  socket.on('message', (data) => {
    waiting.push(JSON.parse(String(data)) as WireMessage);
    wake();
  });
  await once(socket, 'open');
  // A connection that the server drops in mid-sentence: `closed` tells of it.
  socket.on('error', () => {});

  const send = (message: unknown): void => socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  const next = async (): Promise<WireMessage> => {
    while (waiting.length === 0) {
      if (isClosed) throw new Error(`closed with ${(await closed).code} before the message came`);
      await new Promise<void>((resolve) => (wake = resolve));
    }
    return waiting.shift() as WireMessage;
  };
  const subscribe = (id: string, query: string, variables?: unknown): void =>
    send({ id, type: 'subscribe', payload: { query, variables } });

  let runs = 0;
  return {
    socket,
    waiting,
    closed,
    send,
    next,
    subscribe,
    init: async (authorization) => {
      send({ type: 'connection_init', ...(authorization !== undefined && { payload: { authorization } }) });
      const { type } = await next();
      if (type !== 'connection_ack') throw new Error(`${type} in the place of connection_ack`);
    },
    complete: (id) => send({ id, type: 'complete' }),
    run: async (query, variables) => {
      const id = `run-${(runs += 1)}`;
      subscribe(id, query, variables);
      const answer = await next();
      if (answer.id !== id) throw new Error(`a message of ${answer.id} in between`);
      if (answer.type === 'next') await next();
      return answer.payload;
    },
    settled: async () => {
      const before: WireMessage[] = [];
      // What the first round trip's messages have set off was done by the end of the second.
      for (const mark of ['first', 'second']) {
        send({ type: 'ping', payload: { mark } });
        for (let message = await next(); ; message = await next()) {
          if (message.type === 'pong' && (message.payload as { mark?: string } | undefined)?.mark === mark) break;
          before.push(message);
        }
      }
      return before;
    },
  };
}

/** The HTTP status with which an upgrade was refused. */
export async function refusedStatus(url: string, options: WireOptions = {}): Promise<number> {
  const { protocols = ['graphql-transport-ws'], ...rest } = options;
  const socket = new WebSocket(url, [...protocols], rest);
  return new Promise((resolve, reject) => {
    socket.on('error', () => {});
    socket.on('open', () => reject(new Error('the socket was opened')));
    socket.on('unexpected-response', (request, response) => {
      resolve(response.statusCode ?? 0);
      request.destroy();
    });
  });
}
