/** A process that is told to stop ends with 0 within the 5 s that it is given, whatever its clients and its services do. */
import { afterEach, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startOneFileServer } from '../support/process.js';
import { openWire } from '../support/ws-client.js';

const folder = mkdtempSync(join(tmpdir(), 'stop-'));
const closers: (() => unknown)[] = [() => rmSync(folder, { recursive: true })];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** Accepts connections, and says nothing on them. */
async function startHung(): Promise<{ readonly url: string; readonly asked: Promise<unknown> }> {
  const server = createServer((socket) => socket.on('error', () => undefined).resume());
  closers.push(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, asked: once(server, 'connection') };
}

/** A connection on which half a request has come. */
async function halfRequest(url: string): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1').on('error', () => undefined);
  await once(socket.resume(), 'connect');
  socket.write('GET /h');
  return socket;
}

const RELAY = {
  requestedTtlSeconds: 86_400,
  clientTtlSeconds: 43_200,
  rateLimit: { max: 20, windowSeconds: 600 },
  providers: [{ type: 'shared-secret', secretFile: join(folder, 'turn') }],
  relay: { urls: ['turn:127.0.0.1:3478?transport=udp'] },
};

it('half requests on both ports and a webhook that hangs take nothing from each other', async () => {
  writeFileSync(join(folder, 'turn'), 'of-the-test');
  writeFileSync(join(folder, 'relay.json'), JSON.stringify(RELAY));
  const hook = await startHung();
  const server = startOneFileServer({
    METRICS_PORT: '0',
    RELAY_CONFIG_FILE: join(folder, 'relay.json'),
    WEBHOOK_URL: hook.url,
    WEBHOOK_SECRET: Buffer.alloc(32, 1).toString('base64'),
  });
  const [, metrics = ''] = await server.printed(/"address":"(http:[^"]+\/metrics)"/);
  const [, origin = ''] = await server.printed(/"address":"(http:[^"]+)","msg":"Listening"/);
  const [token = ''] = await server.printed(/^eyJ\S+$/m);
  const query = JSON.stringify({ query: '{ callRelay { turnUsername } }' });
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
  const answer = await fetch(`${origin}/graphql`, { method: 'POST', headers, body: query });
  expect(await answer.text()).toContain('turnUsername');
  await hook.asked;
  const halves = await Promise.all([origin, metrics].map(halfRequest));
  const wire = await openWire(`${origin.replace('http', 'ws')}/graphql`);

  const from = performance.now();
  process.kill(server.pid, 'SIGTERM');
  // At once, and not when the port of the metrics is closed.
  expect(await Promise.race([wire.closed, ...halves.map((half) => once(half, 'close'))])).toMatchObject({ code: 1012 });
  expect(await server.ended).toEqual({ code: 0, signal: null });
  // The rest is for a machine that is busy.
  expect(performance.now() - from).toBeLessThan(9_000);
});

it('a start that waits for a login service is not waited for', async () => {
  const login = await startHung();
  const server = startOneFileServer({
    METRICS_PORT: '0',
    AUTH_JWKS_URL: login.url,
    AUTH_ISSUER: 'login',
    AUTH_AUDIENCE: 'calls',
    AUTH_TIMEOUT_MS: '30000',
  });
  await server.printed(/Metrics are served/);
  process.kill(server.pid, 'SIGTERM');
  expect(await server.ended).toEqual({ code: 0, signal: null });
});
