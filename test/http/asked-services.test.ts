/** What the services around this one see of its requests, over real HTTP: who asks, how often, and how long it waits. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createHttpDirectory } from '../../src/directory/http-directory.js';
import { createHttpPolicy } from '../../src/directory/http-policy.js';
import { createWebhook } from '../../src/events/webhook.js';
import { createRemoteKeys, type RemoteKeysOptions } from '../../src/jwt/remote-keys.js';
import { cloudflareProvider } from '../../src/providers/cloudflare.js';
import { twilioProvider } from '../../src/providers/twilio.js';
import { eventually } from '../identity/eventually.js';
import { SetClock } from '../support/clock.js';
import { ROOT } from '../support/process.js';
import { createTestLogin, type TestLogin } from '../support/tokens.js';

let server: Server;
let url: string;
let requests: IncomingMessage[];
let answer: (response: ServerResponse) => void;
let login: TestLogin;
const opened: { close(): unknown }[] = [];

beforeEach(async () => {
  login = await createTestLogin();
  requests = [];
  answer = (response) => response.writeHead(500).end();
  server = createServer((request, response) => {
    requests.push(request);
    answer(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/path`;
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()));
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function open<Part extends { close(): unknown }>(part: Part): Part {
  opened.push(part);
  return part;
}

const SECRET = Buffer.alloc(32, 5).toString('base64');
const MINT = { ttlSeconds: 60, pseudonym: 'p', signal: AbortSignal.timeout(60_000), hasFallback: false };
const CALL = { callId: 'c', callerAccountId: 'a', calleeAccountId: 'b', media: 'AUDIO' } as const;

/** Each asks once; what becomes of it is none of this test's. */
const ASKING: Readonly<Record<string, () => unknown>> = {
  'the login service': () => open(createRemoteKeys({ url, keptSeconds: 900 })),
  'the device directory': () => open(createHttpDirectory({ url })).devicesOf(['a1']),
  'the call policy': () => open(createHttpPolicy({ url })).mayCall({ accountId: 'a', deviceId: 'd' }, 'b'),
  'the webhook': () =>
    open(createWebhook({ url, secret: SECRET })).emit({
      event: 'call.started',
      ...CALL,
      endReason: null,
      ringMs: null,
      talkMs: null,
    }),
  Cloudflare: () => open(cloudflareProvider({ name: 'c', endpoint: url, token: () => 't' })).credentials(MINT),
  Twilio: () =>
    open(twilioProvider({ name: 't', endpoint: url, accountSid: 'AC', authToken: () => 't' })).credentials(MINT),
};

describe('a request', () => {
  it.each(Object.entries(ASKING))('to %s says who sends it', async (_, ask) => {
    await Promise.resolve(ask()).catch(() => undefined);
    await eventually(() => requests.length > 0);
    expect(requests[0]?.headers['user-agent']).toBe('voip-call-signaling');
  });

  it('is sent from two places, which are both seen here', () => {
    const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' });
    const sends = /from '(?:undici|node:https?)'|\bfetch\(/;
    const ours = files.filter((name) => name.endsWith('.ts') && !/^(?:client|graphql)\//.test(name));
    const senders = ours.filter((name) => {
      const code = readFileSync(join(ROOT, 'src', name), 'utf8').replaceAll(/import type .*;/g, '');
      return sends.test(code) && !code.includes('createServer') && !code.includes('STATUS_CODES');
    });
    expect(senders.sort()).toEqual(['http/client.ts', 'providers/http.ts']);
  });
});

describe('keys of a login service', () => {
  const remote = (options: Partial<RemoteKeysOptions> = {}) =>
    open(createRemoteKeys({ url, keptSeconds: 900, ...options }));
  const keySet = (response: ServerResponse): unknown => response.end(JSON.stringify(login.jwks));

  it('that come after the deadline serve the next token, and are not asked for again', async () => {
    const held: ServerResponse[] = [];
    answer = (response) => held.push(response);
    const clock = new SetClock();
    const failures: string[] = [];
    const keys = remote({ clock, timers: clock, timeoutMs: 1_000, onFailure: ({ reason }) => failures.push(reason) });
    await expect(keys.keysOf(login.kid)).rejects.toMatchObject({ code: 'CALL_UNAVAILABLE' });
    expect(failures).toEqual(['timeout']);
    await eventually(() => held.length === 1);
    for (const response of held) keySet(response);
    await eventually(() => keys.state() === 'ready');
    expect(await keys.keysOf(login.kid)).toHaveLength(1);
    expect(requests).toHaveLength(1);
  });

  it('are waited for as long as the setting says', async () => {
    answer = (response) => void setTimeout(() => keySet(response), 1_300);
    const [short, long] = [remote({ timeoutMs: 1_000 }), remote({ timeoutMs: 30_000 })];
    await Promise.all([
      expect(short.keysOf(login.kid)).rejects.toMatchObject({ code: 'CALL_UNAVAILABLE' }),
      expect(long.keysOf(login.kid)).resolves.toHaveLength(1),
    ]);
  });

  it('are asked for at the start, until they are there, and again as they age, without a token', async () => {
    const clock = new SetClock();
    const keys = remote({ clock, timers: clock });
    await keys.asked;
    expect([requests.length, keys.state()]).toEqual([1, 'unavailable']);
    answer = keySet;
    await clock.advance(1_000);
    await eventually(() => keys.state() === 'ready');
    expect(requests).toHaveLength(2);
    await clock.advance(119_000);
    expect(requests).toHaveLength(2);
    await clock.advance(2_000);
    await eventually(() => requests.length === 3);
  });
});
