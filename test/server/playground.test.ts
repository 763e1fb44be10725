/** The playground's door: who is given the page, with what, and what a tool of another origin is given. */
import { afterAll, describe, expect, it } from '@jest/globals';
import {
  buildClientSchema,
  getIntrospectionQuery,
  parse,
  printSchema,
  validate,
  type IntrospectionQuery,
} from 'graphql';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request, type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { printSchemaFile } from '../../src/graphql/print.js';
import { buildSubgraph } from '../../src/graphql/schema.js';
import { createLog } from '../../src/server/log.js';
import { examples } from '../../src/server/playground-examples.js';
import { startServer, type RunningServer } from '../../src/server/server.js';
import { parseSettings } from '../../src/server/settings.js';
import { createTestLogin } from '../support/tokens.js';
import { openWire, refusedStatus } from '../support/ws-client.js';

const SANDBOX = 'https://studio.apollographql.com';
const TOKEN = /eyJ[\w-]+\.[\w-]+\.[\w-]+/;

const folder = mkdtempSync(join(tmpdir(), 'playground-'));
const login = await createTestLogin();
const relay = {
  requestedTtlSeconds: 600,
  clientTtlSeconds: 300,
  rateLimit: { max: 20, windowSeconds: 600 },
  providers: [{ type: 'shared-secret', secretFile: join(folder, 'secret') }],
  relay: { urls: ['turn:127.0.0.1:3478?transport=udp'] },
};
const FILES = { secret: 'of-the-test', 'login.pem': login.publicPem, 'relay.json': JSON.stringify(relay) };
for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text);
const PRODUCTION = {
  NODE_ENV: 'production',
  AUTH_PUBLIC_KEY_FILE: join(folder, 'login.pem'),
  AUTH_ISSUER: login.issuer,
  AUTH_AUDIENCE: login.audience,
};

const servers: RunningServer[] = [];
async function start(env: Readonly<Record<string, string>> = {}): Promise<RunningServer> {
  const settings = parseSettings({ PORT: '0', RELAY_CONFIG_FILE: join(folder, 'relay.json'), ...env });
  const server = await startServer(settings, createLog({ level: 'silent' }));
  servers.push(server);
  return server;
}
const development = await start();

afterAll(async () => {
  await Promise.all(servers.map((server) => server.close()));
  rmSync(folder, { recursive: true });
});

interface Page {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly policy: string;
  readonly text: string;
  readonly isPlayground: boolean;
  readonly hasToken: boolean;
}

/** What a browser that goes to /graphql gets. `fetch` would not let its Host be chosen. */
function open({ origin }: RunningServer, headers: Readonly<Record<string, string>> = {}): Promise<Page> {
  return new Promise((resolve, reject) => {
    const accept = 'text/html,application/xhtml+xml,*/*;q=0.8';
    const asked = request(`${origin}/graphql`, { headers: { accept, ...headers }, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () =>
        resolve({
          status: response.statusCode,
          headers: response.headers,
          policy: String(response.headers['content-security-policy']),
          text,
          isPlayground: text.includes('<title>Call signaling playground</title>'),
          hasToken: TOKEN.test(text),
        }),
      );
    });
    asked.on('error', reject).end();
  });
}

describe('in development', () => {
  it('opens with the development tokens, for a browser on this machine', async () => {
    const { text, headers } = await open(development);
    expect(development.tokens).toHaveLength(4);
    for (const { token } of development.tokens) expect(text.includes(token)).toBe(true);
    expect(headers['cache-control']).toBe('no-store');
  });

  it('has no token for a name that was made to point here', async () => {
    const page = await open(development, { host: 'rebound.example:4000' });
    expect([page.isPlayground, page.hasToken]).toEqual([true, false]);
  });

  it('is not for scripts of other pages', async () => {
    const page = await open(development, { origin: 'http://localhost:5173' });
    expect([page.isPlayground, page.hasToken]).toEqual([false, false]);
  });

  it('loads and reaches nothing but this server, and stands in no frame', async () => {
    const { headers, policy, text } = await open(development);
    const { host } = new URL(development.origin);
    const [, nonce = ''] = /'nonce-([^']+)'/.exec(policy) ?? [];
    expect(policy.split('; ')).toEqual(
      expect.arrayContaining([
        "default-src 'none'",
        `script-src 'self' 'nonce-${nonce}'`,
        `connect-src 'self' ws://${host} wss://${host}`,
        "frame-ancestors 'none'",
      ]),
    );
    expect(nonce).toHaveLength(24);
    expect((await open(development)).policy).not.toContain(nonce);
    expect(
      text
        .split('<script')
        .slice(1)
        .every((script) => script.startsWith(` nonce="${nonce}"`)),
    ).toBe(true);
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' });
  });

  it('does not take a Host into its policy that is none', async () => {
    const { status, policy, text } = await open(development, { host: 'x; script-src *' });
    expect([status, policy]).toEqual([400, 'undefined']);
    expect(text).not.toContain('script-src');
  });

  it('its files are served as what they are, and no others', async () => {
    const get = (path: string): Promise<Response> => fetch(`${development.origin}/playground/${path}`);
    const { headers } = await get('ruru.js');
    expect(headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    for (const path of ['nope.js', 'ruru.js.map', '__proto__', '..%2fpackage.json']) {
      expect((await get(path)).status).toBe(404);
    }
  });

  it('introspection tells every description of the schema', async () => {
    const query = getIntrospectionQuery({ inputValueDeprecation: true, schemaDescription: true, specifiedByUrl: true });
    const response = await fetch(`${development.origin}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
    });
    const { data } = (await response.json()) as { data: IntrospectionQuery };
    const descriptions = (sdl: string): string[] =>
      (sdl.match(/"""[^]+?"""/g) ?? []).map((text) => text.replaceAll(/"""|\s+/g, ' ').trim());
    const told = new Set(descriptions(printSchema(buildClientSchema(data))));
    const written = descriptions(printSchemaFile());
    expect(written.length).toBeGreaterThan(100);
    expect(written.filter((text) => !told.has(text))).toEqual([]);
  });

  it('has examples that are valid', () => {
    const schema = buildSubgraph();
    for (const { query } of examples()) expect(validate(schema, parse(query))).toEqual([]);
  });
});

describe('elsewhere', () => {
  it.each<[string, Record<string, string>, boolean]>([
    ['is not served in production', PRODUCTION, false],
    ['is served there, without a token, where introspection is on', { ...PRODUCTION, INTROSPECTION: 'on' }, true],
    ['is not served where introspection is off', { INTROSPECTION: 'off' }, false],
  ])('%s', async (_what, env, isServed) => {
    const server = await start(env);
    const page = await open(server);
    expect([page.isPlayground, page.hasToken]).toEqual([isServed, false]);
    expect((await fetch(`${server.origin}/playground/ruru.js`)).status).toBe(isServed ? 200 : 404);
  });

  it('is not served to one who does not come through the gateway', async () => {
    const server = await start({ GATEWAY_SECRET: 'of-the-gateway-24-letters' });
    expect((await open(server)).isPlayground).toBe(false);
    expect((await open(server, { 'x-gateway-secret': 'of-the-gateway-24-letters' })).isPlayground).toBe(true);
  });
});

describe('Apollo Sandbox, a page of another origin', () => {
  const socketOf = ({ origin }: RunningServer): string => `${origin.replace('http', 'ws')}/graphql`;
  const preflight = ({ origin }: RunningServer): Promise<Response> =>
    fetch(`${origin}/graphql`, {
      method: 'OPTIONS',
      headers: {
        origin: SANDBOX,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type',
      },
    });

  it('may ask and subscribe with a token where its origin is listed', async () => {
    const server = await start({ CORS_ORIGINS: SANDBOX });
    const authorization = `Bearer ${server.tokens[0]?.token}`;
    const { status, headers } = await preflight(server);
    expect([status, headers.get('access-control-allow-origin')]).toEqual([204, SANDBOX]);
    expect(headers.get('access-control-allow-methods')).toContain('POST');
    expect(headers.get('access-control-allow-headers')).toMatch(/authorization, ?content-type/);

    const response = await fetch(`${server.origin}/graphql`, {
      method: 'POST',
      headers: { origin: SANDBOX, 'content-type': 'application/json', authorization },
      body: JSON.stringify({ query: `${getIntrospectionQuery()} query Q { openCalls { id } }`, operationName: 'Q' }),
    });
    expect(response.headers.get('access-control-allow-origin')).toBe(SANDBOX);
    expect(await response.json()).toEqual({ data: { openCalls: [] } });

    // It sends its headers as connection parameters, as people write them.
    const wire = await openWire(socketOf(server), { origin: SANDBOX });
    wire.send({ type: 'connection_init', payload: { Authorization: authorization } });
    expect((await wire.next()).type).toBe('connection_ack');
    wire.subscribe('1', 'subscription { callEvents { __typename } }');
    expect((await wire.next()).payload).toEqual({ data: { callEvents: { __typename: 'StreamReady' } } });
    wire.socket.terminate();
    await wire.closed;
  });

  it('may not where it is not', async () => {
    expect((await preflight(development)).status).toBe(403);
    expect(await refusedStatus(socketOf(development), { origin: SANDBOX })).toBe(403);
  });
});
