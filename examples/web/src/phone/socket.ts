import { createClient } from 'graphql-ws';
import type { Client } from 'graphql-ws';
import type { AccessToken } from './access-token';

const PING_MS = 10_000;
const PONG_MS = 5_000;

/** The connection that tells of calls. It comes back by itself, for as long as the page is open. */
export function openSocket(accessToken: AccessToken): Client {
  let renewal: ReturnType<typeof setTimeout>;
  let silence: ReturnType<typeof setTimeout>;
  const socket = createClient({
    url: `${location.origin.replace('http', 'ws')}/graphql`,
    connectionParams: async () => ({ authorization: `Bearer ${await accessToken.get()}` }),
    shouldRetry: () => true,
    retryAttempts: Infinity,
    keepAlive: PING_MS,
    on: {
      // Before the token expires: a new connection brings a new one. The stream goes on where it was.
      connected: () => {
        renewal = setTimeout(() => socket.terminate(), accessToken.renewInMs);
      },
      // A network that went away without a word is noticed by its silence.
      ping: (received) => {
        if (!received) silence = setTimeout(() => socket.terminate(), PONG_MS);
      },
      pong: () => clearTimeout(silence),
      closed: () => {
        clearTimeout(renewal);
        clearTimeout(silence);
      },
    },
  });
  return socket;
}
