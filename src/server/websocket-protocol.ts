import type { IncomingHttpHeaders } from 'node:http';
import type { Duplex } from 'node:stream';
import { LIMITS } from '../limits.js';
import type { Admitted } from './websocket-admission.js';
import type { Channel } from './websocket-channel.js';
import type { OwnConnection } from './websocket-connection.js';
import { CONNECTION_ACK, pongMessage, readMessage, type Payload } from './websocket-messages.js';
import { Operations, type OperationsOptions } from './websocket-operations.js';
import { authorizationIn } from './websocket-token.js';

/** One socket, from its opening to its close. */
export interface Session extends Admitted {
  readonly channel: Channel;
  /** The connection under it. */
  readonly wire: Duplex;
  /** Of the upgrade request: a gateway sends the token there, and browsers send cookies. */
  readonly headers: IncomingHttpHeaders;
  /** Null until connection_init has been acknowledged. */
  operations: Operations | null;
  /** Null until connection_init has been accepted. */
  connection: OwnConnection | null;
}

export interface ProtocolOptions extends OperationsOptions {
  /**
   * Makes the connection of a session.
   * @param authorization the token that the client sent in connection_init
   * @returns null: there may be none; the socket is closed with 4403 unless it has been closed already
   */
  readonly connect: (session: Session, authorization: string | undefined) => Promise<OwnConnection | null>;
}

/** The server's side of graphql-transport-ws on one socket (graphql-ws, PROTOCOL.md), with the close codes of this project. */
export class Protocol {
  readonly #options: ProtocolOptions;
  readonly #session: Session;
  readonly #initTimer: NodeJS.Timeout;
  #isInitReceived = false;

  constructor(options: ProtocolOptions, session: Session) {
    this.#options = options;
    this.#session = session;
    const close = (): void => {
      if (!this.#isInitReceived) session.channel.close(4408);
    };
    // After a standstill of this process the message may have come and not been read: that happens before this runs.
    this.#initTimer = setTimeout(() => setImmediate(close), LIMITS.connectionInitMs);
  }

  /** Takes a message of the client's. Those that come after the end has begun are as if never sent. */
  receive(text: string): void {
    const { channel, connection, operations } = this.#session;
    if (!channel.isOpen || connection?.isLive === false) return;
    const message = readMessage(text);
    if (message === null) return channel.close(4400);
    switch (message.type) {
      case 'subscribe':
        return operations ? operations.subscribe(message) : channel.close(4401);
      case 'complete':
        return operations?.complete(message.id);
      case 'ping':
        return void channel.send(pongMessage(message.payload));
      case 'pong':
        return;
      case 'connection_init':
        return void this.#init(message.payload).catch(this.#options.onDefect);
    }
  }

  /** To be called once nothing more can be sent. */
  closed(): void {
    clearTimeout(this.#initTimer);
    this.#session.operations?.leave();
  }

  async #init(payload: Payload): Promise<void> {
    const { channel } = this.#session;
    if (this.#isInitReceived) return channel.close(4429);
    this.#isInitReceived = true;
    clearTimeout(this.#initTimer);
    const connection = await this.#options.connect(this.#session, authorizationIn(payload));
    if (!connection) return channel.close(4403);
    this.#session.operations = new Operations(this.#options, channel, connection);
    void channel.send(CONNECTION_ACK);
  }
}
