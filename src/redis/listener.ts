import { EventEmitter } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { CONNECT_MS, tlsOptions, type Access } from './connection.js';
import { RedisError } from './failure.js';
import { commandOf, replyIn, type Reply } from './resp.js';
import type { Address } from './url.js';

interface Asked {
  readonly words: readonly string[];
  resolve(): void;
  reject(error: Error): void;
}

/**
 * A connection that only listens. The client library has no use for it: it takes the end of a subscription that the server
 * declares, as when a slot changes hands, for the answer to whatever it has just asked, and tells nobody.
 */
export class Listener extends EventEmitter<{ connect: []; error: [Error]; end: [] }> {
  onMessage: (message: Buffer, channel: string) => void = () => undefined;
  /** The server has ended the subscription by itself. */
  onEnded: (channel: string) => void = () => undefined;
  readonly #address: Address;
  readonly #access: Access;
  #socket: Socket | null = null;
  /** Of what was said last, the part that has not come whole. */
  #rest: Buffer = Buffer.alloc(0);
  /** What was asked and not answered yet: answers come in the same order. */
  readonly #asked: Asked[] = [];

  constructor(address: Address, access: Access) {
    super();
    this.#address = address;
    this.#access = access;
  }

  get isOpen(): boolean {
    return this.#socket?.destroyed === false;
  }

  /** Resolves when it may be asked. */
  connect(): Promise<void> {
    const { tls, username, password } = this.#access;
    const options = { ...this.#address, noDelay: true };
    const socket = tls ? connectTls({ ...options, ...tlsOptions(this.#access) }) : connect(options);
    this.#socket = socket;
    socket.setTimeout(CONNECT_MS, () => socket.destroy());
    socket.on('data', (chunk: Buffer) => this.#hear(chunk));
    return new Promise((resolve, reject) => {
      socket.once(tls ? 'secureConnect' : 'connect', () => {
        socket.setTimeout(0);
        this.emit('connect');
        if (username === null && password === null) resolve();
        else this.ask('AUTH', username ?? 'default', password ?? '').then(resolve, reject);
      });
      socket.on('error', (error) => {
        reject(error);
        this.emit('error', error);
      });
      socket.once('close', () => {
        const closed = new RedisError('unreachable');
        reject(closed);
        for (const asked of this.#asked.splice(0)) asked.reject(closed);
        this.emit('end');
      });
    });
  }

  /** Resolves when the server has done it. @throws RedisError */
  ask(...words: readonly string[]): Promise<void> {
    const socket = this.#socket;
    if (!socket?.writable) return Promise.reject(new RedisError('unreachable'));
    return new Promise((resolve, reject) => {
      this.#asked.push({ words, resolve, reject });
      // Thousands of channels are asked for in one turn of the event loop: they go in one piece.
      if (socket.writableCorked === 0) {
        socket.cork();
        queueMicrotask(() => socket.uncork());
      }
      socket.write(commandOf(words));
    });
  }

  destroy(): void {
    this.#socket?.destroy();
  }

  #hear(chunk: Buffer): void {
    const bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
    let at = 0;
    try {
      for (let found = replyIn(bytes, at); found; found = replyIn(bytes, at)) {
        at = found.end;
        this.#take(found.reply);
      }
      this.#rest = bytes.subarray(at);
    } catch (error) {
      this.#socket?.destroy(error as Error);
    }
  }

  #take(reply: Reply): void {
    const [kind, channel, message] = Array.isArray(reply) ? (reply as readonly Reply[]) : [];
    const name = `${channel}`;
    if (`${kind}`.endsWith('message')) {
      this.onMessage(message as Buffer, name);
    } else if (!isUnasked(`${kind}`, name, this.#asked[0])) {
      const asked = this.#asked.shift();
      if (reply instanceof Error) asked?.reject(reply);
      else asked?.resolve();
    } else if (`${kind}` === 'sunsubscribe') {
      this.onEnded(name);
    } else {
      throw new RedisError('unexpected');
    }
  }
}

/** Whether it is said of a channel, and is not what was asked for next. */
function isUnasked(kind: string, channel: string, asked: Asked | undefined): boolean {
  return kind.endsWith('subscribe') && (asked?.words[0]?.toLowerCase() !== kind || asked.words[1] !== channel);
}
