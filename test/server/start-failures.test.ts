/** What stops the start is told in one line that names the setting; what the process writes and opens in production. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FULL } from '../support/full.js';
import { startOneFileServer } from '../support/process.js';

const folder = mkdtempSync(join(tmpdir(), 'start-'));
const file = (name: string, content: string): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

let taken: Server;
beforeAll(async () => {
  taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  taken.close();
  rmSync(folder, { recursive: true });
});

const rsa = (bits: number) =>
  generateKeyPairSync('rsa', {
    modulusLength: bits,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
const login = { AUTH_ISSUER: 'login', AUTH_AUDIENCE: 'calls' };
const RELAY = JSON.stringify({
  requestedTtlSeconds: 86_400,
  clientTtlSeconds: 43_200,
  rateLimit: { max: 20, windowSeconds: 600 },
  providers: [{ type: 'shared-secret', secretFile: file('turn', 'of-the-test') }],
  relay: { urls: ['turn:127.0.0.1:3478?transport=udp'] },
});
const production = () => ({
  ...login,
  NODE_ENV: 'production',
  AUTH_PUBLIC_KEY_FILE: file('good.pem', rsa(2_048).publicKey),
  RELAY_CONFIG_FILE: file('relay.json', RELAY),
});

const FAILURES: readonly (readonly [string, () => Record<string, string>, RegExp])[] = [
  ['a port that is taken', () => ({ PORT: String((taken.address() as AddressInfo).port) }), /PORT \d+ is taken/],
  [
    'a port for metrics that is taken',
    () => ({ METRICS_PORT: String((taken.address() as AddressInfo).port) }),
    /METRICS_PORT \d+ is taken/,
  ],
  ['a foreign address', () => ({ HOST: '192.0.2.1' }), /HOST 192\.0\.2\.1 is not an address of this machine/],
  ['a name that is none', () => ({ HOST: 'nobody.invalid' }), /HOST nobody\.invalid is not an address of this machine/],
  [
    'a private key',
    () => ({ ...login, AUTH_PUBLIC_KEY_FILE: file('private.pem', rsa(2_048).privateKey) }),
    /AUTH_PUBLIC_KEY_FILE cannot be used: .*private/,
  ],
  [
    'a key that is too short',
    () => ({ ...login, AUTH_PUBLIC_KEY_FILE: file('short.pem', rsa(1_024).publicKey) }),
    /AUTH_PUBLIC_KEY_FILE cannot be used: .*2048/,
  ],
  [
    'JSON that is no key',
    () => ({ ...login, AUTH_PUBLIC_KEY_FILE: file('key.json', '{"key":"canary-of-a-key"}') }),
    /AUTH_PUBLIC_KEY_FILE cannot be used: it is not PEM/,
  ],
  [
    'what is no key',
    () => ({ ...login, AUTH_PUBLIC_KEY_FILE: file('none.pem', 'canary-of-a-key') }),
    /AUTH_PUBLIC_KEY_FILE cannot be used: a public key/,
  ],
  [
    'a relay configuration that is none',
    () => ({ RELAY_CONFIG_FILE: file('bad.json', '{ "canary-of-a-key"') }),
    /RELAY_CONFIG_FILE cannot be used: .*JSON/,
  ],
  [
    'a relay configuration with a fault',
    () => ({ RELAY_CONFIG_FILE: file('wrong.json', RELAY.replace('86400', '60')) }),
    /RELAY_CONFIG_FILE cannot be used: /,
  ],
  [
    'trusted documents that are none',
    () => ({ TRUSTED_DOCUMENTS_FILE: file('list.json', '{ "canary-of-a-key"') }),
    /TRUSTED_DOCUMENTS_FILE cannot be used: .*JSON/,
  ],
  ['a setting that is no good', () => ({ PORT: 'http' }), /PORT must be a whole number/],
];

// One of the settings, one of the machine, one of a file: a start is a process each.
const OF_EACH_KIND = FAILURES.filter((_failure, n) => [0, 4, 10].includes(n));

describe('a start that fails', () => {
  it.each(FULL ? FAILURES : OF_EACH_KIND)('for %s: one line, no stack, exit 1', async (_name, env, line) => {
    const server = startOneFileServer(env());
    expect(await server.ended).toEqual({ code: 1, signal: null });
    const told = server
      .output()
      .split('\n')
      .filter((text) => text !== '' && !text.startsWith('{'));
    expect(told).toEqual([expect.stringMatching(line)]);
    expect(server.output()).not.toMatch(/Internal server error|canary|"stack"| at /);
  });

  it.each(FULL ? OF_EACH_KIND : OF_EACH_KIND.slice(0, 1))('for %s: JSON in production', async (_name, env, line) => {
    const server = startOneFileServer({ ...production(), ...env() });
    expect((await server.ended).code).toBe(1);
    const lines = server
      .output()
      .trim()
      .split('\n')
      .map((text) => JSON.parse(text) as Record<string, unknown>);
    expect(lines.filter(({ level }) => level === 'fatal')).toEqual([
      expect.objectContaining({ msg: 'The server cannot start', reason: expect.stringMatching(line) }),
    ]);
  });
});

/** The ports on which a process listens, from the kernel's own table (proc(5)). */
function portsOf(pid: number): readonly number[] {
  const fds = readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
    } catch {
      return [];
    }
  });
  const rows = ['tcp', 'tcp6'].flatMap((name) => readFileSync(`/proc/${pid}/net/${name}`, 'utf8').split('\n').slice(1));
  const cells = rows.map((row) => row.trim().split(/\s+/));
  const listening = cells.filter(([, , , state, , , , , , inode = '']) => state === '0A' && fds.includes(inode));
  return listening.map(([, local = '']) => parseInt(local.split(':')[1] ?? '', 16));
}

describe('in production', () => {
  it('nothing but JSON is written, metrics have a port of their own, and no signal opens the inspector', async () => {
    const server = startOneFileServer({ ...production(), METRICS_PORT: '0', CORS_ORIGINS: 'https://app.example' });
    const [, origin = ''] = await server.printed(/"address":"(http:[^"]+)","msg":"Listening"/);
    const [, metrics = ''] = await server.printed(/"address":"(http:[^"]+\/metrics)"/);
    expect(await (await fetch(metrics)).text()).toContain('process_cpu_seconds_total');
    expect((await fetch(`${origin}/metrics`)).status).toBe(404);

    process.kill(server.pid, 'SIGUSR1');
    for (let n = 0; n < 3; n += 1) {
      const refused = await fetch(`${origin}/graphql?query={x}`, { headers: { origin: 'https://evil.example' } });
      expect(refused.status).toBe(403);
      expect(await refused.text()).toContain('CORS_ORIGINS');
    }
    const ports = [origin, metrics].map((url) => Number(new URL(url).port));
    expect([...portsOf(server.pid)].sort()).toEqual(ports.sort());

    expect((await server.stop()).code).toBe(0);
    const lines = server
      .output()
      .trim()
      .split('\n')
      .map((text) => JSON.parse(text) as Record<string, unknown>);
    const refusals = lines.filter(({ origin: named }) => named === 'https://evil.example');
    expect(refusals).toEqual([expect.objectContaining({ host: new URL(origin).host, count: 1 })]);
  });

  it('metrics are nowhere unless asked for', async () => {
    const server = startOneFileServer(production());
    const [, origin = ''] = await server.printed(/"address":"(http:[^"]+)","msg":"Listening"/);
    expect((await fetch(`${origin}/metrics`)).status).toBe(404);
    await server.stop();
  });
});
