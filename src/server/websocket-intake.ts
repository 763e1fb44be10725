import type { RawData, WebSocket } from 'ws';
import { hasTooManyValues } from './json-values.js';
import type { Shares } from './shares.js';
import type { Session } from './websocket-protocol.js';

/** So much of what came is read before it is asked again whether there is time for more, in bytes: a few hundred small frames. */
const PIECE_BYTES = 4 * 1024;

export interface IntakeOptions {
  readonly shares: Shares;
  /** Takes one message. */
  readonly receive: (text: string) => void;
}

/**
 * Takes what a client sends, in order, within its account's share of each turn of the event loop, and no message while answers
 * to those before wait to be read. While some of it waits, nothing more is read from the socket: the rest stays in the client's
 * own buffers.
 */
export function takeMessages(socket: WebSocket, session: Session, { shares, receive }: IntakeOptions): void {
  const { channel, wire } = session;
  let owner: string | object = session;
  /** Works that were given and not begun. */
  let given = 0;
  /** What was read while answers wait, in order. */
  const kept: RawData[] = [];
  let isGone = false;

  function inShare(work: () => void, leastMs?: number): void {
    // Under one name while some of it waits, so that nothing overtakes.
    if (given === 0) owner = session.connection?.viewer.accountId ?? session;
    given += 1;
    const begin = (): void => {
      given -= 1;
      if (!isGone) work();
      goOn();
    };
    if (!shares.run(owner, begin, leastMs)) channel.hold();
  }

  function goOn(): void {
    if (given > 0) return;
    if (kept.length === 0) channel.letGo();
    // One at a time: each may be answered with as much as fills the channel again.
    else if (!channel.isFull) inShare(() => take(kept.shift() as RawData));
  }

  function take(data: RawData): void {
    if (!channel.isOpen) return;
    const text = String(data);
    if (hasTooManyValues(text)) channel.close(1009);
    else receive(text);
  }

  // The listener of ws, which reads all that came in one go.
  const [read] = wire.listeners('data').slice(-1) as [(piece: Buffer) => void];
  wire.off('data', read);
  wire.on('data', (chunk: Buffer) => {
    for (let at = 0; at < chunk.length; at += PIECE_BYTES)
      inShare(() => void read.call(wire, chunk.subarray(at, at + PIECE_BYTES)), 0);
  });
  const gone = (): void => void ((isGone = true), (kept.length = 0));
  wire.once('close', gone);
  socket.once('error', gone);
  socket.on('message', (data) =>
    inShare(() => {
      if (kept.length === 0 && !channel.isFull) return take(data);
      kept.push(data);
      return channel.hold();
    }),
  );
  socket.on('ping', (payload) => channel.pong(payload));
  channel.onRoom(goOn);
}
