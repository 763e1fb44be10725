import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Shares } from './shares.js';

/** So much of what came is parsed before it is asked again whether there is time for more, in bytes. */
const PIECE_BYTES = 2 * 1024;
/** What it counts for at least, in milliseconds, where more is done when it was parsed: for requests, and for chunks of a body. */
const [REQUESTS_MS, CHUNKS_MS] = [0.25, 4];

/** What one connection sends to the HTTP server of Node.js. */
export interface HttpIntake {
  /** A request has begun: the rest waits for the next turn, as it may have to stay with its sender. */
  begun(request: IncomingMessage): void;
  /** It speaks another protocol from here on: what was not parsed can be read by whoever does. */
  release(): void;
}

/**
 * Has what comes over a connection parsed within its owner's share of each turn of the event loop. While some of it waits,
 * nothing more is read: a few KB can be thousands of requests, header fields or chunks.
 *
 * @param socket with the listeners of the HTTP server, which has not read from it yet
 * @param owner asked for each piece
 */
export function takeRequests(socket: Socket, shares: Shares, owner: () => string | object): HttpIntake {
  // The listener of Node.js, which parses all that came in one go.
  const [parse] = socket.listeners('data').slice(-1) as [(piece: Buffer) => void];
  const pieces: Buffer[] = [];
  let isGiven = false;
  let hasBegun = false;
  let isChunked = false;
  let isOver = false;
  let laterMs = 0;
  const later = (): number => laterMs;
  /** Whether the server has paused it, for a body that nobody reads yet, or answers that wait to be read; and whether this has. */
  let [isPaused, isHeld] = [false, false];
  const { pause, resume } = socket;

  function goOn(): void {
    if (isGiven || isOver || isPaused) return;
    if (pieces.length > 0) {
      isGiven = true;
      shares.run(owner(), feed, later);
    }
    const mustHold = pieces.length > 0;
    if (mustHold === isHeld || isOver || isPaused) return;
    isHeld = mustHold;
    (mustHold ? pause : resume).call(socket);
  }

  function feed(): void {
    if (socket.destroyed) pieces.length = 0;
    const piece = isOver || isPaused ? undefined : pieces.shift();
    // Meanwhile the server may pause and resume it.
    if (piece) parse.call(socket, piece);
    laterMs = isChunked ? CHUNKS_MS : hasBegun ? REQUESTS_MS : 0;
    if (hasBegun) setImmediate(next);
    else next();
    hasBegun = false;
  }

  function next(): void {
    isGiven = false;
    goOn();
  }

  function take(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; at += PIECE_BYTES) pieces.push(chunk.subarray(at, at + PIECE_BYTES));
    goOn();
  }

  function release(): void {
    if (isOver) return;
    isOver = true;
    socket.off('data', take);
    Object.assign(socket, { pause, resume });
    if (pieces.length > 0) socket.unshift(Buffer.concat(pieces.splice(0)));
  }

  // Node.js no longer parses what it reads before anybody is asked, once there is a listener.
  socket.on('data', take);
  socket.off('data', parse);
  Object.assign(socket, {
    pause: () => {
      isPaused = true;
      return pause.call(socket);
    },
    resume: () => {
      isPaused = false;
      goOn();
      return isHeld || isPaused ? socket : resume.call(socket);
    },
  });
  socket.once('close', () => {
    isOver = true;
    pieces.length = 0;
  });
  return {
    begun: ({ headers }) => {
      hasBegun = true;
      isChunked = headers['transfer-encoding'] !== undefined;
    },
    release,
  };
}
