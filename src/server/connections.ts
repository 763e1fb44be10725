import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { LIMITS } from '../limits.js';
import type { Clock } from '../ports.js';
import { createNewcomers } from './newcomers.js';
import { networkOf, type Proxies } from './proxies.js';
import type { Strangers } from './strangers.js';

/** Connections on which nobody has shown a good token. */
export interface Connections {
  /**
   * From here on a server takes its connections a few in each turn of the event loop: what a crowd sends is not all read in one
   * turn. And of one address no more are held than there may be: the one that has asked for nothing for longest makes room,
   * where that is a second.
   */
  bound(server: Server): void;
  /** A good token came over it, or it is a WebSocket, which is counted by itself: it counts no more. */
  known(socket: object): void;
}

export interface ConnectionsOptions {
  readonly proxies: Pick<Proxies, 'isOurs'>;
  readonly strangers: Pick<Strangers, 'droppedConnection'>;
  readonly clock: Clock;
}

interface Connection {
  readonly socket: Socket;
  /** All of its network. */
  readonly neighbours: Set<Connection>;
  /** Requests that are not answered yet. */
  underWay: number;
  /** Since when there was none, by the clock. */
  idleSince: number;
}

/** How long a connection may be idle before it makes room for another one, in milliseconds. */
const PATIENCE_MS = 1_000;
/** With so many times the limit of one address, the oldest makes room even if it is not idle. */
const AT_MOST = 16;

export function createConnections({ proxies, strangers, clock }: ConnectionsOptions): Connections {
  const connections = new WeakMap<object, Connection>();
  /** Of each network; those that were of use last stand last. */
  const networks = new Map<string, Set<Connection>>();
  const newcomers = createNewcomers({ clock, max: LIMITS.connectionsWaiting, maxMs: LIMITS.upgradeWaitMs });

  function hold(socket: Socket, address: string): void {
    const name = networkOf(address);
    const neighbours = networks.get(name) ?? new Set();
    networks.set(name, neighbours);
    if (neighbours.size >= LIMITS.unknownConnectionsPerAddress) makeRoom(neighbours);
    const connection = { socket, neighbours, underWay: 0, idleSince: clock.elapsed() };
    neighbours.add(connection);
    connections.set(socket, connection);
    socket.once('close', () => {
      forget(socket);
      if (neighbours.size === 0 && networks.get(name) === neighbours) networks.delete(name);
    });
  }

  function makeRoom(neighbours: ReadonlySet<Connection>): void {
    const from = clock.elapsed() - PATIENCE_MS;
    let [oldest] = neighbours;
    if (neighbours.size < AT_MOST * LIMITS.unknownConnectionsPerAddress)
      oldest = first(neighbours, ({ underWay, idleSince }) => underWay === 0 && idleSince <= from);
    if (!oldest) return;
    forget(oldest.socket);
    oldest.socket.destroy();
    strangers.droppedConnection();
  }

  function forget(socket: object): void {
    const connection = connections.get(socket);
    connection?.neighbours.delete(connection);
    connections.delete(socket);
  }

  function bound(server: Server): void {
    // Node.js's own listener, which reads what comes; until it is called, nothing is.
    const listeners = server.listeners('connection');
    const serve = (socket: Socket): void => listeners.forEach((listener) => void listener.call(server, socket));
    const served = new WeakSet<Socket>();
    server.removeAllListeners('connection');
    Object.assign(server, { pauseOnConnect: true });
    server.on('connection', (socket: Socket) => {
      // What was read as an upgrade, and is none, is read again.
      if (served.has(socket)) return serve(socket);
      served.add(socket);
      const ignore = (): void => void socket.destroy();
      socket.on('error', ignore);
      void newcomers.turn().then((mayGo) => {
        socket.off('error', ignore);
        const { remoteAddress } = socket;
        if (!mayGo || socket.destroyed || remoteAddress === undefined) return socket.destroy();
        if (!proxies.isOurs(remoteAddress)) hold(socket, remoteAddress);
        serve(socket);
        return socket.resume();
      });
    });
    server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
      const connection = connections.get(socket);
      if (!connection) return;
      connection.underWay += 1;
      response.once('close', () => ended(connection));
    });
  }

  /** A request was answered: of its neighbours, this one was of use last. */
  function ended(connection: Connection): void {
    connection.underWay -= 1;
    connection.idleSince = clock.elapsed();
    if (connection.neighbours.delete(connection)) connection.neighbours.add(connection);
  }

  return { bound, known: forget };
}

function first<Each>(all: Iterable<Each>, isIt: (each: Each) => boolean): Each | undefined {
  for (const each of all) if (isIt(each)) return each;
  return undefined;
}
