import type { Writable } from 'node:stream';
import { LIMITS } from '../limits.js';
import type { Heartbeat } from './heartbeat.js';
import { CLOSE_REASONS, type CloseCode } from './websocket-codes.js';
import { framesOf, PING, pongOf } from './websocket-frames.js';

/** With more than this waiting to be sent, in bytes, nothing more is read from the socket. */
const WAITING_BYTES = 256 * 1024;

/** With less than this waiting, in bytes, the other side is taken to read: nobody has to wait for it. */
const PROMPT_BYTES = 16 * 1024;

/** What is used of a socket of ws; its own types would have to be installed by every host in TypeScript. */
export interface WireSocket {
  readonly readyState: number;
  readonly OPEN: number;
  readonly isPaused: boolean;
  on(event: 'pong' | 'message' | 'error', listener: () => void): unknown;
  once(event: 'close', listener: () => void): unknown;
  pause(): void;
  resume(): void;
  close(code: number, reason: string): void;
  terminate(): void;
}

/** One socket: what is sent over it, how it is closed, and whether the other side is still there. */
export interface Channel {
  readonly isOpen: boolean;
  /** Whether so much waits to be sent that nothing more should be asked for. */
  readonly isFull: boolean;
  /** @param listener told when it is full no more */
  onRoom(listener: () => void): void;
  /**
   * Messages of one turn of the event loop leave together.
   *
   * @returns resolves when the message has been handed to the network, or cannot be any more, and never rejects; undefined:
   * it need not be waited for, as next to nothing waits for that
   */
  send(message: string): Promise<void> | undefined;
  /** Answers a ping. */
  pong(payload: Buffer): void;
  /** Reads nothing more from the socket until it is let go. */
  hold(): void;
  letGo(): void;
  /** Closes with the code's fixed words, or others of at most 123 bytes. A second close changes nothing. */
  close(code: CloseCode, words?: string): void;
  /** Pings the other side. Resolves with whether it answered: as soon as it has, or when the time is up. */
  answers(withinMs: number): Promise<boolean>;
  /** Drops the connection without a word. */
  terminate(): void;
  /** Whether there is something that the other side has not taken yet. */
  hasUnsent(): boolean;
  /** An event was sent, and nothing says yet whether it arrived. */
  told(): void;
  /** @param listener told when the other side was heard after it had been told or asked something */
  onHeard(listener: () => void): void;
  /** Resolves when nothing more will be sent: as soon as either side begins to close. */
  readonly left: Promise<void>;
}

export interface ChannelOptions {
  /** The connection under the WebSocket. */
  readonly wire: Writable;
  /** Says when the other side is pinged; one that does not answer is gone. */
  readonly heartbeat: Heartbeat;
}

export function createChannel(socket: WireSocket, { wire, heartbeat }: ChannelOptions): Channel {
  const ping = (): void => {
    if (socket.readyState === socket.OPEN) wire.write(PING);
  };
  let onHeard = (): void => {};
  const pulse = heartbeat.watch({ ping, answered: () => onHeard(), silent: () => socket.terminate() });
  let onPong = (): void => {};
  socket.on('message', () => pulse.heard());
  socket.on('pong', () => {
    pulse.heard();
    onPong();
  });

  /** Shared by all who ask at the same time. */
  let asked: Promise<boolean> | null = null;
  function ask(withinMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (isThere: boolean): void => {
        clearTimeout(timer);
        resolve(isThere);
      };
      onPong = () => settle(true);
      // After a standstill of this process the answer may have come and not been read: that happens before this runs.
      const timer = setTimeout(() => setImmediate(() => settle(false)), withinMs);
      void left.then(() => settle(false));
      ping();
    });
  }

  /** Messages of this turn of the event loop, and how long they are together, in UTF-16 code units. */
  let gathered: string[] = [];
  let gatheredLength = 0;
  const waitingBytes = (): number => gatheredLength + wire.writableLength;
  function flush(): void {
    const messages = gathered;
    if (messages.length === 0) return;
    gathered = [];
    gatheredLength = 0;
    if (socket.readyState === socket.OPEN) wire.write(framesOf(messages), () => onTaken(messages.length));
    else onTaken(messages.length);
  }

  /** Messages so far: given to be sent, and taken by the network, which takes them in order. */
  let [given, taken] = [0, 0];
  /** Those who wait until that many have been taken, in order. */
  const awaited: { readonly upTo: number; readonly go: () => void }[] = [];
  let isHeld = false;
  let onRoom = (): void => {};
  const isFull = (): boolean => waitingBytes() > WAITING_BYTES;
  // Who does not read answers is asked nothing more of: requests wait in the client's own buffers. Pongs wait with
  // them, so one that never reads again is gone with the next ping.
  const readOrNot = (): void => {
    const mayRead = !isHeld && !isFull();
    if (mayRead === socket.isPaused) socket[mayRead ? 'resume' : 'pause']();
  };
  const onTaken = (count: number): void => {
    taken += count;
    if (socket.isPaused) readOrNot();
    if (!isFull()) onRoom();
    while (awaited[0] && awaited[0].upTo <= taken) awaited.shift()?.go();
  };

  let leave = (): void => {};
  const left = new Promise<void>((resolve) => (leave = resolve));
  void left.then(() => pulse.stop());
  socket.once('close', leave);
  // The peer broke RFC 6455 or a limit; ws closes the socket with the code that says so.
  socket.on('error', leave);

  return {
    get isOpen() {
      return socket.readyState === socket.OPEN;
    },
    get isFull() {
      return isFull();
    },
    onRoom: (listener) => {
      onRoom = listener;
    },
    send: (message) => {
      if (socket.readyState !== socket.OPEN) return undefined;
      if (gathered.length === 0) setImmediate(flush);
      gathered.push(message);
      gatheredLength += message.length;
      given += 1;
      const waiting = waitingBytes();
      if (waiting > WAITING_BYTES) readOrNot();
      // Whoever reads nothing is not written to for ever.
      if (waiting > LIMITS.unreadBytesPerSocket) socket.terminate();
      if (waiting <= PROMPT_BYTES) return undefined;
      const upTo = given;
      return new Promise((go) => awaited.push({ upTo, go }));
    },
    answers: (withinMs) => (asked ??= ask(withinMs).finally(() => (asked = null))),
    pong: (payload) => {
      if (socket.readyState === socket.OPEN) wire.write(pongOf(payload), () => onTaken(0));
      readOrNot();
    },
    hold: () => {
      isHeld = true;
      readOrNot();
    },
    letGo: () => {
      if (!isHeld) return;
      isHeld = false;
      readOrNot();
    },
    close: (code, words) => {
      socket.resume();
      flush();
      socket.close(code, words ?? CLOSE_REASONS[code]);
      leave();
    },
    terminate: () => {
      socket.terminate();
      leave();
    },
    hasUnsent: () => waitingBytes() > 0,
    told: () => pulse.told(),
    onHeard: (listener) => {
      onHeard = listener;
    },
    left,
  };
}
