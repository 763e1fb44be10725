/** Pages whose sockets are refused on a host's server: the host is told, and in the words of its own options. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, request, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Warning } from '../../src/events/warnings.js';
import { attachWebSocket, createWebSocket, type WebSocketOptions } from '../../src/server/attach.js';
import { createCallSignaling } from '../../src/signaling.js';
import { SMALL_RELAY } from '../support/small-relay.js';

const EVIL = 'https://evil.example';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function begin(options: Partial<WebSocketOptions> = {}, how: 'attach' | 'create' = 'attach') {
  const warnings: Warning[] = [];
  const onWarning = (warning: Warning): void => void warnings.push(warning);
  const signaling = createCallSignaling({ authenticator: () => null, relay: SMALL_RELAY, onWarning });
  const server = createServer();
  const given = { ...signaling.websocket, ...options };
  const door = how === 'attach' ? attachWebSocket(server, given) : createWebSocket(given);
  if (how === 'create') server.on('upgrade', door.handleUpgrade);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(
    () => signaling.close(),
    () => new Promise((resolve) => server.close(resolve)),
    () => door.close(),
  );
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  /** @returns the status of the refusal and what it says */
  const open = async (headers: Readonly<Record<string, string>>): Promise<{ status: number; message: string }> => {
    const asking = request(`http://${host}/graphql`, {
      agent: false,
      headers: {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': Buffer.alloc(16).toString('base64'),
        ...headers,
      },
    });
    asking.end();
    const [response] = (await once(asking, 'response')) as [IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    const { errors } = JSON.parse(Buffer.concat(chunks).toString()) as { errors: { message: string }[] };
    return { status: response.statusCode ?? 0, message: errors[0]?.message ?? '' };
  };
  return { open, warnings, host };
}

describe('a page whose origin is refused', () => {
  it.each(['attach', 'create'] as const)('is told to the host once a minute (%s)', async (how) => {
    const { open, warnings, host } = await begin({}, how);
    for (let n = 0; n < 3; n += 1) expect((await open({ origin: EVIL })).status).toBe(403);
    await open({ origin: 'https://other.example' });
    expect(warnings).toEqual([
      { warning: 'origin_refused', origin: EVIL, host, count: 1 },
      { warning: 'origin_refused', origin: 'https://other.example', host, count: 1 },
    ]);
  });

  it('is told to a listener of the socket in the place of it, whatever that does', async () => {
    const told: unknown[] = [];
    const onRefusedOrigin: WebSocketOptions['onRefusedOrigin'] = ({ origin }) => {
      told.push(origin);
      throw new Error('of the host');
    };
    const { open, warnings } = await begin({ onRefusedOrigin });
    expect((await open({ origin: EVIL })).status).toBe(403);
    expect([told, warnings]).toEqual([[EVIL], []]);
  });

  it('hears of options that a host has, and of settings on the standalone server', async () => {
    const ofHost = await (await begin()).open({ origin: EVIL });
    expect(ofHost.message).toMatch(/\borigins\b.*\ballowsOrigin\b.*\btrustProxy\b/);
    expect(ofHost.message).not.toMatch(/[A-Z]_[A-Z]/);
    const { open } = await begin({ refusalsName: 'settings' });
    expect((await open({ origin: EVIL })).message).toMatch(/CORS_ORIGINS.*TRUST_PROXY/);
  });
});

it('a request past the gateway hears of the option or the setting too', async () => {
  const ofHost = await begin({ gatewaySecret: 'between-us' });
  expect((await ofHost.open({})).message).toContain('(gatewaySecret)');
  expect(ofHost.warnings).toEqual([]);
  const ofServer = await begin({ gatewaySecret: 'between-us', refusalsName: 'settings' });
  expect((await ofServer.open({})).message).toContain('(GATEWAY_SECRET)');
});
