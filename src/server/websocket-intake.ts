import type { WebSocket } from 'ws';
import { hasTooManyValues } from './json-values.js';
import type { Shares } from './shares.js';
import type { Session } from './websocket-protocol.js';

/**
 * Takes what a client sends, in order, within its account's share of each turn of the event loop. While some of it waits,
 * nothing more is read from the socket: the rest stays in the client's own buffers.
 */
export function takeMessages(
  socket: WebSocket,
  session: Session,
  shares: Shares,
  receive: (text: string) => void,
): void {
  const { channel } = session;
  let owner: string | object = session;
  let waiting = 0;

  function inShare(work: () => void): void {
    // Under one name while some of it waits, so that nothing overtakes.
    if (waiting === 0) owner = session.connection?.viewer.accountId ?? session;
    waiting += 1;
    const isNow = shares.run(owner, () => {
      waiting -= 1;
      if (channel.isOpen) work();
      if (waiting === 0) channel.letGo();
    });
    if (!isNow) channel.hold();
  }

  socket.on('message', (data) =>
    inShare(() => {
      const text = String(data);
      if (hasTooManyValues(text)) channel.close(1009);
      else receive(text);
    }),
  );
  socket.on('ping', (payload) => inShare(() => channel.pong(payload)));
}
