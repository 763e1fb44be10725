import { createClient } from 'graphql-ws/client';
import type { Client } from 'graphql-ws/client';
import { fetchToken } from './access-token.js';
import type { FetchedToken, TokenSource } from './access-token.js';
import type { CallError } from './errors.js';
import { watch } from './liveness.js';
import { Cell } from './observable.js';
import type { Observable } from './observable.js';
import { onDoubt, pageOrigin, webSocket } from './platform.js';
import type { WebSocketClass } from './platform.js';
import { backoffMs } from './retry.js';
import { delay, Scope } from './scope.js';
import { elapsed } from './time.js';

export interface CallSocketOptions {
  /** Of the service: `wss://…/graphql`, the same with `https:`, or in a page its path alone. */
  readonly url: string;
  /** Asked for each connection, and again before the token expires. */
  readonly token: TokenSource;
  /** Where there is no global `WebSocket`: that of `ws`, for example. */
  readonly webSocketImpl?: unknown;
}

/** A `Client` of graphql-ws that keeps itself alive, for `graphqlWsTransport` or the `GraphQLWsLink` of Apollo Client. */
export interface CallSocket extends Client {
  /** TOKEN_FAILED while the app gives no token; null otherwise. */
  readonly problem: Observable<CallError | null>;
}

/** A connection that lived so long was no failure: the next wait is the shortest again. */
const LASTED_MS = 5_000;
/** A token that was fetched ahead is used for a connection that begins by then. */
const AHEAD_MS = 10_000;
/** Renewed so much before its expiry at most, of a short-lived token a fifth of what is left. */
const MARGIN_MS = 60_000;
/** Longer timers than 24.8 days fire at once. */
const TIMER_MAX_MS = 86_400_000;
/** A source that gives the same token again is not asked more often. */
const SAME_MS = 1_000;

/**
 * The socket for calls. It is opened when there is something to send, comes back for as long as it is needed, after a wait that
 * grows to 8 s and has a random part, is left for a new one where it forwards nothing any more, and goes over to a new token
 * before the old one expires: streams go on from their cursors, operations are sent again. `dispose()` ends it.
 */
export function callSocket({ url, token, webSocketImpl }: CallSocketOptions): CallSocket {
  const scope = new Scope();
  const problem = new Cell<CallError | null>(null);
  const address = (url.startsWith('/') ? pageOrigin() + url : url).replace(/^http/, 'ws');
  let prepared: FetchedToken | null = null;
  let used: FetchedToken | null = null;
  let refused = false;
  let fetching = false;
  let tries = 0;
  let connectedAt: number | null = null;
  let hurries = false;
  let connection = new Scope();

  const fetch = (): Promise<FetchedToken> => fetchToken(token, refused, problem, scope.signal);
  const client = createClient({
    // Before the socket is opened, which the service closes when the token takes too long. It must not reject.
    url: async () => {
      if (!prepared || prepared.ageMs > AHEAD_MS) {
        fetching = true;
        prepared = await fetch();
        fetching = false;
      }
      return address;
    },
    connectionParams: () => {
      [used, prepared] = [prepared, null];
      return { authorization: `Bearer ${used?.text ?? ''}` };
    },
    webSocketImpl: watchedClass((webSocketImpl as WebSocketClass | undefined) ?? webSocket(), () => liveness.opening()),
    shouldRetry: () => true,
    retryAttempts: Infinity,
    retryWait: async () => {
      if (connectedAt !== null && elapsed() - connectedAt >= LASTED_MS) tries = 0;
      connectedAt = null;
      if (!hurries) await pause(backoffMs(++tries), scope.signal);
      hurries = false;
    },
  });

  const leave = (): void => {
    hurries = true;
    client.terminate();
  };
  const socket: CallSocket = {
    ...client,
    problem,
    terminate: leave,
    dispose: () => {
      scope.close();
      connection.close();
      // graphql-ws waits for a connection that is on its way: one that waits for a token never comes.
      return fetching ? undefined : client.dispose();
    },
  };
  const liveness = watch(socket, true);

  client.on('connected', () => {
    connectedAt = elapsed();
    refused = false;
    connection = new Scope();
    renewLater();
  });
  client.on('closed', (event) => {
    connection.close();
    const { code } = (event ?? {}) as { readonly code?: number };
    refused = code === 4401 || code === 4403;
  });

  function renewLater(atLeastMs = 0): void {
    const leftMs = used?.leftMs ?? null;
    if (leftMs === null || leftMs <= 0) return;
    const margin = Math.min(MARGIN_MS, leftMs / 5) * (0.75 + Math.random() / 4);
    const waitMs = Math.max(leftMs - margin, atLeastMs);
    if (waitMs > TIMER_MAX_MS) connection.after(TIMER_MAX_MS, renewLater);
    else connection.after(waitMs, () => void renew(connection));
  }

  /** The old connection goes on until there is a new token: nothing is missed while that takes its time. */
  async function renew(current: Scope): Promise<void> {
    const next = await fetch();
    if (current.closed) return;
    if (next.text === used?.text) return renewLater(SAME_MS);
    prepared = next;
    leave();
  }

  return socket;
}

/** Waits, but not longer than until the network or the page comes back. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  const wait = new Scope();
  const end = (): void => wait.close();
  const unlisten = onDoubt(end);
  signal.addEventListener('abort', end);
  await delay(ms, wait.signal);
  signal.removeEventListener('abort', end);
  unlisten();
}

/** @param opening called as each socket begins to open */
function watchedClass(Impl: WebSocketClass | undefined, opening: () => void): unknown {
  if (!Impl) return undefined;
  return class extends Impl {
    constructor(url: string, protocols: string) {
      super(url, protocols);
      // One that is left while it opens fails, and in Node.js an error that nobody listens to ends the process.
      this.addEventListener('error', () => {});
      opening();
    }
  };
}
