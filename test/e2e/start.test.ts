/** `npm start` on a machine without settings, used as its output says: to an allocation on a real TURN server. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { startTurnServer, freePort } from '../../src/server/development-turn.js';
import { FULL } from '../support/full.js';
import type { FakeDns } from '../support/fake-dns.js';
import type { FakeProvider } from '../support/fake-provider.js';
import { eventually, isAlive, startProcess, type RunningProcess } from '../support/process.js';
import { relayConfig, withRelayWorld } from '../support/relay-world.js';

interface IceServer {
  readonly urls: readonly string[];
  readonly username: string;
  readonly credential: string;
}

/** Allocates and relays with coturn's own client; what it prints holds neither user name nor password. */
async function relayOver(url: string, { username, credential }: Pick<IceServer, 'username' | 'credential'>) {
  const [, ipv4, ipv6, port = ''] = /^turn:(?:([\d.]+)|\[([\d:a-f]+)\]):(\d+)/.exec(url) ?? [];
  const client = startProcess('turnutils_uclient', {
    args: [
      ipv6 ? '-x' : '-X',
      ...'-y -c -n 2 -m 1'.split(' '),
      '-u',
      username,
      '-w',
      credential,
      '-p',
      port,
      ipv4 ?? ipv6 ?? '',
    ],
  });
  await client.ended;
  return client.output();
}

describe('npm start without settings', () => {
  let server: RunningProcess;
  let iceServer: IceServer;
  beforeAll(async () => {
    server = startProcess('npm', { args: ['start'], env: { PORT: '0', HOME: process.env['HOME'] ?? '' } });
    const [curl = ''] = await server.printed(/^curl .*$/m, 120_000);
    const shell = startProcess('sh', { args: ['-c', curl] });
    await shell.ended;
    const answer = JSON.parse(shell.output()) as { data: { callRelay: { iceServers: IceServer[] } } };
    iceServer = answer.data.callRelay.iceServers[0] as IceServer;
  }, 150_000);
  afterAll(() => server.stop());

  it('prints tokens for two accounts with two devices each, and where to go', () => {
    const output = server.output();
    for (const device of ['alice-phone', 'alice-laptop', 'bob-phone', 'bob-laptop']) expect(output).toContain(device);
    expect(output.match(/^eyJ[\w-]+\.[\w-]+\.[\w-]+$/gm)).toHaveLength(4);
    expect(output).toMatch(/Playground +http:\/\/127\.0\.0\.1:\d+\/graphql/);
  });

  it.each(['turn:127.0.0.1:', 'turn:[::1]:'])('the credentials relay packets on %s', async (start) => {
    const url = iceServer.urls.find((each) => each.startsWith(start)) ?? '';
    expect(await relayOver(url, iceServer)).toMatch(/Total lost packets 0 /);
  });

  it('altered credentials are refused by the relay', async () => {
    const url = iceServer.urls.find((each) => each.startsWith('turn:127.0.0.1:')) ?? '';
    const [expiry = '', pseudonym = ''] = iceServer.username.split(':');
    const altered = [
      // In 1 of 64 the first character is an x already.
      {
        ...iceServer,
        credential: `${iceServer.credential.startsWith('x') ? 'y' : 'x'}${iceServer.credential.slice(1)}`,
      },
      { ...iceServer, username: `${Number(expiry) + 1}:${pseudonym}` },
      { ...iceServer, username: `${expiry}:somebody-else` },
    ];
    for (const credentials of altered) {
      expect(await relayOver(url, credentials)).toContain('Cannot complete Allocation');
    }
  });

  it('serves the playground to a browser, all of it from here', async () => {
    const [, origin = ''] = /Playground +(http:\S+)\/graphql/.exec(server.output()) ?? [];
    const page = await (await fetch(`${origin}/graphql`, { headers: { accept: 'text/html' } })).text();
    const addresses = [...page.matchAll(/(?:src|href)="(?!data:)([^"]+)"/g)].map(([, address = '']) => address);
    expect(addresses.length).toBeGreaterThan(1);
    for (const address of addresses) {
      expect(address).toMatch(/^\/playground\//);
      expect((await fetch(`${origin}${address}`)).status).toBe(200);
    }
  });

  it('ends with its relay when npm is told to', async () => {
    const ports = [/(\d+)\/graphql/.exec(server.output()), /:(\d+)/.exec(iceServer.urls[0] ?? '')].map((found) =>
      Number(found?.[1]),
    );
    expect(await Promise.all(ports.map(isListening))).toEqual([true, true]);
    await server.stop();
    await eventually(async () => !(await Promise.all(ports.map(isListening))).includes(true));
  });
});

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', () => resolve(false)).once('connect', () => resolve(true));
    socket.once('connect', () => socket.destroy());
  });
}

describe('a signal to npm alone', () => {
  /** All that a process started, and what they started. */
  const below = (pid: number): readonly number[] => {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
    return children.map(Number).flatMap((child) => [child, ...below(child)]);
  };
  const started = async (background: boolean): Promise<readonly [npm: number, program: RunningProcess]> => {
    const env = { PORT: '0', HOME: process.env['HOME'] ?? '' };
    // A shell has its jobs in the background ignore SIGINT.
    const program = background
      ? startProcess('sh', { args: ['-c', 'npm start & echo "npm is $!"; wait $!'], env })
      : startProcess('npm', { args: ['start'], env });
    await program.printed(/^curl .*$/m, 120_000);
    const [, npm] = background ? await program.printed(/npm is (\d+)/) : [];
    return [Number(npm ?? program.pid), program];
  };

  const WAYS = [
    ['SIGINT', true],
    ['SIGTERM', false],
    ['SIGINT', false],
    ['SIGTERM', true],
  ] as const;
  it.each(FULL ? WAYS : WAYS.slice(0, 2))(
    '%s (npm in the background: %s) ends all, after what is served, with exit code 0',
    async (signal, background) => {
      const [npm, program] = await started(background);
      const all = [npm, ...below(npm)];
      expect(all.length).toBeGreaterThan(1);
      const [, port] = /:(\d+)\/graphql/.exec(program.output()) ?? [];
      // Half a request, as of a client whose network is gone, is not waited for until all is over.
      const half = connect(Number(port), '127.0.0.1', () => half.write('GET /h')).on('error', () => undefined);
      await once(half, 'connect');
      process.kill(npm, signal);
      expect(await program.ended).toEqual({ code: 0, signal: null });
      expect(program.output()).toMatch(new RegExp(`"signal":"${signal}".*"msg":"Stopping"`));
      await eventually(() => !all.some(isAlive));
    },
    150_000,
  );

  it('that a terminal sends to all of them at once is one signal', async () => {
    const [npm, program] = await started(false);
    const all = [npm, ...below(npm)];
    for (const pid of all) {
      // The first of them may have ended the rest by then.
      if (isAlive(pid)) process.kill(pid, 'SIGINT');
    }
    expect(await program.ended).toEqual({ code: 0, signal: null });
    expect(program.output().match(/"msg":"Stopping"/g)).toHaveLength(1);
    await eventually(() => !all.some(isAlive));
  }, 150_000);
});

describe('the development relay', () => {
  it('is given nothing of the environment, where secrets are', async () => {
    process.env['A_SECRET_SETTING'] = 'of-this-process';
    const port = await freePort(['127.0.0.1']);
    const options = { program: 'turnserver', secret: 'secret', port, addresses: ['127.0.0.1'], onExit: () => {} };
    const turn = await startTurnServer(options);
    try {
      const environment = readFileSync(`/proc/${turn?.pid}/environ`, 'utf8').split('\0').filter(Boolean);
      expect(environment.map((entry) => entry.split('=')[0])).toEqual(['PATH']);
    } finally {
      await turn?.stop();
      delete process.env['A_SECRET_SETTING'];
    }
  });
});

describe('credentials that have expired', () => {
  it('are refused by the relay', async () => {
    const secret = 'a-secret-that-two-share';
    const port = await freePort(['127.0.0.1']);
    const turn = await startTurnServer({
      program: 'turnserver',
      secret,
      port,
      addresses: ['127.0.0.1'],
      onExit: () => {},
    });
    const config = (provider: FakeProvider, dns: FakeDns) =>
      relayConfig(provider, dns, {
        requestedTtlSeconds: 2,
        clientTtlSeconds: 1,
        providers: [{ type: 'shared-secret', secret }],
        relay: { urls: [`turn:127.0.0.1:${port}?transport=udp`] },
      });
    await withRelayWorld({ config }, async ({ ask }) => {
      const { turnUsername: username = '', turnPassword: credential = '' } = (await ask()).data?.callRelay ?? {};
      const url = `turn:127.0.0.1:${port}`;
      expect(credential).toBe(createHmac('sha1', secret).update(username).digest('base64'));
      await eventually(() => Date.now() > (Number(username.split(':')[0]) + 1) * 1000);
      expect(await relayOver(url, { username, credential })).toContain('Cannot complete Allocation');
    });
    await turn?.stop();
  });
});

describe('npm start in production without settings', () => {
  it('refuses every development default, by name, and exits with 1', async () => {
    const production = startProcess(process.execPath, {
      args: ['dist/server/main.js'],
      env: { NODE_ENV: 'production' },
    });
    expect(await production.ended).toEqual({ code: 1, signal: null });
    expect(production.output()).toContain('AUTH_JWKS_URL or AUTH_PUBLIC_KEY_FILE is required in production');
    expect(production.output()).toContain('RELAY_CONFIG_FILE is required in production');
  });
});
