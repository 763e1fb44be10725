import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { selfSigned } from './self-signed.js';

/** A relay provider's HTTP API, as a real server that answers as it is told to. */
export interface FakeProvider {
  /** The endpoint to configure. */
  readonly url: string;
  /** PEM certificate, when it was started with TLS. */
  readonly certificate: string | null;
  /** Every request that came in whole, oldest first. */
  readonly requests: readonly FakeRequest[];
  /** One answer for each of the next requests; the last one stays. */
  setAnswer(...answers: FakeAnswer[]): void;
  close(): Promise<void>;
}

export interface FakeRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Resolves when the connection that it came on is gone. */
  readonly gone: Promise<void>;
}

export type FakeAnswer = keyof typeof ANSWERS | ((response: ServerResponse, minted: MintedByFake) => void);

/** New values for each request, so that a test can tell answers apart and look for them where they must not be. */
export interface MintedByFake {
  readonly username: string;
  readonly credential: string;
}

/** The provider's own URLs, which are passed on only where none are configured. */
export const PROVIDER_URLS = ['stun:relay.test:3478', 'turn:relay.test:3478?transport=udp', 'turns:relay.test:443'];

/** What a refusal says, and nobody may repeat. */
export const PROVIDER_TEXT = 'provider-internal-detail';

const json = (response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
};

const failure = (status: number, headers?: Record<string, string>) => (response: ServerResponse) =>
  json(response, status, { error: PROVIDER_TEXT }, headers);

const ANSWERS = {
  object: (response, minted) => json(response, 201, { iceServers: { urls: PROVIDER_URLS, ...minted } }),
  array: (response, minted) =>
    json(response, 201, { iceServers: [{ urls: [PROVIDER_URLS[0]] }, { urls: PROVIDER_URLS.slice(1), ...minted }] }),
  twilio: (response, { username, credential }) =>
    json(response, 201, {
      username,
      password: credential,
      ttl: '3600',
      ice_servers: PROVIDER_URLS.map((url, i) => (i % 2 === 0 ? { url, urls: url } : { url, username, credential })),
    }),
  'wrong-success': (response, minted) => json(response, 200, { iceServers: { urls: PROVIDER_URLS, ...minted } }),
  400: failure(400),
  401: failure(401),
  429: failure(429),
  '429-retry-soon': failure(429, { 'retry-after': '1' }),
  '429-retry-late': failure(429, { 'retry-after': '60' }),
  500: failure(500),
  503: failure(503),
  reset: (response) => response.socket?.resetAndDestroy(),
  hang: () => undefined,
  drip: (response) => {
    response.writeHead(201, { 'content-type': 'application/json' });
    const timer = setInterval(() => response.write(' '), 10);
    response.on('close', () => clearInterval(timer));
  },
  'one-megabyte': (response, minted) =>
    json(response, 201, { padding: 'x'.repeat(1024 * 1024), iceServers: { urls: PROVIDER_URLS, ...minted } }),
  endless: (response) => {
    response.writeHead(201, { 'content-type': 'application/json' });
    const more = (): void => {
      while (!response.destroyed && response.write(' '.repeat(16_384)));
    };
    response.on('drain', more);
    more();
  },
  html: (response) => response.writeHead(201, { 'content-type': 'text/html' }).end('<html>maintenance</html>'),
  'no-password': (response, { username }) => json(response, 201, { iceServers: { urls: PROVIDER_URLS, username } }),
  'empty-username': (response, minted) =>
    json(response, 201, { iceServers: { urls: PROVIDER_URLS, ...minted, username: '' } }),
  'long-username': (response, minted) =>
    json(response, 201, { iceServers: { urls: PROVIDER_URLS, ...minted, username: 'u'.repeat(509) } }),
  'control-character': (response, minted) =>
    json(response, 201, { iceServers: { urls: PROVIDER_URLS, ...minted, credential: 'a\r\nb' } }),
  'empty-list': (response) => json(response, 201, { iceServers: [] }),
} as const satisfies Record<string, (response: ServerResponse, minted: MintedByFake) => unknown>;

/** Listens on a free port; the answer is `object` until set otherwise. */
export async function startFakeProvider(options: { readonly tls?: boolean } = {}): Promise<FakeProvider> {
  const pair = options.tls === true ? selfSigned() : null;
  const server = pair === null ? createServer() : createTlsServer(pair);
  const closing = new WeakMap<Socket, Promise<void>>();
  const requests: FakeRequest[] = [];
  let answers: FakeAnswer[] = ['object'];

  server.on(pair === null ? 'connection' : 'secureConnection', (socket: Socket) => {
    closing.set(socket, new Promise((resolve) => socket.once('close', () => resolve())));
  });
  server.on('request', (request, response) => {
    const gone = closing.get(request.socket) ?? Promise.resolve();
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      requests.push({ method: request.method ?? '', path: request.url ?? '', headers: request.headers, body, gone });
      const answer = (answers.length > 1 ? answers.shift() : answers[0]) ?? 'object';
      const minted = { username: `fake-user-${requests.length}`, credential: `fake-password-${requests.length}` };
      (typeof answer === 'function' ? answer : ANSWERS[answer])(response, minted);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  return {
    url: `${pair === null ? 'http' : 'https'}://127.0.0.1:${port}/v1/turn/keys/test/credentials/generate`,
    certificate: pair?.cert ?? null,
    requests,
    setAnswer: (...given) => {
      answers = given;
    },
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
