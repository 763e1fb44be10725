/** The module in servers of its hosts, from what npm would publish, in a folder outside of this repository. */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { blockOf } from '../docs/blocks.js';
import { TestDevice } from '../support/device.js';
import { startFakeJwks, type FakeJwks } from '../support/fake-jwks.js';
import { startFakeWebhook } from '../support/fake-webhook.js';
import { eventually, ROOT, startProcess, type RunningProcess } from '../support/process.js';
import { startRedis } from '../support/redis.js';
import { createTestLogin, type TestLogin } from '../support/tokens.js';
import { openWire } from '../support/ws-client.js';
import { STANDALONE } from './hosts.js';
import { pack, type Packed } from './packed.js';

jest.setTimeout(120_000);

const README = blockOf('README.md', 'In your own server', 'js');
const EXAMPLE = readFileSync(join(ROOT, 'examples/mount-in-express/server.mjs'), 'utf8');
const PACKAGES = [
  '@apollo/server',
  '@as-integrations/express5',
  'express',
  '@keyv/redis',
  '@graphql-tools/schema',
  'ws',
];

let packed: Packed;
let project: string;
let login: TestLogin;
let jwks: FakeJwks;
beforeAll(async () => {
  login = await createTestLogin();
  jwks = await startFakeJwks(login.jwks);
  packed = await pack();
  const told = `\nserver.once('listening', () => console.log(\`listening on http://127.0.0.1:\${server.address().port}/graphql\`));`;
  const readme = README.replace('https://login.example.com/.well-known/jwks.json', jwks.url) + told;
  project = await packed.project(
    { 'readme.mjs': readme, 'example.mjs': EXAMPLE, 'standalone.mjs': STANDALONE },
    PACKAGES,
  );
});
afterAll(async () => {
  await jwks.close();
  packed.remove();
});

interface Host {
  readonly origin: string;
  readonly program: RunningProcess;
  device(token: string | (() => Promise<string>)): TestDevice;
  get(path: string): Promise<Response>;
  post(query: string, token?: string): Promise<unknown>;
}

/** Runs a program of the project, and sees that it ends by itself: with its devices still there, and no process.exit. */
async function withHost(file: string, env: Record<string, string>, test: (host: Host) => Promise<void>): Promise<void> {
  expect(readFileSync(join(project, file), 'utf8')).not.toContain('process.exit');
  const program = startProcess(process.execPath, { args: [file], cwd: project, env: { PORT: '0', ...env } });
  const devices: TestDevice[] = [];
  try {
    const [, origin = ''] = await program.printed(/listening on (http:\/\/[^/]+)\/graphql/);
    await test({
      origin,
      program,
      device: (token) => {
        const device = new TestDevice({ origin, token: typeof token === 'string' ? () => token : token });
        devices.push(device);
        return device;
      },
      get: (path) => fetch(origin + path, { headers: { connection: 'close' } }),
      post: async (query, token) => {
        const response = await fetch(`${origin}/graphql`, {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            connection: 'close',
            ...(token !== undefined && { authorization: `Bearer ${token}` }),
          },
          body: JSON.stringify({ query }),
        });
        return response.json();
      },
    });
    expect(await program.stop()).toEqual({ code: 0, signal: null });
  } finally {
    await Promise.all(devices.map((device) => device.close()));
    await program.stop();
  }
}

/** A call from its start to its end, over the host's sockets. */
async function call(caller: TestDevice, callee: TestDevice, calleeAccountId: string): Promise<void> {
  await Promise.all([caller.listen(), callee.listen()]);
  const { call: started } = await caller.start(calleeAccountId);
  const invited = await callee.next('CallInvited');
  expect(invited.call.id).toBe(started.id);
  await callee.ring(started.id);
  await caller.state('RINGING');
  await callee.answer(started.id, invited.offer.id);
  await caller.next('DescriptionReceived');
  await Promise.all([caller.report(started.id), callee.report(started.id)]);
  await callee.state('ACTIVE');
  await caller.hangUp(started.id);
  expect((await callee.state('ENDED')).endReason).toBe('COMPLETED');
}

const JSON_TYPE = 'application/json';
const QUERY = '{"query":"{ __typename }"}';
const RELAY = '{ callRelay { turnUsername turnPassword turnTtlSeconds } }';
const CREDENTIALS = { turnUsername: expect.any(String), turnPassword: expect.any(String), turnTtlSeconds: 43_200 };

describe('the server of the README', () => {
  it('checks tokens with the keys of the login service, gives credentials, carries a call, and closes', () =>
    withHost('readme.mjs', {}, async (host) => {
      const tokenOf = (account: string) => login.token({ sub: account, device_id: 'phone' });
      expect(await host.post(RELAY, await tokenOf('alice'))).toEqual({ data: { callRelay: CREDENTIALS } });
      expect(jwks.requests).toBeGreaterThan(0);
      const forged = await (await createTestLogin()).token({ sub: 'alice' });
      for (const token of [undefined, forged]) {
        const refused = { errors: [{ extensions: { code: 'CALL_RELAY_UNAUTHORIZED' } }] };
        expect(await host.post(RELAY, token)).toMatchObject(refused);
      }
      await call(
        host.device(() => tokenOf('alice')),
        host.device(() => tokenOf('bob')),
        'bob',
      );
      const dependencies = { login: 'ready', 'relay-provider': 'ready' };
      expect(await (await host.get('/readyz')).json()).toEqual({ status: 'ready', degraded: [], dependencies });
      const metrics = await host.get('/metrics');
      expect(metrics.headers.get('content-type')).toMatch(/^text\/plain/);
      expect(await metrics.text()).toMatch(/^call_relay_requests_total\{.*outcome="issued".*\} 1$/m);
    }));

  it('is not ready where the login service was never there: 503, as the standalone server says it', async () => {
    jwks.mode = 'error';
    try {
      await withHost('readme.mjs', {}, async (host) => {
        const answer = await host.get('/readyz');
        const dependencies = { login: 'unavailable', 'relay-provider': 'ready' };
        expect(answer.status).toBe(503);
        expect(await answer.json()).toEqual({ status: 'unavailable', degraded: ['calls', 'relay'], dependencies });
      });
    } finally {
      jwks.mode = 'ok';
    }
  });

  it('answers bodies that it cannot read as GraphQL clients read it, logs none, and waits for none when it stops', () =>
    withHost('readme.mjs', { NODE_ENV: 'production' }, async ({ origin, program }) => {
      const headers = { 'content-type': 'application/json', connection: 'close' };
      const bodies = [
        ['{"query":"mutation","variables":{"input":{"offerSdp":"a=ice-pwd:of-a-device', 400],
        [JSON.stringify({ query: '{ x }', offerSdp: 'a=ice-pwd:of-a-device'.repeat(20_000) }), 413],
      ] as const;
      for (const [body, status] of bodies) {
        const answer = await fetch(`${origin}/graphql`, { method: 'POST', headers, body });
        expect(answer.status).toBe(status);
        const extensions = { code: 'BAD_REQUEST', status, retryable: false };
        expect(await answer.json()).toEqual({ errors: [{ message: expect.any(String), extensions }] });
      }
      const plain = { ...headers, accept: 'application/json' };
      const refused: [RequestInit, number, RegExp][] = [
        [{ method: 'PUT', headers: plain, body: '{}' }, 405, /GET or POST/],
        [{ method: 'POST', headers: { ...headers, accept: 'text/event-stream' }, body: QUERY }, 406, /WebSocket/],
        [{ method: 'POST', headers: { ...plain, 'content-encoding': 'compress' }, body: QUERY }, 415, /encoding.*gzip/],
        [
          { method: 'POST', headers: { ...plain, 'content-type': `${JSON_TYPE}; charset=iso-8859-1` }, body: QUERY },
          415,
          /utf-8/,
        ],
      ];
      for (const [init, status, words] of refused) {
        const answer = await fetch(`${origin}/graphql`, init);
        const extensions = { code: 'BAD_REQUEST', status, retryable: false };
        expect(answer.status).toBe(status);
        expect(await answer.json()).toEqual({ errors: [{ message: expect.stringMatching(words), extensions }] });
        if (status === 405) expect(answer.headers.get('allow')).toBe('GET, POST');
      }
      const named = {
        query: '{ __typename }',
        variables: JSON.parse('{"__proto__":{"x":1},"constructor":{"prototype":{}}}'),
      };
      const answer = await fetch(`${origin}/graphql`, { method: 'POST', headers: plain, body: JSON.stringify(named) });
      expect(await answer.json()).toEqual({ data: { __typename: 'Query' } });
      const half = connect(Number(new URL(origin).port), '127.0.0.1').on('error', () => undefined);
      half.write('POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{');
      await once(half, 'connect');
      expect((await program.stop(20_000)).code).toBe(0);
      expect(program.output()).not.toMatch(/of-a-device|SyntaxError| at /);
    }));
});

describe('examples/mount-in-express', () => {
  it('on Redis, with health, wake-ups by webhook and revocation, closes with nothing left open', async () => {
    const [redis, webhook] = await Promise.all([startRedis(), startFakeWebhook()]);
    const env = {
      REDIS_URL: redis.url,
      ENCRYPTION_KEY: randomBytes(32).toString('base64'),
      NAME_KEY: randomBytes(32).toString('base64'),
      WEBHOOK_URL: webhook.url,
      WEBHOOK_SECRET: randomBytes(24).toString('base64'),
      ADMIN_TOKEN: 'of-the-admin',
    };
    const types = (): string[] => webhook.accepted.map(({ body }) => body.type);
    try {
      await withHost('example.mjs', env, async (host) => {
        const [alice, bob] = [host.device('alice-token'), host.device('bob-token')];
        await call(alice, bob, 'bob');
        expect(await redis.command('DBSIZE')).not.toBe(0);
        expect(await (await host.get('/healthz')).json()).toEqual({ status: 'ok' });
        const dependencies = { redis: 'ready', webhook: 'ready', 'relay-provider': 'ready' };
        const ready = { status: 'ready', degraded: [], dependencies, problems: [] };
        expect(await (await host.get('/readyz')).json()).toEqual(ready);
        expect(await (await host.get('/metrics')).text()).toMatch(/^call_relay_requests_total/m);

        bob.stopListening();
        await alice.start('bob');
        await eventually(() => types().includes('call.wake'));
        expect(types()).toEqual(expect.arrayContaining(['call.started', 'call.answered', 'call.ended']));

        const device = `${host.origin}/devices/alice/alice-phone`;
        const remove = (token: string) =>
          fetch(device, { method: 'DELETE', headers: { authorization: `Bearer ${token}`, connection: 'close' } });
        expect((await remove('of-alice')).status).toBe(401);
        expect((await remove('of-the-admin')).status).toBe(204);
        await alice.next('StreamClosed', ({ reason }) => reason === 'DEVICE_REVOKED');
        expect(await host.post(RELAY, 'alice-token')).toMatchObject({ errors: [{ extensions: { status: 401 } }] });
      });
    } finally {
      await webhook.close();
      await redis.stop();
    }
  });
});

describe("Apollo's standalone server, and a host's own listener of upgrades", () => {
  it('serve one merged schema over HTTP and over sockets, beside sockets of the host', async () => {
    const open: Promise<unknown>[] = [];
    await withHost('standalone.mjs', {}, async (host) => {
      const [, apollo = ''] = await host.program.printed(/apollo at (\S+);/);
      const response = await fetch(apollo, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: 'Bearer alice', connection: 'close' },
        body: JSON.stringify({ query: RELAY.replace('{', '{ hello') }),
      });
      expect(await response.json()).toEqual({ data: { hello: 'hello over HTTP', callRelay: CREDENTIALS } });

      const wire = await openWire(`${host.origin.replace('http', 'ws')}/graphql`);
      await wire.init('Bearer alice');
      expect(await wire.run('{ hello callRelay { turnTtlSeconds } }')).toEqual({
        data: { hello: 'hello alice', callRelay: { turnTtlSeconds: 43_200 } },
      });
      await call(host.device('alice'), host.device('bob'), 'bob');

      const chat = new WebSocket(`${host.origin.replace('http', 'ws')}/chat`);
      await once(chat, 'open');
      chat.send('are you there?');
      const [answer] = (await once(chat, 'message')) as [Buffer];
      expect(answer.toString()).toBe('chat: are you there?');
      // Still there when the host closes: both are told.
      open.push(
        wire.closed,
        once(chat, 'close').then(([code]) => code as number),
      );
    });
    expect(await Promise.all(open)).toMatchObject([{ code: 1012 }, 1005]);
  });
});
