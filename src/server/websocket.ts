import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { SignalingError } from '../errors.js';
import { quiet } from '../host/callback.js';
import { asPredicate } from '../host/listeners.js';
import type { LoginRequest } from '../identity/login.js';
import type { Viewer } from '../identity/viewer.js';
import { LIMITS } from '../limits.js';
import type { Clock } from '../ports.js';
import { STOPPING } from './http-error.js';
import type { Connections } from './connections.js';
import { createHeartbeat } from './heartbeat.js';
import { createNewcomers } from './newcomers.js';
import { createProxies } from './proxies.js';
import { createShares, type Shares } from './shares.js';
import { createStrangers, type Strangers } from './strangers.js';
import { admit, TOO_MANY, type AdmissionOptions, type Admitted } from './websocket-admission.js';
import { createChannel } from './websocket-channel.js';
import { CLOSE_TIMEOUT_MS } from './websocket-codes.js';
import { createConnection, type OwnConnection } from './websocket-connection.js';
import { drain } from './websocket-drain.js';
import { takeMessages } from './websocket-intake.js';
import { SUBPROTOCOL } from './websocket-messages.js';
import { Protocol, type ProtocolOptions, type Session } from './websocket-protocol.js';
import { startRechecks } from './websocket-rechecks.js';
import { createSockets } from './websocket-sockets.js';
import { whyNobody } from './websocket-token.js';
import { createUnplaced } from './websocket-unplaced.js';
import { handshakeRefusal, refusalOf, refuseUpgrade, type UpgradeRules } from './websocket-upgrade.js';

export interface DoorOptions extends UpgradeRules, Pick<ProtocolOptions, 'executor' | 'contextFor'> {
  /**
   * @param authorization what the client sent in connection_init, or with its upgrade request
   * @param request the upgrade request
   * @throws SignalingError CALL_UNAUTHORIZED or CALL_UNAVAILABLE
   */
  readonly authenticate: (authorization: string | undefined, request: LoginRequest) => Promise<Viewer>;
  /** A number greater than any drawn before for the device. @throws SignalingError CALL_UNAVAILABLE */
  readonly nextEpoch: (viewer: Viewer) => Promise<number> | number;
  /** Sockets of this process that have said whose they are; one more is closed with 1013. */
  readonly maxSockets: number;
  /** Ranges of the addresses of proxies in front (TRUST_PROXY). None. */
  readonly trustProxy?: readonly string[] | null;
  /** Counts those who have not said who they are; to be given where HTTP counts them too. */
  readonly strangers?: Strangers;
  /** Both to be given where HTTP has them too. */
  readonly connections?: Pick<Connections, 'known' | 'upgraded'>;
  readonly shares?: Shares;
  /**
   * Asked for all connected devices in one batch.
   * @returns those of them that may no longer be served; a rejection is taken as no news
   */
  readonly recheck?: (viewers: readonly Viewer[]) => Promise<readonly Viewer[]>;
  readonly clock: Clock;
  /** Receives what went wrong outside of an operation. */
  readonly onDefect: (error: unknown) => void;
  readonly metrics?: WebSocketMetrics;
  /** How long a client may be silent before it is pinged: two thirds to all of this, in milliseconds. 15,000. */
  readonly silenceMs?: number;
  /** How often devices are rechecked, in milliseconds. 4,000: a revocation takes effect within 5 s, the answer included. */
  readonly recheckMs?: number;
}

export interface WebSocketMetrics {
  /** One operation was run, a subscription begun; its document had been found valid. */
  graphqlRequest(transport: 'websocket', outcome: 'ok' | 'error', seconds: number): void;
}

/** The WebSocket door of a server. */
export interface WebSocketDoor {
  /** How many sockets are open. */
  readonly sockets: number;
  /** Takes an upgrade request over, or refuses it: for a host whose own listener decides by the path. */
  handleUpgrade(request: IncomingMessage, wire: Duplex, head: Buffer): void;
  /** Ends the connections of a device: DEVICE_REVOKED, close code 4403. */
  revoke(accountId: string, deviceId: string): void;
  /** Takes no more sockets and ends those there are: SHUTDOWN, close code 1012. Over within 5 s, whatever clients do. */
  close(): Promise<void>;
}

/** How long a socket may leave a ping unanswered before another one of its device takes its place, in milliseconds. */
const GHOST_MS = 1_000;

/** TCP segments of which one frame may consist; one of the largest size comes in a few hundred. */
const BUFFERED_CHUNKS = 1_024;

/** GraphQL over WebSocket (graphql-transport-ws), with the limits and the answers of HTTP. */
export function createDoor(options: DoorOptions): WebSocketDoor {
  const { executor, contextFor, clock, silenceMs = 15_000, recheckMs = 4_000 } = options;
  const onDefect = quiet(options.onDefect);
  const onRefusedOrigin = quiet(options.onRefusedOrigin);
  const onAnswered = quiet((outcome: 'ok' | 'error', seconds: number) =>
    options.metrics?.graphqlRequest('websocket', outcome, seconds),
  );
  const rules = { ...options, allowsOrigin: asPredicate(options.allowsOrigin) };
  const sockets = createSockets(options.maxSockets);
  const turnedAway = createUnplaced(LIMITS.socketsTurnedAwayPerAccount);
  const proxies = createProxies(options.trustProxy ?? null);
  const strangers = options.strangers ?? createStrangers({ clock });
  const upgrades = createNewcomers({ clock, max: LIMITS.upgradesWaiting, maxMs: LIMITS.upgradeWaitMs });
  const logins = createNewcomers({ clock, max: LIMITS.silentSockets, maxMs: LIMITS.upgradeWaitMs });
  const admission: AdmissionOptions = {
    proxies,
    upgrades,
    // Who gets past the gateway's secret is no stranger.
    strangers: options.gatewaySecret === null ? strangers : null,
    silent: createUnplaced(LIMITS.silentSocketsPerAccount),
    accountOf: (authorization, request) =>
      options.authenticate(authorization, request).then(
        ({ accountId }) => accountId,
        () => null,
      ),
  };
  const shares = options.shares ?? createShares(clock);
  const sessions = new Set<Session>();
  const heartbeat = createHeartbeat(silenceMs);
  const parts: ProtocolOptions = { executor, connect, contextFor, onAnswered, onDefect };
  const wss = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered) => offered.has(SUBPROTOCOL) && SUBPROTOCOL,
    maxPayload: LIMITS.messageBytes,
    maxFragments: LIMITS.messageFragments,
    maxBufferedChunks: BUFFERED_CHUNKS,
    perMessageDeflate: false,
    autoPong: false,
    // Its types do not know it.
    ...{ closeTimeout: CLOSE_TIMEOUT_MS },
  });
  wss.on('wsClientError', (error, wire, request) => refuseUpgrade(wire, request, handshakeRefusal(request, error)));

  function handleUpgrade(request: IncomingMessage, wire: Duplex, head: Buffer): void {
    options.connections?.known(wire, null);
    const refusal = refusalOf(request, rules, proxies.hostOf(request));
    if (refusal?.isOfOrigin) onRefusedOrigin(request.headers);
    const isTooMany = refusal && strangers.anonymousRequest(proxies.clientOf(request), 0);
    if (refusal) return refuseUpgrade(wire, request, isTooMany ? TOO_MANY : refusal);
    let drop = (): void => {};
    admit(request, wire, head, admission, () => drop())
      .then((admitted) => {
        if (admitted && drained) refuseUpgrade(wire, request, { status: 503, ...STOPPING });
        else if (admitted)
          wss.handleUpgrade(request, wire, head, (socket) => (drop = take(socket, wire, request, admitted)));
      })
      .catch(onDefect);
  }

  function take(socket: WebSocket, wire: Duplex, { headers }: IncomingMessage, admitted: Admitted): () => void {
    const channel = createChannel(socket, { wire, heartbeat });
    open(socket, { ...admitted, wire, channel, headers, operations: null, connection: null });
    return () => channel.close(4408);
  }

  function open(socket: WebSocket, session: Session): void {
    const { channel } = session;
    sessions.add(session);

    const protocol = socket.protocol === SUBPROTOCOL ? new Protocol(parts, session) : null;
    if (!protocol) channel.close(4406);
    else takeMessages(socket, session, { shares, receive: (text) => protocol.receive(text) });
    void channel.left
      .then(() => {
        sessions.delete(session);
        if (session.connection) sockets.remove(session.connection);
        protocol?.closed();
      })
      .catch(onDefect);
  }

  async function connect(session: Session, given: string | undefined): Promise<OwnConnection | null> {
    const { channel, headers } = session;
    const authorization = given ?? headers.authorization;
    session.stranger?.spoke();
    if (!(await logins.turn(session.address))) channel.close(1013);
    if (!channel.isOpen) return null;
    try {
      const viewer = await options.authenticate(authorization, { headers });
      session.stranger?.identified();
      if (!channel.isOpen) return null;
      const unanswered = (): number => session.operations?.unanswered() ?? 0;
      const connection = createConnection({ viewer, channel, clock, unanswered });
      // Known from here on, so that a revocation finds it.
      session.connection = connection;
      if (await hasPlace(connection, session.wire)) connection.epoch = await options.nextEpoch(viewer);
      else channel.close(1013);
      return channel.isOpen ? connection : null;
    } catch (error) {
      if (error instanceof SignalingError && error.status < 500) {
        if (authorization === undefined) channel.close(4403, whyNobody(error));
        else if (session.stranger) strangers.refusedToken(session.address);
        return null;
      }
      // That it could not be judged is no fault of the client's: its neighbours do not pay for it.
      session.stranger?.identified();
      if (!(error instanceof SignalingError)) onDefect(error);
      channel.close(1013);
      return null;
    }
  }

  /** A client whose network is gone leaves sockets behind that say nothing: they make room for the one that it opens. */
  async function hasPlace(connection: OwnConnection, wire: Duplex): Promise<boolean> {
    const others = sockets.add(connection);
    if (others === null) return true;
    if (!turnedAway.enter(connection.viewer.accountId, wire)) connection.drop();
    if (!connection.isLive || wire.destroyed) return false;
    await Promise.all(
      others.map(async (other) => {
        if (await other.answers(GHOST_MS)) return;
        other.drop();
        sockets.remove(other);
      }),
    );
    return connection.isLive && sockets.add(connection) === null;
  }

  const revoke = (device: Pick<Viewer, 'accountId' | 'deviceId'>): void => {
    for (const connection of sockets.ofDevice(device)) connection.end('DEVICE_REVOKED');
  };

  const stopRechecks = startRechecks({
    recheck: options.recheck,
    everyMs: recheckMs,
    connected: () => sockets.viewers(),
    revoke,
    onDefect,
  });

  function end(): Promise<void> {
    stopRechecks();
    upgrades.end();
    logins.end();
    return drain({
      sockets: sessions,
      sayGoodbye: ({ connection, channel }) => (connection ? connection.end('SHUTDOWN') : channel.close(1012)),
      drop: ({ channel }) => channel.terminate(),
      closed: new Promise((resolve) => wss.close(resolve)),
    });
  }

  let drained: Promise<void> | undefined;
  return {
    get sockets() {
      return wss.clients.size;
    },
    handleUpgrade,
    revoke: (accountId, deviceId) => revoke({ accountId, deviceId }),
    close: () => (drained ??= end()),
  };
}
