// What the devices of all peers stand on: a raw ws socket, and a candidate as a browser gives it.
import { once } from 'node:events';
import { WebSocket } from 'ws';

/**
 * @param onText given each message, and `send` to answer it with: the first one may come before this resolves
 * @param token for a server that counts strangers by their address: all devices of a bench have the same
 */
export async function open(url, onText, { protocol, token } = {}) {
  const headers = token && { authorization: `Bearer ${token}` };
  const socket = new WebSocket(url, protocol, { perMessageDeflate: false, headers });
  const send = (text) => socket.send(text);
  let closing = false;
  socket.on('message', (data) => onText(data.toString(), send));
  socket.on('close', (code) => {
    if (!closing) throw new Error(`the server closed a socket with ${code}`);
  });
  await once(socket, 'open');
  const close = async () => {
    closing = true;
    socket.close();
    await once(socket, 'close');
  };
  return { send, close };
}

/** W3C RTCIceCandidateInit. */
export function candidateOf(candidate) {
  return { candidate, sdpMid: '0', sdpMLineIndex: 0, usernameFragment: 'c2a1' };
}
