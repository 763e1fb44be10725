/** Requests that came together on one connection are served one by one, and what is not of GraphQL has its limits too. */
import { afterEach, expect, it } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { once } from 'node:events';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { LIMITS } from '../../src/limits.js';
import { createApp } from '../../src/server/app.js';
import { createLog } from '../../src/server/log.js';
import { startServer } from '../../src/server/server.js';
import { parseSettings } from '../../src/server/settings.js';
import { eventually, untilStill } from '../support/process.js';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  closing.unshift(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

it('the next one begins when the answer to the one before has left: of unread answers, a connection holds one', async () => {
  const app: FastifyInstance = createApp((error) => {
    throw error;
  });
  const begun: string[] = [];
  app.get<{ Params: { n: string } }>('/big/:n', (request) => {
    begun.push(request.params.n);
    return 'x'.repeat(4_000_000);
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  closing.push(() => app.close());

  const socket = await open((app.server.address() as AddressInfo).port);
  socket.pause();
  const all = Array.from({ length: LIMITS.requestsPerConnection }, (_, n) => `${n}`);
  socket.write(all.map((n) => `GET /big/${n} HTTP/1.1\r\nHost: x\r\n\r\n`).join(''));
  await untilStill(() => begun.length);
  // The network holds a few MB.
  expect(begun.length).toBeLessThan(all.length / 2);
  let bytes = 0;
  socket.on('data', (chunk: Buffer) => (bytes += chunk.length)).resume();
  await eventually(() => bytes > all.length * 4_000_000);
  expect(begun).toEqual(all);
});

it.each([
  ['health', 'GET /healthz'],
  ['a path that is none', 'GET /nothing'],
  ['what a page asks for beforehand', 'OPTIONS /graphql'],
  [
    'a page of the host, beforehand',
    'OPTIONS /graphql',
    'Origin: http://x\r\nAccess-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: content-type\r\n',
  ],
  ['a page of somebody else', 'POST /graphql', 'Origin: https://evil.example\r\nContent-Length: 0\r\n'],
])('%s is answered so often a second for one address, and then with 429', async (_what, line, headers = '') => {
  const server = await startServer(parseSettings({ PORT: '0' }), createLog({ level: 'silent' }));
  closing.push(() => server.close());
  const port = Number(new URL(server.origin).port);
  const most = LIMITS.anonymousBytesPerAddressAndSecond / 4_096;
  const statuses = new Map<string, number>();
  // Each as many as may come together.
  const request = `${line} HTTP/1.1\r\nHost: x\r\n${headers}\r\n`.repeat(LIMITS.requestsPerConnection);
  const sockets = await Promise.all(Array.from({ length: 100 }, () => open(port)));
  const gone = sockets.map(async (socket) => {
    socket.setEncoding('latin1').on('data', (text: string) => {
      for (const [, status = ''] of text.matchAll(/HTTP\/1\.1 (\d+)/g))
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
    });
    socket.write(request);
    await Promise.race([once(socket, 'close'), new Promise((resolve) => setTimeout(resolve, 1_500))]);
  });
  await Promise.all(gone);
  const { 429: refused = 0, ...others } = Object.fromEntries(statuses) as Record<string, number>;
  const answered = Object.values(others).reduce((sum, count) => sum + count, 0);
  expect(refused).toBeGreaterThan(0);
  // Another second may have begun meanwhile.
  expect(answered).toBeLessThanOrEqual(2 * most);
  expect(answered).toBeGreaterThanOrEqual(most);
});
