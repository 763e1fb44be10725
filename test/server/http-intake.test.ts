/** What comes over a connection is parsed in pieces, within its owner's share of a turn, and a body in crumbs is refused. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { LIMITS } from '../../src/limits.js';
import { takeRequests, type HttpIntake } from '../../src/server/http-intake.js';
import { createShares } from '../../src/server/shares.js';
import { eventually, untilStill } from '../support/process.js';
import { startWsWorld, type WsWorld } from '../support/ws-world.js';

const sockets = new Set<Socket>();
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
});

async function open(port: number): Promise<{ socket: Socket; answer: () => string }> {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  sockets.add(socket);
  await once(socket, 'connect');
  let answer = '';
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString('latin1')));
  return { socket, answer: () => answer };
}

describe('a server of Node.js', () => {
  let server: Server;
  let port: number;
  /** What was asked for, and what came as its body. */
  const asked: string[] = [];
  let intake: HttpIntake;
  let served: Socket;
  /** By what it is parsed: nothing while this is false. */
  let mayGo = true;
  const waiting: (() => void)[] = [];
  const shares = { ...createShares({ elapsed: () => 0 }), run: (_owner: unknown, work: () => void) => give(work) };
  function give(work: () => void): boolean {
    if (mayGo) work();
    else waiting.push(work);
    return mayGo;
  }

  beforeAll(async () => {
    server = createServer((request: IncomingMessage, response) => {
      intake.begun(request);
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        asked.push(`${request.method} ${request.url} ${body.length}`);
        response.end(request.url);
      });
    });
    server.on('connection', (socket) => {
      served = socket;
      intake = takeRequests(socket, shares, () => 'owner');
    });
    server.on('upgrade', (request, socket, head: Buffer) => {
      intake.release();
      let rest = head.toString();
      socket.on('data', (chunk: Buffer) => (rest += chunk.toString()));
      socket.on('end', () => asked.push(`upgraded ${request.url} ${rest.length}`));
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    ({ port } = server.address() as AddressInfo);
  });
  afterAll(() => void server.closeAllConnections());
  afterEach(() => {
    asked.length = 0;
    mayGo = true;
  });

  it('has requests and bodies that come in one piece, or by bytes, as they were sent', async () => {
    const body = 'x'.repeat(200_000);
    const one = `POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const chunked = `POST /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${'3\r\nabc\r\n'.repeat(2_000)}0\r\n\r\n`;
    const { socket, answer } = await open(port);
    socket.write(`${one}${chunked}${'GET /c HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(200)}`);
    await eventually(() => answer().match(/200 OK/g)?.length === 202);
    expect(asked).toEqual(['POST /a 200000', 'POST /b 6000', ...Array.from({ length: 200 }, () => 'GET /c 0')]);

    const slow = await open(port);
    for (const byte of 'GET /d HTTP/1.1\r\nHost: x\r\n\r\n') {
      slow.socket.write(byte);
      await new Promise(setImmediate);
    }
    await eventually(() => slow.answer().endsWith('/d'));
  });

  it('is given nothing, and no more is read, until there is a share for it', async () => {
    mayGo = false;
    const { socket, answer } = await open(port);
    const body = 'x'.repeat(30_000_000);
    socket.write(`POST /e HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    await untilStill(() => served.bytesRead);
    expect(served.bytesRead).toBeLessThan(200_000);
    expect([asked, waiting.length]).toEqual([[], 1]);
    mayGo = true;
    waiting.shift()?.();
    await eventually(() => answer().endsWith('/e'));
    expect(asked).toEqual(['POST /e 30000000']);
  });

  it('leaves what comes after an upgrade to whoever speaks that protocol, all of it', async () => {
    const { socket } = await open(port);
    socket.end(`GET /f HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n${'y'.repeat(50_000)}`);
    await eventually(() => asked.includes('upgraded /f 50000'));
  });
});

describe('the door for HTTP', () => {
  let world: WsWorld;
  beforeAll(async () => {
    world = await startWsWorld();
  });
  afterAll(() => world.close());

  const post = (body: string): string =>
    `POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${body}`;
  const chunksOf = (text: string, size: number): string =>
    Array.from({ length: Math.ceil(text.length / size) }, (_, i) => text.slice(i * size, (i + 1) * size))
      .map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`)
      .join('');

  it('takes a body in as many chunks as it may have, and refuses one more', async () => {
    const text = '{"query":"{ hello }"}'.padEnd(LIMITS.bodyChunks);
    const good = await open(world.port);
    good.socket.write(post(`${chunksOf(text, 1)}0\r\n\r\n`));
    await eventually(() => good.answer().includes('"hello":"world"'));
    const bad = await open(world.port);
    bad.socket.write(post(chunksOf(`${text} `, 1)));
    await eventually(() => bad.answer().startsWith('HTTP/1.1 413'));
    expect(bad.answer()).toContain(`The request body comes in more than ${LIMITS.bodyChunks} chunks.`);
  });

  it('refuses a GET with more values than a body may have', async () => {
    const variables = (count: number): string => encodeURIComponent(JSON.stringify({ a: Array(count).fill(1) }));
    const get = async (count: number) => {
      const url = `${world.url.replace('ws:', 'http:')}?query=%7Bhello%7D&variables=${variables(count)}`;
      return (await fetch(url, { headers: { 'apollo-require-preflight': '1' } })).status;
    };
    expect(await get(1_000)).toBe(200);
    expect(await get(2_100)).toBe(413);
  });
});
