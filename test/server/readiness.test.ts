/** /readyz of a running server: what it can serve, and what an outage takes away. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DependencyState, Service } from '../../src/host/observed.js';
import { readinessOf } from '../../src/signaling/health.js';
import { createLog } from '../../src/server/log.js';
import { startServer, type RunningServer } from '../../src/server/server.js';
import { parseSettings } from '../../src/server/settings.js';
import { startFakeJwks } from '../support/fake-jwks.js';
import { startFakeProvider } from '../support/fake-provider.js';
import { encryptionKey } from '../support/nodes.js';
import { eventually } from '../support/process.js';
import { freePorts, startRedis } from '../support/redis.js';

let server: RunningServer | null = null;
const lines: Record<string, unknown>[] = [];
afterEach(async () => {
  await server?.close();
  server = null;
  lines.length = 0;
});

async function start(env: Record<string, string>): Promise<RunningServer> {
  const to = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) };
  return (server = await startServer(parseSettings({ PORT: '0', ...env }), createLog({ level: 'info', to })));
}

async function readiness(): Promise<Record<string, unknown>> {
  const response = await fetch(`${server?.origin}/readyz`);
  return { code: response.status, ...((await response.json()) as object) };
}

const ask = async (query: string): Promise<Response> =>
  fetch(`${server?.origin}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${server?.tokens[0]?.token}` },
    body: JSON.stringify({ query }),
  });
const redisAt = (port: number | undefined) => ({
  REDIS_URL: `redis://127.0.0.1:${port}`,
  NAME_KEY: randomBytes(32).toString('base64'),
  ENCRYPTION_KEYS: encryptionKey('k1'),
});

describe('the states', () => {
  const dependency = (name: string, affects: readonly Service[], state: DependencyState) => ({
    name,
    affects,
    state: () => state,
  });
  const both = ['calls', 'relay'] as const;

  it.each<[string, readonly ReturnType<typeof dependency>[], string, readonly Service[]]>([
    ['nothing is around it', [], 'ready', []],
    ['all answer', [dependency('redis', ['calls'], 'ready')], 'ready', []],
    ['Redis is gone', [dependency('redis', ['calls'], 'unavailable')], 'degraded', ['calls']],
    ['the provider is gone', [dependency('relay-provider', ['relay'], 'unavailable')], 'degraded', ['relay']],
    ['the directory is gone', [dependency('device-directory', both, 'degraded')], 'degraded', both],
    ['login keys are old', [dependency('login', both, 'degraded')], 'degraded', both],
    ['login keys were never had', [dependency('login', both, 'unavailable')], 'unavailable', both],
    [
      'Redis and the provider are gone',
      [dependency('redis', ['calls'], 'unavailable'), dependency('relay-provider', ['relay'], 'unavailable')],
      'unavailable',
      both,
    ],
  ])('%s', (_name, dependencies, status, degraded) => {
    expect(readinessOf(dependencies, true)).toMatchObject({ status, degraded });
    expect(readinessOf(dependencies, false)).toMatchObject({ status: 'unavailable' });
  });
});

describe('a running server', () => {
  it('is ready when nothing is missing', async () => {
    await start({});
    expect(await readiness()).toEqual({
      code: 200,
      status: 'ready',
      degraded: [],
      dependencies: { login: 'ready', 'relay-provider': 'ready' },
    });
  });

  it('whose Redis was never reached serves the relay and says that calls are affected; one line tells of it', async () => {
    const [nobodyHere] = await freePorts(1);
    await start(redisAt(nobodyHere));
    await eventually(async () => (await readiness())['status'] === 'degraded');
    expect(await readiness()).toMatchObject({ code: 200, degraded: ['calls'], dependencies: { redis: 'unavailable' } });
    expect(await (await ask('{ callRelay { turnTtlSeconds } }')).json()).toMatchObject({
      data: { callRelay: { turnTtlSeconds: expect.any(Number) } },
    });
    for (let n = 0; n < 5; n += 1) await (await ask('{ openCalls { id } }')).text();
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(lines.filter(({ dependency }) => dependency === 'redis')).toHaveLength(1);
    expect(lines.filter(({ msg }) => msg === 'Internal server error')).toEqual([]);
  });

  it('tells of a Redis that comes back, once, with what was not told', async () => {
    const [port] = await freePorts(1);
    await start(redisAt(port));
    await eventually(() => lines.some(({ dependency }) => dependency === 'redis'));
    const redis = await startRedis({}, port);
    try {
      await eventually(() => lines.some(({ msg }) => msg === 'A service around this one answers again'));
      await eventually(async () => (await readiness())['status'] === 'ready');
      expect(lines.filter(({ dependency }) => dependency === 'redis').map(({ level }) => level)).toEqual([
        'warn',
        'info',
      ]);
    } finally {
      await server?.close();
      server = null;
      await redis.stop();
    }
  });

  it('without login keys starts when they are known to be out of reach, and is unavailable', async () => {
    const jwks = await startFakeJwks({ keys: [] });
    jwks.mode = 'error';
    try {
      await start({ AUTH_JWKS_URL: jwks.url, AUTH_ISSUER: 'login', AUTH_AUDIENCE: 'calls' });
      expect(jwks.requests).toBeGreaterThan(0);
      expect(await readiness()).toMatchObject({
        code: 503,
        status: 'unavailable',
        dependencies: { login: 'unavailable' },
      });
    } finally {
      await jwks.close();
    }
  });

  it('names the relay provider that fails', async () => {
    const provider = await startFakeProvider();
    const folder = mkdtempSync(join(tmpdir(), 'readiness-'));
    const file = join(folder, 'relay.json');
    writeFileSync(
      file,
      JSON.stringify({
        requestedTtlSeconds: 86_400,
        clientTtlSeconds: 43_200,
        rateLimit: { max: 20, windowSeconds: 600 },
        providers: [{ type: 'cloudflare', endpoint: provider.url, token: 'of-the-test' }],
        relay: { urls: ['turn:127.0.0.1:3478?transport=udp'] },
      }),
    );
    try {
      provider.setAnswer(400);
      await start({ RELAY_CONFIG_FILE: file });
      await (await ask('{ callRelay { turnTtlSeconds } }')).text();
      expect(await readiness()).toMatchObject({
        code: 200,
        status: 'degraded',
        degraded: ['relay'],
        dependencies: { 'relay-provider': 'unavailable' },
      });
    } finally {
      await provider.close();
      rmSync(folder, { recursive: true });
    }
  });
});
