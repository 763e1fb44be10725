/** Logins as docs/callbacks.md shows them; those by cookie over real HTTP and a real upgrade, where whose page asks counts. */
import { ApolloServer } from '@apollo/server';
import { expressMiddleware } from '@as-integrations/express5';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import express from 'express';
import { graphql } from 'graphql';
import { once } from 'node:events';
import { request, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import ts from 'typescript';
import type { CallContext } from '../../src/graphql/context.js';
import type { HostAuthenticator } from '../../src/host/authenticator.js';
import type { Viewer } from '../../src/identity/viewer.js';
import { attachWebSocket } from '../../src/server/attach.js';
import type { WebSocketDoor } from '../../src/server/websocket.js';
import { createCallSignaling } from '../../src/signaling.js';
import type { CallSignaling } from '../../src/signaling/parts.js';
import { blockOf } from '../docs/blocks.js';
import { openWire } from '../support/ws-client.js';

const LISTED = 'https://app.example.com';
const config = {
  requestedTtlSeconds: 60,
  clientTtlSeconds: 30,
  rateLimit: { max: 100, windowSeconds: 60 },
  providers: [{ type: 'shared-secret' as const, secret: 'of the tests' }],
  relay: { urls: ['turn:127.0.0.1:3478?transport=udp'] },
};
/** As JavaScript; that it is TypeScript as it stands, test/package/host.test.ts shows. */
const exampleOf = (index: number): string => {
  const text = blockOf('docs/callbacks.md', 'An authenticator', 'ts', index);
  return ts.transpile(text, { target: ts.ScriptTarget.ES2022 }).replace('export {};', '');
};
const viewerOfCookie = (cookie: string | undefined): Viewer | null =>
  cookie === 'sid=alice'
    ? { accountId: 'alice', deviceId: 'tab', issuedAt: Date.now(), expiresAt: Date.now() + 3_600_000 }
    : null;

let signaling: CallSignaling;
let apollo: ApolloServer<CallContext>;
let server: Server;
let sockets: WebSocketDoor;
let host = '';
beforeAll(async () => {
  const text = exampleOf(1);
  const run = new Function('viewerOfCookie', `${text}; return authenticator;`);
  signaling = createCallSignaling({
    authenticator: run(viewerOfCookie) as HostAuthenticator,
    relay: { config },
  });
  apollo = new ApolloServer<CallContext>({ ...signaling.apollo, stopOnTerminationSignals: false });
  await apollo.start();
  const app = express();
  const context = async ({ req }: { req: { headers: IncomingHttpHeaders } }) => signaling.context(req);
  app.use('/graphql', express.json(), expressMiddleware(apollo, { context }));
  server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  sockets = attachWebSocket(server, signaling.websocket);
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  await sockets.close();
  const closed = once(server, 'close');
  server.close();
  await closed;
  await apollo.stop();
  await signaling.close();
});

/** As browsers ask: what a page may not set itself is set here. @returns the code of the error, or null */
async function askOverHttp(headers: Readonly<Record<string, string>>): Promise<string | null> {
  const asking = request(`http://${host}/graphql`, {
    method: 'POST',
    agent: false,
    headers: { 'content-type': 'application/json', ...headers },
  });
  asking.end(JSON.stringify({ query: '{ openCalls { id } }' }));
  const [response] = (await once(asking, 'response')) as [AsyncIterable<Buffer>];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  const { errors } = JSON.parse(Buffer.concat(chunks).toString()) as {
    errors?: { extensions: { code: string } }[];
  };
  return errors?.[0]?.extensions.code ?? null;
}

/** Why sockets were closed. */
const reasons: string[] = [];

/** @returns what the socket was answered: its calls, its close code, or why there was no upgrade */
async function askOverSocket(headers: Readonly<Record<string, string>>): Promise<unknown> {
  try {
    const wire = await openWire(`ws://${host}/graphql`, { headers });
    wire.send({ type: 'connection_init' });
    const first = await Promise.race([wire.next(), wire.closed]).catch(() => wire.closed);
    if ('code' in first) reasons.push(first.reason);
    const answer = 'code' in first ? first.code : await wire.run('{ openCalls { id } }');
    wire.socket.close();
    await wire.closed;
    return answer;
  } catch (error) {
    return String(error);
  }
}

const CALLS = { data: { openCalls: [] } };

describe('a cookie', () => {
  it.each<[string, () => Record<string, string>]>([
    ['of a page of the same host', () => ({ cookie: 'sid=alice', origin: `http://${host}` })],
    ['of a page of a listed origin', () => ({ cookie: 'sid=alice', origin: LISTED })],
    ['of an app that is no browser', () => ({ cookie: 'sid=alice' })],
  ])('%s signs in, over HTTP and over WebSocket', async (_what, headers) => {
    expect(await askOverHttp(headers())).toBeNull();
    expect(await askOverSocket(headers())).toEqual(CALLS);
  });

  it("along with another site's request does not: no operation runs, and no socket opens", async () => {
    const headers = { cookie: 'sid=alice', origin: 'https://evil.example' };
    expect(await askOverHttp(headers)).toBe('CALL_UNAUTHORIZED');
    expect(await askOverSocket(headers)).toMatch(/403/);
    expect(await askOverHttp({ cookie: 'sid=alice', 'sec-fetch-site': 'cross-site' })).toBe('CALL_UNAUTHORIZED');
    expect(await askOverSocket({ cookie: 'sid=alice', 'sec-fetch-site': 'cross-site' })).toBe(4403);
    expect(reasons.at(-1)).toBe('This origin may not log in by cookie (origins of the authenticator)');
  });

  it('of nobody, or none, is refused on both', async () => {
    for (const headers of [{ cookie: 'sid=mallory' }, {}]) {
      expect(await askOverHttp(headers)).toBe('CALL_UNAUTHORIZED');
      expect(await askOverSocket(headers)).toBe(4403);
      expect(reasons.at(-1)).toMatch(/^No token in authorization, /);
    }
  });
});

describe('a token of a session', () => {
  it('signs in as long as the session is there', async () => {
    const [now, hour] = [Date.now(), 3_600_000];
    const session = { account: 'alice', device: 'tab', createdAt: new Date(now), expiresAt: new Date(now + hour) };
    const sessions = { find: async (token: string) => (token === 'of-alice' ? session : null) };
    const run = new Function('sessions', `${exampleOf(0)}; return authenticator;`);
    const own = createCallSignaling({ authenticator: run(sessions) as HostAuthenticator, relay: { config } });
    const ask = (token: string) =>
      graphql({
        schema: own.schema,
        source: '{ callRelay { turnTtlSeconds } }',
        contextValue: own.context({ headers: { authorization: `Bearer ${token}` } }),
      });
    expect((await ask('of-alice')).data).toEqual({ callRelay: { turnTtlSeconds: 30 } });
    expect((await ask('of-nobody')).errors?.[0]?.extensions['code']).toBe('CALL_RELAY_UNAUTHORIZED');
    await own.close();
  });
});
