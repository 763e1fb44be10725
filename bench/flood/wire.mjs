// What floods are sent with: sockets and posts that bear to be refused, from client addresses of their own.
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { WebSocket } from 'ws';

/** Connections kept open for each address; so many answers at most are waited for on them. */
const CONNECTIONS = 8;
const agents = new Map();

function agentOf(address) {
  if (!agents.has(address)) {
    agents.set(address, new Agent({ keepAlive: true, maxSockets: CONNECTIONS, localAddress: address }));
  }
  return agents.get(address);
}

/** @returns the answer's text; null: the connection was cut off */
export function post(port, body, { address = '127.0.0.1', token = null } = {}) {
  return new Promise((resolve) => {
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      ...(token !== null && { authorization: `Bearer ${token}` }),
    };
    const options = { host: '127.0.0.1', port, path: '/graphql', method: 'POST', headers, agent: agentOf(address) };
    const sent = request(options, async (response) => {
      try {
        resolve((await response.setEncoding('utf8').toArray()).join(''));
      } catch {
        resolve(null);
      }
    });
    sent.on('error', () => resolve(null)).end(body);
  });
}

/** @returns null: no socket was to be had */
export async function openSocket(port, address = '127.0.0.1') {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/graphql`, 'graphql-transport-ws', {
    perMessageDeflate: false,
    localAddress: address,
  });
  socket.on('error', () => {});
  const isOpen = await new Promise((resolve) => {
    socket.once('open', () => resolve(true)).once('close', () => resolve(false));
  });
  return isOpen ? socket : null;
}

/** A device's socket: `run` settles when its operation is over, however it ended. */
export async function openDevice(port, token) {
  const socket = await openSocket(port);
  if (!socket) throw new Error('a device of the flood was not let in');
  const underway = new Map();
  const acknowledged = new Promise((resolve) => underway.set('init', resolve));
  const settle = (id, answer) => {
    underway.get(id)?.(answer);
    underway.delete(id);
  };
  socket.on('message', (data) => {
    const { type, id, payload } = JSON.parse(data);
    if (type === 'connection_ack') settle('init');
    else if (type === 'ping') socket.send('{"type":"pong"}');
    // The first event of a stream, and the only answer of anything else.
    else if (type === 'next' || type === 'error' || type === 'complete') settle(id, payload);
  });
  const closed = once(socket, 'close').then(() => underway.forEach((resolve) => resolve(null)));
  socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } }));
  await acknowledged;
  let lastId = 0;
  return {
    /** @param payload as JSON */
    run: (payload) =>
      new Promise((resolve) => {
        if (socket.readyState !== WebSocket.OPEN) return resolve(null);
        const id = `${(lastId += 1)}`;
        underway.set(id, resolve);
        socket.send(`{"id":"${id}","type":"subscribe","payload":${payload}}`);
      }),
    /** Leaves the operation that was begun last, as a client leaves a stream. */
    leave: () => socket.send(`{"id":"${lastId}","type":"complete"}`),
    close: async () => {
      socket.close();
      await closed;
    },
  };
}
