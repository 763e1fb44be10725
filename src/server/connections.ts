import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { LIMITS } from '../limits.js';
import type { Clock } from '../ports.js';
import { takeRequests, type HttpIntake } from './http-intake.js';
import { createNewcomers } from './newcomers.js';
import { networkOf, type Proxies } from './proxies.js';
import type { Shares } from './shares.js';

/** The connections of a server, counted by the address that they come from until a good token comes over them, then by its account. */
export interface Connections {
  /**
   * From here on a server takes its connections a few in each turn of the event loop: what a crowd sends is not all read in one
   * turn. And of one address or account no more are held than there may be: those that have asked for nothing for longest make
   * room, where that is a second.
   */
  bound(server: Server): void;
  /**
   * @param accountId whose token came over it; null: it is not counted, for it is a WebSocket, which is counted by itself, or a
   * gateway's
   */
  known(socket: object, accountId: string | null): void;
  /** What comes over it is no longer for the HTTP server. To be called before anybody else reads from it. */
  upgraded(socket: object): void;
  /** The server stops: all that wait are taken at once, and those that say nothing are ended. */
  end(): void;
}

export interface ConnectionsOptions {
  readonly proxies: Pick<Proxies, 'isOurs'>;
  readonly clock: Clock;
  /** Of the turns of the event loop: what comes over a connection is parsed within that of its address or account. */
  readonly shares: Shares;
  /** Told of each that had to make room for another one of its address, or of its account. */
  readonly onDropped?: (of: 'address' | 'account') => void;
}

interface Connection {
  readonly socket: Socket;
  group: Group;
  /** Requests that are not answered yet. */
  underWay: number;
  /** Since when there was none, by the clock, and what had been read by then. */
  idleSince: number;
  bytesRead: number;
}

/** All connections of one network, or of one account. */
interface Group {
  readonly kind: 'address' | 'account';
  readonly name: string;
  /** Those that were of use last stand last. */
  readonly members: Set<Connection>;
  readonly max: number;
  /** With so many, the oldest makes room even if it is not idle. */
  readonly most: number;
}

/** How long a connection may be idle before it makes room for another one, in milliseconds. */
const PATIENCE_MS = 1_000;
/** With so many times its limit, the oldest of a group makes room even if it is not idle. */
const AT_MOST = 4;
/** Of all that a server may hold, one group has no more than so many parts. */
const PARTS = 4;
/** Of all that it may hold, one in so many places is kept free: the server drops who comes when there is none. */
const SPARE = 16;
/** How long a new connection may say nothing while the server stops, in milliseconds. */
const SILENT_MS = 100;

export function createConnections({ proxies, clock, shares, onDropped = () => {} }: ConnectionsOptions): Connections {
  const connections = new WeakMap<object, Connection>();
  const intakes = new WeakMap<object, HttpIntake>();
  let count = 0;
  const groups = new Map<string, Group>();
  /** How many the server may hold. */
  let held = (): number => Infinity;
  const newcomers = createNewcomers({ clock, max: LIMITS.connectionsWaiting, maxMs: LIMITS.upgradeWaitMs });

  /** @returns the group, with room for one more */
  function groupOf(kind: Group['kind'], id: string): Group {
    const name = `${kind} ${id}`;
    const part = held() / PARTS;
    const max = Math.min(part, LIMITS[kind === 'address' ? 'unknownConnectionsPerAddress' : 'connectionsPerAccount']);
    const most = Math.min(part, AT_MOST * max);
    const group = groups.get(name) ?? { kind, name, members: new Set(), max, most };
    if (group.members.size >= max) makeRoom(group);
    // It may have been emptied, and forgotten.
    groups.set(name, group);
    return group;
  }

  /** First those that never sent anything, then those whose requests are answered; one with half a request stays. */
  function makeRoom({ members, max, most }: Group): void {
    const from = clock.elapsed() - PATIENCE_MS;
    for (const isUsed of [false, true]) {
      for (const each of members) {
        if (members.size < max) return;
        const { socket, underWay, idleSince, bytesRead } = each;
        const isIdle = underWay === 0 && idleSince <= from && socket.bytesRead === bytesRead;
        if (isIdle && bytesRead > 0 === isUsed) drop(each);
      }
    }
    const [oldest] = members;
    if (oldest && members.size >= most) drop(oldest);
  }

  /** Nearly all places are taken: the group with most makes room for the newcomer of another one. */
  function makeRoomFor(newcomer: Group): void {
    if (count < held() * (1 - 1 / SPARE)) return;
    let largest = newcomer;
    for (const group of groups.values()) if (group.members.size > largest.members.size) largest = group;
    if (largest === newcomer) return;
    const [oldest] = largest.members;
    if (oldest) drop(oldest);
  }

  function drop({ socket, group }: Connection): void {
    forget(socket);
    socket.destroy();
    onDropped(group.kind);
  }

  function enter(connection: Connection, group: Group): void {
    connection.group = group;
    group.members.add(connection);
    connections.set(connection.socket, connection);
    count += 1;
  }

  function hold(socket: Socket, address: string): void {
    const group = groupOf('address', networkOf(address));
    makeRoomFor(group);
    groups.set(group.name, group);
    enter({ socket, group, underWay: 0, idleSince: clock.elapsed(), bytesRead: 0 }, group);
    socket.once('close', () => forget(socket));
  }

  function forget(socket: object): void {
    const connection = connections.get(socket);
    if (!connection) return;
    const { members, name } = connection.group;
    members.delete(connection);
    connections.delete(socket);
    count -= 1;
    if (members.size === 0) groups.delete(name);
  }

  function known(socket: object, accountId: string | null): void {
    const connection = connections.get(socket);
    if (!connection || connection.group.name === `account ${accountId}`) return;
    forget(socket);
    if (accountId !== null) enter(connection, groupOf('account', accountId));
  }

  function bound(server: Server): void {
    held = () => server.maxConnections ?? Infinity;
    // Node.js's own listener, which reads what comes; until it is called, nothing is.
    const listeners = server.listeners('connection');
    const serve = (socket: Socket): void => {
      for (const listener of listeners) listener.call(server, socket);
      intakes.set(
        socket,
        takeRequests(socket, shares, () => connections.get(socket)?.group.name ?? socket),
      );
    };
    const served = new WeakSet<Socket>();
    server.removeAllListeners('connection');
    Object.assign(server, { pauseOnConnect: true });
    server.on('connection', (socket: Socket) => {
      shares.hurry();
      // What was read as an upgrade, and is none, is read again.
      if (served.has(socket)) return serve(socket);
      served.add(socket);
      const ignore = (): void => void socket.destroy();
      socket.on('error', ignore);
      const { remoteAddress } = socket;
      void newcomers.turn(remoteAddress ?? '').then((mayGo) => {
        socket.off('error', ignore);
        if (!mayGo || socket.destroyed || remoteAddress === undefined) return socket.destroy();
        if (!proxies.isOurs(remoteAddress)) hold(socket, remoteAddress);
        serve(socket);
        return socket.resume();
      });
    });
    server.on('connect', (_request: IncomingMessage, socket: Socket) => upgraded(socket));
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      const { socket } = request;
      intakes.get(socket)?.begun(request);
      const connection = connections.get(socket);
      if (!connection) return;
      connection.underWay += 1;
      response.once('close', () => ended(connection));
    });
  }

  function upgraded(socket: object): void {
    intakes.get(socket)?.release();
    intakes.delete(socket);
  }

  /** A request was answered: of its neighbours, this one was of use last. */
  function ended(connection: Connection): void {
    connection.underWay -= 1;
    connection.idleSince = clock.elapsed();
    connection.bytesRead = connection.socket.bytesRead;
    const { members } = connection.group;
    if (members.delete(connection)) members.add(connection);
  }

  function end(): void {
    newcomers.end();
    // Node.js waits for a connection on which nothing has come as if it were being served.
    setTimeout(() => {
      for (const { members } of groups.values())
        for (const { socket } of members) if (socket.bytesRead === 0) socket.destroy();
    }, SILENT_MS).unref();
  }

  return { bound, known, upgraded, end };
}
