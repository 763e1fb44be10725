/** What is no request that GraphQL could answer, on a raw socket: our own shape, and nothing of what was sent. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { LIMITS } from '../../src/limits.js';
import { createLog } from '../../src/server/log.js';
import { startServer, type RunningServer } from '../../src/server/server.js';
import { parseSettings } from '../../src/server/settings.js';
import { cpuOf } from '../support/own-cost.js';
import { eventually } from '../support/process.js';

const start = (): Promise<RunningServer> => startServer(parseSettings({ PORT: '0' }), createLog({ level: 'silent' }));
let server: RunningServer;
beforeAll(async () => {
  server = await start();
});
afterAll(() => server.close());

/** Sends bytes as they are. @returns all that comes back until the server closes */
async function send(origin: string, text: string): Promise<string> {
  const socket = connect(Number(new URL(origin).port), '127.0.0.1');
  let answer = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk));
  socket.on('error', () => undefined);
  socket.write(text);
  await once(socket, 'close');
  return answer;
}

function read(answer: string): { readonly status: number; readonly body: unknown } {
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  return { status: Number(head.split(' ')[1]), body: JSON.parse(body) };
}
const errorOf = (status: number, more: object = {}): object => ({
  errors: [{ message: expect.any(String), extensions: { code: 'BAD_REQUEST', status, retryable: false, ...more } }],
});
const request = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`;

describe('a path that is no UTF-8', () => {
  it.each(['/%c0%ae', '/secret-path/%c0%ae', '/graphql%ff', '/%'])(
    '%s is refused without being named',
    async (path) => {
      const answer = await send(server.origin, request(path));
      expect(read(answer)).toEqual({ status: 400, body: errorOf(400) });
      expect(answer).not.toContain(path);
      expect(answer).not.toContain('secret-path');
    },
  );
});

describe('what is no HTTP, or none that is served', () => {
  it.each([
    ['no method', 'HELLO canary\r\n\r\n', 400],
    ['another protocol', '\x16\x03\x01\x02\x00\x01canary\r\n\r\n', 400],
    ['two lengths', 'POST /graphql HTTP/1.1\r\nHost: canary\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', 400],
    ['a header without a name', 'GET / HTTP/1.1\r\nHost: canary\r\n: canary\r\n\r\n', 400],
    ['no Host', 'GET /canary HTTP/1.1\r\n\r\n', 400],
    ['no Host, for a probe', 'GET /healthz HTTP/1.1\r\n\r\n', 400],
    ['another expectation', 'POST /graphql HTTP/1.1\r\nHost: x\r\nExpect: canary\r\nContent-Length: 9\r\n\r\n', 417],
    ['a tunnel', 'CONNECT canary:443 HTTP/1.1\r\nHost: canary:443\r\n\r\n', 400],
    ['headers of 64 KiB', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'canary'.repeat(11_000)}\r\n\r\n`, 431],
  ])('(%s) is answered in our shape, and not repeated', async (_what, text, status) => {
    const answer = await send(server.origin, text);
    expect(read(answer)).toEqual({ status, body: errorOf(status) });
    expect(answer).not.toContain('canary');
  });

  it('is no expectation of 100-continue, which is met', async () => {
    const head = 'POST /graphql HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\n';
    const answer = await send(server.origin, `${head}Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}`);
    expect(answer).toMatch(/^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 400 /);
  });
});

describe('a Host header that is none', () => {
  it.each(['', 'Host:\r\n', 'Host: [\r\n', 'Host: a b\r\n'])('(%j) is said so, and is no defect', async (host) => {
    const body = '[]';
    const answer = await send(
      server.origin,
      `POST /graphql HTTP/1.0\r\n${host}Content-Type: application/json\r\nContent-Length: 2\r\n\r\n${body}`,
    );
    expect(read(answer)).toEqual({ status: 400, body: errorOf(400) });
    expect(answer).toContain('Host header');
  });

  it('is no matter for a probe', async () => {
    expect(read(await send(server.origin, 'GET /healthz HTTP/1.0\r\n\r\n')).status).toBe(200);
  });
});

describe('a path in other spellings', () => {
  const spellings = ['/%67raphql', '/graph%71l?query=x', 'http://localhost/graphql', 'HTTPS://any.host:8080/graphql?x'];

  it.each(spellings)('%s is the same path: for what it serves, for other methods, and for sockets', async (target) => {
    const ask = (method: string): Promise<string> =>
      send(server.origin, `${method} ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    const other = await ask('PUT');
    expect(read(other)).toEqual({ status: 405, body: errorOf(405) });
    expect(other).toMatch(/^allow: GET, POST\r$/im);
    expect(read(await ask('GET')).status).toBe(400);
    const upgrade = UPGRADE.replace('GET /graphql', `GET ${target}`);
    const socket = connect(Number(new URL(server.origin).port), '127.0.0.1');
    socket.write(`${upgrade}${VERSION}${KEY}\r\n`);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    socket.destroy();
    expect(String(answer)).toMatch(/^HTTP\/1.1 101 /);
  });

  it.each(['/GRAPHQL', '/graphql/', '//graphql', '/graphql%2F', '/%2567raphql'])('%s is another', async (target) => {
    expect(read(await send(server.origin, request(target))).status).toBe(404);
    const upgrade = UPGRADE.replace('/graphql', target);
    expect(read(await send(server.origin, `${upgrade}${VERSION}${KEY}\r\n`)).status).toBe(404);
  });
});

const UPGRADE = 'GET /graphql HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n';
const VERSION = 'Sec-WebSocket-Version: 13\r\n';
const KEY = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';

describe('a handshake that is none of RFC 6455', () => {
  it.each([
    ['no key', UPGRADE + VERSION, 400, /Sec-WebSocket-Key/],
    ['a key that is none', `${UPGRADE}${VERSION}Sec-WebSocket-Key: canary\r\n`, 400, /Sec-WebSocket-Key/],
    ['no version', UPGRADE + KEY, 426, /^sec-websocket-version: 13, 8\r$[^]*Sec-WebSocket-Version must be 13 or 8/im],
    ['another version', `${UPGRADE}${KEY}Sec-WebSocket-Version: 7\r\n`, 426, /^upgrade: websocket\r$/im],
    [
      'another method',
      (UPGRADE + VERSION + KEY).replace('GET', 'POST'),
      405,
      /^allow: GET\r$[^]*The method must be GET\./im,
    ],
    [
      'a list of protocols that is none',
      `${UPGRADE}${VERSION}${KEY}Sec-WebSocket-Protocol: canary,,canary\r\n`,
      400,
      /Sec-WebSocket-Protocol/,
    ],
  ])('(%s) is answered in our shape, and not repeated', async (_what, head, status, words) => {
    const answer = await send(server.origin, `${head}\r\n`);
    expect(read(answer)).toEqual({ status, body: errorOf(status) });
    expect(answer).toMatch(words);
    expect(answer).not.toContain('canary');
  });
});

describe('an offer of HTTP/2, as the HTTP client of Java makes it', () => {
  const offer = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAAAAAMAAAAA';
  const QUERY = '{"query":"{ __typename }"}';

  it.each([
    ['whole', ''],
    ['in parts', QUERY.slice(9)],
  ])('is not taken up, and the request is answered: a body that comes %s', async (_how, later) => {
    const socket = connect(Number(new URL(server.origin).port), '127.0.0.1');
    let answer = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk));
    const head = `POST /graphql HTTP/1.1\r\nHost: localhost\r\n${offer}\r\nContent-Type: application/json`;
    socket.write(`${head}\r\nContent-Length: ${QUERY.length}\r\n\r\n${QUERY.slice(0, QUERY.length - later.length)}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
    socket.write(later);
    await eventually(() => answer.includes('"Query"'));
    // The connection stays, for requests as usual.
    answer = '';
    socket.write(request('/healthz'));
    await once(socket, 'close');
    expect(read(answer)).toEqual({ status: 200, body: { status: 'ok' } });
  });
});

describe('requests that come together on one connection', () => {
  const operation = JSON.stringify({ query: '{ __typename }' });
  const post = (more = ''): string =>
    `POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n${more}Content-Length: ${operation.length}\r\n\r\n${operation}`;
  const answers = (text: string): number => text.split('HTTP/1.1 200').length - 1;

  it('are all answered, as many as there may be', async () => {
    const most = LIMITS.requestsPerConnection;
    expect(answers(await send(server.origin, post().repeat(most - 1) + post('Connection: close\r\n')))).toBe(most);
  });

  it('end it where there are more, so that nobody else waits for hundreds of them', async () => {
    const [one, hundreds] = [post('Connection: close\r\n'), post().repeat(400)];
    await send(server.origin, one);
    const usual = await cpuOf(async () => {
      for (let n = 0; n < LIMITS.requestsPerConnection; n += 1) await send(server.origin, one);
    });
    expect(await cpuOf(() => send(server.origin, hundreds))).toBeLessThan(2 * usual + 100);
    expect(answers(await send(server.origin, hundreds))).toBeLessThanOrEqual(LIMITS.requestsPerConnection);
    expect(read(await send(server.origin, one))).toEqual({ status: 200, body: { data: { __typename: 'Query' } } });
  });
});

it('a request on a connection that is open while the server stops is told to come back', async () => {
  const stopping = await start();
  const socket = connect(Number(new URL(stopping.origin).port), '127.0.0.1');
  let answer = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk));
  // Its headers are not complete: it is no idle connection, which a server that stops would close.
  socket.write('GET /healthz HTTP/1.1\r\n');
  await new Promise((resolve) => setTimeout(resolve, 100));
  const closed = stopping.close();
  await new Promise((resolve) => setTimeout(resolve, 100));
  socket.write('Host: localhost\r\n\r\n');
  await once(socket, 'close');
  expect(read(answer)).toEqual({
    status: 503,
    body: {
      errors: [
        {
          message: 'The server is stopping.',
          extensions: expect.objectContaining({ code: 'CALL_UNAVAILABLE', retryable: true, retryAfterSeconds: 1 }),
        },
      ],
    },
  });
  expect(answer.toLowerCase()).toContain('connection: close');
  await closed;
});

it('a server that stops waits for no connection on which nothing, or half a request, has come', async () => {
  const stopping = await start();
  const port = Number(new URL(stopping.origin).port);
  const sockets = ['', 'GET /h', 'POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"query'].map(
    (text) =>
      connect(port, '127.0.0.1')
        .on('error', () => undefined)
        .setNoDelay()
        .on('connect', function (this: Socket) {
          if (text !== '') this.write(text);
        }),
  );
  const [silent] = sockets as [Socket, ...Socket[]];
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  await new Promise((resolve) => setTimeout(resolve, 100));
  const gone = sockets.map((socket) => once(socket.resume(), 'close'));
  const closed = stopping.close();
  // At once, and the others before the process is ended: 5 s.
  await gone[0];
  expect(sockets.map(({ destroyed }) => destroyed)).toEqual([true, false, false]);
  expect(silent.bytesRead).toBe(0);
  await Promise.all([...gone, closed]);
});
