/** The page at / and the tokens behind it, as HTTP sees them. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { createApp } from '../../src/server/app.js';
import { decodeJwt } from 'jose';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { systemClock } from '../../src/ports.js';
import { createDevelopmentLogin } from '../../src/server/development.js';
import { serveWebPage } from '../../src/server/web-page.js';

const FILES = {
  'web/index.html': '<!doctype html><title>Calls</title>',
  'web/assets/index-Dz3h1KZl.js': 'console.log(1)',
  'secret.txt': 'not to be served',
};

let folder: string;
let app: FastifyInstance;
let origin: string;

async function serve(directory: string): Promise<FastifyInstance> {
  const names = { accountClaim: 'sub', deviceClaim: 'device_id' };
  const served = createApp(() => undefined);
  serveWebPage(served, { directory, login: await createDevelopmentLogin(names, Date.now()), clock: systemClock });
  await served.listen({ host: '127.0.0.1', port: 0 });
  return served;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'page-'));
  for (const [name, content] of Object.entries(FILES)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  app = await serve(join(folder, 'web'));
  origin = app.listeningOrigin;
});
afterAll(async () => {
  await app.close();
  rmSync(folder, { recursive: true });
});

interface Asked {
  readonly path: string;
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

/** As it is: fetch would tidy up the path, and set the Host. */
function ask({ path, method = 'GET', headers = {}, body = '' }: Asked): Promise<{ status: number; text: string }> {
  const { hostname, port } = new URL(origin);
  return new Promise((resolve, reject) => {
    const asked = request({ hostname, port, path, method, headers }, (answer) => {
      let text = '';
      answer.on('data', (chunk: Buffer) => (text += chunk.toString()));
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
    });
    asked.on('error', reject).end(body);
  });
}

describe('the page', () => {
  it('is asked for anew each time, and what it loads is kept', async () => {
    const page = await fetch(origin);
    expect([page.status, await page.text()]).toEqual([200, FILES['web/index.html']]);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page.headers.get('cache-control')).toBe('no-cache');
    const script = await fetch(`${origin}/assets/index-Dz3h1KZl.js`);
    expect(script.headers.get('content-type')).toMatch(/^text\/javascript; charset=utf-8$/);
    expect(script.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    await script.text();
  });

  it('may load and send nothing but to where it comes from, and use microphone and camera', async () => {
    const { headers } = await fetch(origin);
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("connect-src 'self' ws:;");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
    expect(headers.get('permissions-policy')).toMatch(/^camera=\(self\), microphone=\(self\)/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });

  it.each(['/../secret.txt', '/%2e%2e/secret.txt', '/assets/..%2f..%2fsecret.txt', '/assets/%00', '/assets', '/x'])(
    'is all that there is to have: %s is not there',
    async (path) => {
      const { status, text } = await ask({ path });
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(500);
      expect(text).not.toContain(FILES['secret.txt']);
    },
  );

  it('that was not built gives way to a word about the playground', async () => {
    const bare = await serve(join(folder, 'nothing'));
    const page = await fetch(bare.listeningOrigin);
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(await page.text()).toContain('href="/graphql"');
    await bare.close();
  });
});

describe('POST /development/token', () => {
  const post = (body: unknown, headers: Record<string, string> = {}) =>
    ask({
      path: '/development/token',
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  const BODY = { account: 'carol', device: 'window-1' };

  it('gives a token for an account and a device, with the time that it expires at', async () => {
    const { status, text } = await post(BODY, { origin });
    const { token, expiresAt } = JSON.parse(text) as { token: string; expiresAt: string };
    const { sub, device_id, exp = 0, iat = 0 } = decodeJwt(token);
    expect([status, sub, device_id, exp - iat]).toEqual([200, 'carol', 'window-1', 3_600]);
    expect(Math.floor(Date.parse(expiresAt) / 1000)).toBe(exp);
  });

  it.each([
    ['a name of ours that points elsewhere (DNS rebinding)', { host: 'calls.example.com' }],
    ['a name that begins like ours', { host: '127.0.0.1.example.com' }],
    ['a page of another server on this machine', { origin: 'http://localhost:1' }],
    ['a page of another host', { origin: 'https://example.com' }],
    ['a page that hides where it is from', { origin: 'null' }],
  ])('refuses %s', async (_, headers: Record<string, string>) => {
    const { status, text } = await post(BODY, headers);
    expect([status, text.includes('eyJ')]).toEqual([403, false]);
  });

  it.each([
    [{ account: '', device: 'd' }],
    [{ account: 'a'.repeat(257), device: 'd' }],
    [{ account: 'ålice', device: 'd' }],
    [{ account: 'alice' }],
    [{ account: { $ne: '' }, device: 'd' }],
    ['alice'],
  ])('refuses %j, which is nobody', async (body) => {
    expect((await post(body)).status).toBe(400);
  });

  it('refuses another machine, whatever name it calls us by', async () => {
    const ask = (remoteAddress: string) =>
      app.inject({
        url: '/development/token',
        method: 'POST',
        headers: { host: 'localhost:4000' },
        payload: BODY,
        remoteAddress,
      });
    expect((await ask('192.0.2.1')).statusCode).toBe(403);
    expect((await ask('::1')).statusCode).toBe(200);
  });

  it('is no address to be visited', async () => {
    expect((await ask({ path: '/development/token' })).status).toBe(405);
  });
});
