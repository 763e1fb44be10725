/** Services that accept a connection and then say nothing: each request ends within its time, and others do not wait. */
import { afterAll, beforeAll, afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createHttpDirectory } from '../../src/directory/http-directory.js';
import { createHttpPolicy } from '../../src/directory/http-policy.js';
import { createWebhook } from '../../src/events/webhook.js';
import { createRemoteKeys } from '../../src/jwt/remote-keys.js';
import { cloudflareProvider } from '../../src/providers/cloudflare.js';
import { createLog } from '../../src/server/log.js';
import { startServer } from '../../src/server/server.js';
import { parseSettings } from '../../src/server/settings.js';
import { outcomeOf } from '../identity/outcome.js';
import { SetClock } from '../support/clock.js';

const held = new Set<Socket>();
let silent: Server;
let headersOnly: Server;
beforeAll(async () => {
  silent = createServer((socket) => held.add(socket.on('error', () => undefined).resume()));
  headersOnly = createHttpServer((_request, response) => response.writeHead(200).flushHeaders());
  await Promise.all([silent, headersOnly].map((server) => once(server.listen(0, '127.0.0.1'), 'listening')));
});
afterAll(() => {
  for (const socket of held) socket.destroy();
  for (const server of [silent, headersOnly]) server.close();
});

const opened: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
});
function open<Part extends { close(): unknown }>(part: Part): Part {
  opened.push(part);
  return part;
}

const at = (server: Server): string => `127.0.0.1:${(server.address() as AddressInfo).port}/`;
const HUNG: readonly (readonly [string, () => string])[] = [
  ['after the connection', () => `http://${at(silent)}`],
  ['in the TLS handshake', () => `https://${at(silent)}`],
  ['after the headers', () => `http://${at(headersOnly)}`],
];
const TIMEOUT = { timeoutMs: 1_000 };

/** Milliseconds; undici looks at its own deadlines every second, and gave up after 10. */
async function took(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await work();
  return performance.now() - from;
}
const IN_TIME = 5_000;

describe.each(HUNG)('a service that hangs %s', (_when, url) => {
  it('is waited for by each client as long as its setting says, and told as a timeout', async () => {
    const told: string[] = [];
    const watch = (name: string) => ({
      ...TIMEOUT,
      url: url(),
      onFailure: ({ reason }: { readonly reason: string }) => void told.push(`${name} ${reason}`),
    });
    const keys = open(createRemoteKeys({ ...watch('login'), keptSeconds: 900 }));
    const directory = open(createHttpDirectory(watch('directory')));
    const policy = open(createHttpPolicy(watch('policy')));
    const provider = cloudflareProvider({ name: 'c', endpoint: url(), token: () => 't' });
    const mint = { ttlSeconds: 60, pseudonym: 'p', signal: AbortSignal.timeout(TIMEOUT.timeoutMs), hasFallback: false };
    const asking = [
      () => keys.asked,
      () => outcomeOf(directory.devicesOf(['a'])),
      () => outcomeOf(policy.mayCall({ accountId: 'a', deviceId: 'd' }, 'b')),
      () => provider.credentials(mint).catch(() => undefined),
    ];
    for (const time of await Promise.all(asking.map(took))) expect(time).toBeLessThan(IN_TIME);
    expect(told.sort()).toEqual(['directory timeout', 'login timeout', 'policy timeout']);
  });

  it('is left alone by the directory, but for one request a second', async () => {
    const clock = new SetClock();
    let failed = 0;
    const onFailure = (): void => void (failed += 1);
    const directory = open(createHttpDirectory({ ...TIMEOUT, url: url(), clock, onFailure }));
    const ask = (id: string): Promise<string> => outcomeOf(directory.devicesOf([id]));
    for (const id of ['a', 'b', 'c']) expect(await ask(id)).toBe('CALL_UNAVAILABLE');
    // Each that was asked for has failed by itself, and nothing more is asked.
    expect(failed).toBe(3);
    expect(await ask('d')).toBe('CALL_UNAVAILABLE');
    expect(failed).toBe(3);
    await clock.advance(1_000);
    const probe = ask('e');
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    // The same account too.
    for (const id of ['e', 'f']) expect(await ask(id)).toBe('CALL_UNAVAILABLE');
    expect(await probe).toBe('CALL_UNAVAILABLE');
    expect(failed).toBe(4);
  });
});

// Of an answer to a webhook nothing is read but its headers.
it.each(HUNG.slice(0, 2))('a webhook that hangs %s keeps no attempt longer than its time', async (_when, url) => {
  let told: (reason: string) => void;
  const failed = new Promise<string>((resolve) => (told = resolve));
  const secret = Buffer.alloc(32, 5).toString('base64');
  const webhook = open(createWebhook({ ...TIMEOUT, url: url(), secret, onFailure: ({ reason }) => told(reason) }));
  const call = { callId: 'c', callerAccountId: 'a', calleeAccountId: 'b', media: 'AUDIO' } as const;
  const time = await took(() => {
    webhook.emit({ event: 'call.started', ...call, endReason: null, ringMs: null, talkMs: null });
    return failed;
  });
  expect([await failed, time < IN_TIME]).toEqual(['timeout', true]);
});

it('a directory that hangs in the handshake is one line of the log, and operations do not wait for it', async () => {
  const lines: Record<string, unknown>[] = [];
  const to = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) };
  const settings = parseSettings({
    PORT: '0',
    DEVICE_DIRECTORY_URL: `https://${at(silent)}`,
    DEVICE_DIRECTORY_TIMEOUT_MS: '1000',
  });
  const server = open(await startServer(settings, createLog({ level: 'warn', to })));
  const ask = (): Promise<number> =>
    took(async () => {
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${server.tokens[0]?.token}` };
      const body = JSON.stringify({ query: '{ call(id: "x") { id } }' });
      const answer = await fetch(`${server.origin}/graphql`, { method: 'POST', headers, body });
      // The token is fresh enough to be believed without the directory.
      expect(await answer.text()).toContain('"data"');
    });
  for (let time = 0; time < 4; time += 1) expect(await ask()).toBeLessThan(IN_TIME);
  expect(lines.filter(({ dependency }) => dependency === 'device-directory')).toHaveLength(1);
  expect(lines.filter(({ level }) => level === 'error')).toEqual([]);
});
