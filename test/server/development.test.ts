import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeProtectedHeader, importSPKI, jwtVerify } from 'jose';
import { createHmac } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { dirname } from 'node:path';
import { startDevelopmentRelay, type DevelopmentRelay } from '../../src/server/development-relay.js';
import { freePort } from '../../src/server/development-turn.js';
import { createDevelopmentLogin, curlCommand, welcomeText } from '../../src/server/development.js';
import { eventually, isAlive, ROOT, startProcess } from '../support/process.js';

/** A machine without IPv6 has one less. */
const LOOPBACK = ['127.0.0.1', '::1'].filter((loopback) =>
  Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ address }) => address === loopback)),
);

const CLAIMS = { accountClaim: 'sub', deviceClaim: 'device_id' };
const NOW = Date.parse('2026-01-01T00:00:00Z');

describe('the development login', () => {
  it('gives two accounts two devices each, with tokens of 12 hours that its key verifies', async () => {
    const login = await createDevelopmentLogin(CLAIMS, NOW);
    expect(login.tokens.map(({ accountId, deviceId }) => `${accountId} ${deviceId}`)).toEqual([
      'alice alice-phone',
      'alice alice-laptop',
      'bob bob-phone',
      'bob bob-laptop',
    ]);
    const key = await importSPKI(login.publicKeyPem, 'ES256');
    for (const { accountId, deviceId, token } of login.tokens) {
      const { issuer, audience } = login;
      const { payload } = await jwtVerify(token, key, { issuer, audience, currentDate: new Date(NOW) });
      expect(payload).toMatchObject({ sub: accountId, device_id: deviceId, iat: NOW / 1000, exp: NOW / 1000 + 43_200 });
      expect(decodeProtectedHeader(token)).toEqual({ alg: 'ES256' });
    }
  });

  it('uses the configured issuer, audience and claims', async () => {
    const login = await createDevelopmentLogin(
      { issuer: 'https://login', audience: 'calls', accountClaim: 'account', deviceClaim: 'device' },
      NOW,
    );
    const { payload } = await jwtVerify(login.tokens[0]?.token ?? '', await importSPKI(login.publicKeyPem, 'ES256'), {
      issuer: 'https://login',
      audience: 'calls',
      currentDate: new Date(NOW),
    });
    expect(payload).toMatchObject({ account: 'alice', device: 'alice-phone' });
  });

  it('makes other keys at each start', async () => {
    const [first, second] = await Promise.all([
      createDevelopmentLogin(CLAIMS, NOW),
      createDevelopmentLogin(CLAIMS, NOW),
    ]);
    expect(first.publicKeyPem).not.toBe(second.publicKeyPem);
  });
});

describe('the welcome text', () => {
  const tokens = [{ accountId: 'alice', deviceId: 'alice-phone', token: 'header.payload.signature' }];

  it('names the addresses, and the tokens on lines of their own', () => {
    const lines = welcomeText({ origin: 'http://127.0.0.1:4000', tokens }).split('\n');
    expect(lines.join('\n')).toContain('ws://127.0.0.1:4000/graphql');
    expect(lines).toContain('alice on alice-phone');
    expect(lines).toContain('header.payload.signature');
    expect(lines).toContain(curlCommand('http://127.0.0.1:4000', 'header.payload.signature'));
  });

  it('offers no token and no request where the login service is a real one', () => {
    const text = welcomeText({ origin: 'http://127.0.0.1:4000', tokens: [] });
    expect(text).not.toMatch(/token|curl/i);
  });

  it('offers no page and no request where a gateway has to be in front, and says so', () => {
    const tokens = [{ accountId: 'alice', deviceId: 'alice-phone', token: 'header.payload.signature' }];
    const text = welcomeText({ origin: 'http://127.0.0.1:4000', tokens, gatewayOnly: true });
    expect(text).toContain('x-gateway-secret (GATEWAY_SECRET)');
    expect(text).not.toMatch(/curl|in two windows/);
  });

  it.each(LOOPBACK)('has a request that a shell sends as it is, to a server on %s', async (host) => {
    let request: IncomingMessage | undefined;
    let body = '';
    const server = createServer((incoming, response) => {
      request = incoming;
      incoming.on('data', (chunk: Buffer) => (body += chunk.toString())).on('end', () => response.end('answer'));
    });
    await once(server.listen(0, host), 'listening');
    const { port } = server.address() as AddressInfo;
    const origin = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
    try {
      const shell = startProcess('sh', { args: ['-c', curlCommand(origin, 'header.payload.signature')] });
      await shell.ended;
      expect(shell.output()).toBe('answer');
      expect(request).toMatchObject({ method: 'POST', url: '/graphql' });
      expect(request?.headers).toMatchObject({
        'content-type': 'application/json',
        authorization: 'Bearer header.payload.signature',
      });
      expect((JSON.parse(body) as { query: string }).query).toMatch(/^\{ callRelay \{/);
    } finally {
      server.close();
    }
  });
});

interface RelayConfig {
  readonly providers: readonly { readonly type: string; readonly secret: string }[];
  readonly relay: unknown;
}

const secretOf = (relay: DevelopmentRelay): string => (relay.config as RelayConfig).providers[0]?.secret ?? '';
const commandLineOf = (pid: number): string[] => readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');

/** Asks the relay for an allocation and sends packets through it. Prints neither user name nor password. */
async function allocate(port: number, address: string, secret: string): Promise<string> {
  const username = `${Math.floor(Date.now() / 1000) + 600}:someone`;
  const password = createHmac('sha1', secret).update(username).digest('base64');
  const family = address.includes(':') ? '-x' : '-X';
  const client = startProcess('turnutils_uclient', {
    args: [family, '-y', '-c', '-n', '1', '-m', '1', '-u', username, '-w', password, '-p', String(port), address],
  });
  await client.ended;
  return client.output();
}

describe('the development relay', () => {
  let relay: DevelopmentRelay;
  beforeAll(async () => {
    relay = await startDevelopmentRelay();
  });
  afterAll(() => relay.close());

  it('is a configuration with a shared secret, on a name that needs no name server', async () => {
    expect(relay.config).toMatchObject({
      requestedTtlSeconds: 86_400,
      clientTtlSeconds: 43_200,
      rateLimit: { max: 20, windowSeconds: 600 },
      providers: [{ type: 'shared-secret', secret: expect.stringMatching(/^[\w-]{43}$/) }],
      relay: {
        urls: [`turn:localhost:${relay.port}?transport=udp`],
        urlsWithIps: [`turn:{ip}:${relay.port}?transport=udp`],
        hostname: 'localhost',
      },
    });
    expect(await relay.resolver.resolve('localhost')).toEqual(LOOPBACK);
    expect(await relay.resolver.resolve('turn.example.com')).toEqual([]);
  });

  it.each(LOOPBACK)('relays packets for whoever has credentials, on %s', async (address) => {
    const output = await allocate(relay.port, address, secretOf(relay));
    expect(output).toMatch(/Total lost packets 0 /);
    expect(output).not.toContain('Cannot complete Allocation');
  });

  it('refuses a password made with another secret', async () => {
    const output = await allocate(relay.port, '127.0.0.1', `${secretOf(relay)}x`);
    expect(output).toContain('Cannot complete Allocation');
  });

  it('keeps its secret off the command line, in a file that nobody else can read', () => {
    const commandLine = commandLineOf(relay.pid ?? 0);
    const configFile = commandLine[commandLine.indexOf('-c') + 1] ?? '';
    expect(commandLine.join(' ')).not.toContain(secretOf(relay));
    expect(readFileSync(configFile, 'utf8')).toContain(secretOf(relay));
    expect(statSync(configFile).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(configFile)).mode & 0o777).toBe(0o700);
  });

  it('inherits nothing of the environment, where secrets are', () => {
    const environment = readFileSync(`/proc/${relay.pid}/environ`, 'utf8').split('\0').filter(Boolean);
    expect(environment.map((variable) => variable.split('=')[0])).toEqual(['PATH']);
  });
});

describe('the end of the development relay', () => {
  const relays: DevelopmentRelay[] = [];
  const start = async (options?: Parameters<typeof startDevelopmentRelay>[0]): Promise<DevelopmentRelay> => {
    const relay = await startDevelopmentRelay(options);
    relays.push(relay);
    return relay;
  };
  const filesOf = (relay: DevelopmentRelay): string => {
    const commandLine = commandLineOf(relay.pid ?? 0);
    return dirname(commandLine[commandLine.indexOf('-c') + 1] ?? '');
  };
  afterEach(async () => {
    await Promise.all(relays.splice(0).map((relay) => relay.close()));
  });

  it('takes its process, its port and its files along', async () => {
    let exits = 0;
    const relay = await start({ onExit: () => exits++ });
    const directory = filesOf(relay);
    await Promise.all([relay.close(), relay.close()]);
    await relay.close();
    expect([isAlive(relay.pid ?? 0), existsSync(directory), exits]).toEqual([false, false, 0]);

    const socket = createSocket('udp4').bind(relay.port, '127.0.0.1');
    await once(socket, 'listening');
    socket.close();
  });

  it('is told when it comes by itself', async () => {
    let exits = 0;
    const relay = await start({ onExit: () => exits++ });
    const directory = filesOf(relay);
    process.kill(relay.pid ?? 0, 'SIGKILL');
    await eventually(() => exits === 1);
    expect(existsSync(directory)).toBe(false);
    await relay.close();
    expect(exits).toBe(1);
  });

  it('comes with the end of the server, even when that is killed', async () => {
    const script = `
      import { startDevelopmentRelay } from './dist/server/development-relay.js';
      const relay = await startDevelopmentRelay();
      console.log('relay is process ' + relay.pid);
      setInterval(() => {}, 1000);`;
    const server = startProcess(process.execPath, { args: ['--input-type=module', '-e', script], cwd: ROOT });
    const [, pid] = await server.printed(/relay is process (\d+)/);
    const commandLine = commandLineOf(Number(pid));
    expect(commandLine[0]).toBe('turnserver');
    process.kill(server.pid, 'SIGKILL');
    await server.ended;
    const directory = dirname(commandLine[commandLine.indexOf('-c') + 1] ?? '');
    await eventually(() => !isAlive(Number(pid)) && !existsSync(directory));
  });

  it('leaves a server without one when the program is not installed: which, is said', async () => {
    let exits = 0;
    const relay = await start({ program: 'turnserver-that-is-not-installed', onExit: () => exits++ });
    expect([relay.pid, relay.missingProgram, exits]).toEqual([null, 'turnserver-that-is-not-installed', 0]);
    expect(secretOf(relay)).toHaveLength(43);
  });

  it('is an error when it comes before the relay listens, and no secret is in that', async () => {
    await expect(startDevelopmentRelay({ program: 'false' })).rejects.toThrow(
      /^false did not come to listen on port \d+$/,
    );
  });
});

describe('a port for the relay', () => {
  it('is one that nobody has by UDP or by TCP, since coturn would share it without a word', async () => {
    const udp = createSocket('udp4').bind(0, '127.0.0.1');
    const tcp = createServer().listen(0, '127.0.0.1');
    await Promise.all([once(udp, 'listening'), once(tcp, 'listening')]);
    const free = await freePort(LOOPBACK);
    const drawn = [udp.address().port, (tcp.address() as AddressInfo).port, free];
    expect(await freePort(LOOPBACK, () => drawn.shift() ?? 0)).toBe(free);
    udp.close();
    tcp.close();
  });
});
