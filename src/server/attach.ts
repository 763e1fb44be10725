import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import {
  callable,
  checkGiven,
  clockCheck,
  has,
  isFunction,
  milliseconds,
  must,
  object,
  objectWith,
  OptionsError,
  text,
  type Check,
} from '../options.js';
import { systemClock } from '../ports.js';
import { createDoor, type DoorOptions, type WebSocketDoor } from './websocket.js';
import { isOn } from './websocket-upgrade.js';

/** As on the standalone server, where its settings say nothing: pages of the same host only. */
const DEFAULTS = {
  path: '/graphql',
  allowsOrigin: () => false,
  gatewaySecret: null,
  refusalsName: 'options',
  maxSockets: 20_000,
  clock: systemClock,
  onDefect: () => {},
} satisfies Partial<DoorOptions>;

type Optional = keyof typeof DEFAULTS;

/** `signaling.websocket`, and what is not to be as on the standalone server. */
export type WebSocketOptions = Omit<DoorOptions, Optional> & Partial<Pick<DoorOptions, Optional>>;

const orNull =
  (check: Check): Check =>
  (value) =>
    value === null ? null : check(value);

const OPTIONS: Readonly<Record<keyof DoorOptions, Check>> = {
  path: must('a path, for example /graphql', (value) => typeof value === 'string' && value.startsWith('/')),
  allowsOrigin: must('a function of an origin, for example (origin) => origins.includes(origin)', isFunction),
  onRefusedOrigin: callable,
  gatewaySecret: orNull(text),
  refusalsName: must('settings or options', (value) => value === 'settings' || value === 'options'),
  executor: object,
  contextFor: callable,
  authenticate: callable,
  nextEpoch: callable,
  maxSockets: must('a whole number, 0 or more', (value) => Number.isInteger(value) && Number(value) >= 0),
  trustProxy: orNull(must('a list of ranges of addresses, for example 10.0.0.0/8', Array.isArray)),
  strangers: object,
  connections: object,
  shares: object,
  recheck: callable,
  clock: clockCheck,
  onDefect: callable,
  metrics: objectWith('what createMetrics() gives', 'graphqlRequest'),
  silenceMs: milliseconds,
  recheckMs: milliseconds,
};

/**
 * A WebSocket door without a server: the host calls `handleUpgrade`, beside WebSocket servers of its own.
 *
 * @throws OptionsError with every problem: the options are not `signaling.websocket`, with or without others beside it
 */
export function createWebSocket(options: WebSocketOptions): WebSocketDoor {
  if (!['contextFor', 'authenticate', 'nextEpoch'].every((name) => has(options, name)))
    throw new OptionsError(['options must be signaling.websocket, or { ...signaling.websocket, and others }']);
  checkGiven('attachWebSocket and createWebSocket', options, OPTIONS, []);
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return createDoor({ ...DEFAULTS, ...(Object.fromEntries(given) as WebSocketOptions) });
}

/**
 * Serves GraphQL over WebSocket (graphql-transport-ws) on an HTTP server's own port: queries, mutations and
 * subscriptions, with the limits and the answers of HTTP. Requests for other paths are left to other listeners.
 *
 * @throws OptionsError the server or the options are none
 */
export function attachWebSocket(server: Server, options: WebSocketOptions): WebSocketDoor {
  if (!has(server, 'on') || !has(server, 'listenerCount'))
    throw new OptionsError([
      'server must be an HTTP server of Node.js: what http.createServer() or app.listen() gives',
    ]);
  const door = createWebSocket(options);
  const { path = DEFAULTS.path } = options;
  const onUpgrade = (request: IncomingMessage, wire: Duplex, head: Buffer): void => {
    options.connections?.upgraded(wire);
    const isOnly = server.listenerCount('upgrade') === 1;
    if (isOnly && request.headers.upgrade?.toLowerCase() !== 'websocket') serveWithout(server, request, wire, head);
    else if (isOn(path, request) || isOnly) door.handleUpgrade(request, wire, head);
  };
  server.on('upgrade', onUpgrade);
  return {
    get sockets() {
      return door.sockets;
    },
    handleUpgrade: door.handleUpgrade,
    revoke: door.revoke,
    close: async () => {
      await door.close();
      server.off('upgrade', onUpgrade);
    },
  };
}

/**
 * Clients offer other protocols too, as Java's does HTTP/2 (h2c) with each first request. A server without a listener for
 * upgrades serves such a request as if they did not (RFC 9110, section 7.8); so the server reads it again, without the offer.
 */
function serveWithout(server: Server, { method, url, rawHeaders }: IncomingMessage, wire: Duplex, head: Buffer): void {
  const lines = [`${method} ${url} HTTP/1.1`];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const [name = '', value = ''] = rawHeaders.slice(at, at + 2);
    if (!OFFER.has(name.toLowerCase())) lines.push(`${name}: ${value}`);
  }
  wire.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]));
  server.emit('connection', wire);
}

const OFFER: ReadonlySet<string> = new Set(['upgrade', 'connection', 'http2-settings']);
