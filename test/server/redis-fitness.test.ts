/** A server process and the Redis that it is given: one that is too old, and one with a certificate of a private authority. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encryptionKey } from '../support/nodes.js';
import { eventually, startOneFileServer, type RunningProcess } from '../support/process.js';
import { freePorts, startRedis } from '../support/redis.js';
import { redisTls } from '../support/redis-tls.js';
import { selfSigned } from '../support/self-signed.js';

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

function start(env: Readonly<Record<string, string>>): RunningProcess {
  const keys = { NAME_KEY: randomBytes(32).toString('base64'), ENCRYPTION_KEYS: encryptionKey('k1') };
  const server = startOneFileServer({ ...keys, ...env });
  stops.push(() => server.stop());
  return server;
}

async function originOf(server: RunningProcess): Promise<string> {
  const [, origin = ''] = await server.printed(/(http:\/\/127\.0\.0\.1:\d+)/);
  return origin;
}

/** Listening comes before Redis has answered where that takes a while. */
const isReady = (origin: string): Promise<void> =>
  eventually(async () => (await readiness(origin))['status'] === 'ready');

async function readiness(origin: string): Promise<Record<string, unknown>> {
  const response = await fetch(`${origin}/readyz`);
  return { code: response.status, ...((await response.json()) as object) };
}

describe('a Redis of an older version', () => {
  /** In front of a real server: what it says of its version in INFO is that of a major version of the test's choice. */
  async function startAged(port: number): Promise<{ readonly url: string; major: string | null }> {
    const aged = { url: '', major: null as string | null };
    const sockets = new Set<Socket>();
    const proxy = createServer((client) => {
      const upstream = connect(port, '127.0.0.1');
      client.pipe(upstream);
      upstream.on('data', (chunk) => {
        const text = chunk.toString('latin1');
        const told = aged.major === null ? text : text.replace(/(redis_version:)\d/, `$1${aged.major}`);
        client.write(told, 'latin1');
      });
      for (const [socket, other] of [
        [client, upstream],
        [upstream, client],
      ] as const) {
        sockets.add(socket);
        socket.on('error', () => {});
        socket.on('close', () => other.destroy());
      }
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    stops.push(() => {
      for (const socket of sockets) socket.destroy();
      proxy.close();
    });
    return Object.assign(aged, { url: `redis://127.0.0.1:${(proxy.address() as AddressInfo).port}` });
  }

  it('ends the start in one line that says which version is needed', async () => {
    const redis = await startRedis();
    stops.push(() => redis.stop());
    const aged = await startAged(redis.port);
    aged.major = '6';
    const server = start({ REDIS_URL: aged.url });
    expect((await server.ended).code).toBe(1);
    expect(server.output()).toMatch(/Redis 6\.[\d.]+ is too old: 7\.0 or later is needed/);
    expect(server.output()).not.toMatch(/Listening|Internal server error| at /);
  });

  it('that comes in the place of a newer one takes the calls from /readyz and is told; the relay is served on', async () => {
    const redis = await startRedis();
    stops.push(() => redis.stop());
    const aged = await startAged(redis.port);
    const server = start({ REDIS_URL: aged.url });
    const origin = await originOf(server);
    await isReady(origin);
    expect(await readiness(origin)).toMatchObject({ code: 200, status: 'ready', dependencies: { redis: 'ready' } });
    aged.major = '6';
    await server.printed(/Redis is not fit for calls.*|too old: 7\.0 or later is needed/);
    expect(server.output()).toMatch(/Redis 6\.[\d.]+ is too old/);
    expect(await readiness(origin)).toMatchObject({
      code: 200,
      status: 'degraded',
      degraded: ['calls'],
      dependencies: { redis: 'unavailable' },
    });
    aged.major = null;
    await server.printed(/Redis is fit for calls/);
    await isReady(origin);
  }, 90_000);
});

describe('a Redis with a certificate of a private authority', () => {
  async function startTls() {
    const directory = mkdtempSync(join(tmpdir(), 'redis-tls-'));
    stops.push(() => rmSync(directory, { recursive: true }));
    const tls = redisTls(directory);
    const [port] = await freePorts(1);
    const redis = await startRedis({ args: ['--tls-port', `${port}`, ...tls.args] });
    stops.push(() => redis.stop());
    const other = join(directory, 'other.pem');
    writeFileSync(other, selfSigned().cert);
    return { url: `rediss://127.0.0.1:${port}`, ca: tls.caFile, other, redis };
  }

  it('is used with REDIS_TLS_CA_FILE, and over TLS alone', async () => {
    const { url, ca, redis } = await startTls();
    const server = start({ REDIS_URL: url, REDIS_TLS_CA_FILE: ca });
    const origin = await originOf(server);
    await isReady(origin);
    expect(await readiness(origin)).toMatchObject({ status: 'ready', dependencies: { redis: 'ready' } });
    const post = async (path: string, body: object, headers = {}): Promise<unknown> =>
      (
        await fetch(`${origin}${path}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...headers },
          body: JSON.stringify(body),
        })
      ).json();
    const { token } = (await post('/development/token', { account: 'alice', device: 'phone' })) as { token: string };
    const answer = await post('/graphql', { query: '{ openCalls { id } }' }, { authorization: `Bearer ${token}` });
    expect(answer).toEqual({ data: { openCalls: [] } });
    expect(String(await redis.command('INFO', 'clients'))).toMatch(/connected_clients:[1-9]/);
    // The index of the account was read there.
    expect(String(await redis.command('INFO', 'commandstats'))).toMatch(/cmdstat_eval/);
  });

  it.each(['another authority', 'none'])('ends the start with %s in one line that names the setting', async (given) => {
    const { url, other } = await startTls();
    const server = start({ REDIS_URL: url, ...(given !== 'none' && { REDIS_TLS_CA_FILE: other }) });
    expect((await server.ended).code).toBe(1);
    expect(server.output()).toMatch(/The certificate of Redis is not trusted: REDIS_TLS_CA_FILE must name/);
    expect(server.output()).not.toMatch(/Listening|Internal server error| at /);
  });
});
