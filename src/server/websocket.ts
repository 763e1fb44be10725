import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { handleProtocols } from 'graphql-ws';
import { WebSocketServer, type WebSocket } from 'ws';
import { SignalingError } from '../errors.js';
import type { Viewer } from '../identity/viewer.js';
import { LIMITS } from '../limits.js';
import type { Clock } from '../ports.js';
import { createChannel } from './websocket-channel.js';
import { CLOSE_TIMEOUT_MS, type CloseCode } from './websocket-codes.js';
import { createConnection } from './websocket-connection.js';
import { createOperations } from './websocket-operations.js';
import { createProtocol, failureMessage, type ProtocolOptions, type Session } from './websocket-protocol.js';
import { createSockets } from './websocket-sockets.js';
import { refusalOf, refuseUpgrade, type UpgradeRules } from './websocket-upgrade.js';

export interface WebSocketOptions extends UpgradeRules, Pick<ProtocolOptions, 'executor' | 'contextFor'> {
  /**
   * @param authorization what the client sent in connection_init, or with its upgrade request
   * @throws SignalingError CALL_UNAUTHORIZED or CALL_UNAVAILABLE
   */
  readonly authenticate: (authorization: string | undefined) => Promise<Viewer>;
  /** A number greater than any drawn before for the device. @throws SignalingError CALL_UNAVAILABLE */
  readonly nextEpoch: (viewer: Viewer) => Promise<number> | number;
  /** Sockets of this process; one more is closed with 1013. */
  readonly maxSockets: number;
  /**
   * Asked for all connected devices in one batch.
   * @returns those of them that may no longer be served; a rejection is taken as no news
   */
  readonly recheck?: (viewers: readonly Viewer[]) => Promise<readonly Viewer[]>;
  readonly clock: Clock;
  /** Receives what went wrong outside of an operation. */
  readonly onDefect: (error: unknown) => void;
  readonly metrics?: ProtocolOptions['metrics'];
  /** How often clients are pinged, in milliseconds. 5,000. */
  readonly pingMs?: number;
  /** How often devices are rechecked, in milliseconds. 4,000: a revocation takes effect within 5 s, the answer included. */
  readonly recheckMs?: number;
}

/** The WebSocket door of a server. */
export interface WebSocketDoor {
  /** How many sockets are open. */
  readonly sockets: number;
  /** Ends the connections of a device: DEVICE_REVOKED, close code 4403. */
  revoke(accountId: string, deviceId: string): void;
  /** Takes no more sockets and ends those there are: SHUTDOWN, close code 1012. Over within 5 s, whatever clients do. */
  close(): Promise<void>;
}

/** TCP segments of which one frame may consist; one of the largest size comes in a few hundred. */
const BUFFERED_CHUNKS = 1_024;

/** An option of ws that its types do not know. */
const CLOSING = { closeTimeout: CLOSE_TIMEOUT_MS };

/**
 * Serves GraphQL over WebSocket (graphql-transport-ws) on an HTTP server's own port: queries, mutations and
 * subscriptions, with the limits and the answers of HTTP.
 */
export function attachWebSocket(server: Server, options: WebSocketOptions): WebSocketDoor {
  const { executor, contextFor, metrics, clock, onDefect, pingMs = 5_000, recheckMs = 4_000 } = options;
  const sockets = createSockets();
  const sessions = new Set<Session>();
  const protocol = createProtocol({ executor, connect, contextFor, metrics });
  const wss = new WebSocketServer({
    noServer: true,
    handleProtocols,
    maxPayload: LIMITS.messageBytes,
    maxFragments: LIMITS.messageFragments,
    maxBufferedChunks: BUFFERED_CHUNKS,
    perMessageDeflate: false,
    ...CLOSING,
  });

  function onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const status = refusalOf(request, options);
    // Another path may be another listener's.
    if (status === 404 && server.listenerCount('upgrade') > 1) return;
    if (status !== null) refuseUpgrade(socket, status);
    // While draining it is ws that refuses, with 503.
    else wss.handleUpgrade(request, socket, head, (accepted) => open(accepted, socket, request.headers.authorization));
  }

  function open(socket: WebSocket, wire: Duplex, authorization: string | undefined): void {
    const channel = createChannel(socket, { wire, clock, pingMs });
    if (wss.clients.size > options.maxSockets) return channel.close(1013);
    const session: Session = { channel, authorization, operations: null, connection: null };
    sessions.add(session);

    const closed = protocol.opened(
      {
        protocol: socket.protocol,
        send: channel.send,
        close: (code) => channel.close(code as CloseCode),
        onMessage: (handle) => {
          const operations = createOperations({
            handle,
            isOpen: () => channel.isOpen && session.connection?.isLive !== false,
            onFailed: (id, error) => void channel.send(failureMessage(executor, id, error)),
            onInvalid: () => channel.close(4400),
            onDuplicate: () => channel.close(4409),
            onOver: () => session.connection?.settle(),
            onDefect,
          });
          session.operations = operations;
          socket.on('message', (data) => operations.receive(String(data)));
        },
      },
      session,
    );
    void channel.left
      .then(() => {
        sessions.delete(session);
        if (session.connection) sockets.remove(session.connection);
        return closed();
      })
      .catch(onDefect);
  }

  async function connect(session: Session, given: unknown): Promise<boolean> {
    const { channel } = session;
    try {
      const viewer = await options.authenticate(typeof given === 'string' ? given : session.authorization);
      if (!channel.isOpen) return false;
      const unanswered = (): number => session.operations?.unanswered() ?? 0;
      const connection = createConnection({ viewer, channel, clock, unanswered });
      // Known from here on, so that a revocation finds it.
      session.connection = connection;
      if (sockets.add(connection)) connection.epoch = await options.nextEpoch(viewer);
      else channel.close(1013);
      return channel.isOpen;
    } catch (error) {
      if (error instanceof SignalingError && error.status < 500) return false;
      if (!(error instanceof SignalingError)) onDefect(error);
      channel.close(1013);
      return false;
    }
  }

  const revoke = (device: Pick<Viewer, 'accountId' | 'deviceId'>): void => {
    for (const connection of sockets.ofDevice(device)) connection.end('DEVICE_REVOKED');
  };

  let isRechecking = false;
  const recheck = async (): Promise<void> => {
    const viewers = sockets.viewers();
    if (!options.recheck || isRechecking || viewers.length === 0) return;
    isRechecking = true;
    try {
      for (const viewer of await options.recheck(viewers)) revoke(viewer);
    } catch (error) {
      // While the directory is down, devices are served on its last word.
      if (!(error instanceof SignalingError)) onDefect(error);
    } finally {
      isRechecking = false;
    }
  };
  const rechecks = setInterval(() => void recheck(), recheckMs);

  async function drain(): Promise<void> {
    clearInterval(rechecks);
    const closed = new Promise((resolve) => wss.close(resolve));
    for (const { connection, channel } of sessions) {
      if (connection) connection.end('SHUTDOWN');
      else channel.close(1012);
    }
    await closed;
    server.off('upgrade', onUpgrade);
  }

  server.on('upgrade', onUpgrade);
  let drained: Promise<void> | undefined;
  return {
    get sockets() {
      return wss.clients.size;
    },
    revoke: (accountId, deviceId) => revoke({ accountId, deviceId }),
    close: () => (drained ??= drain()),
  };
}
