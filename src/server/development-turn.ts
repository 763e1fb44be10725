import { spawn } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Writable } from 'node:stream';

export interface TurnServerOptions {
  readonly program: string;
  /** Secret of the TURN REST API, from which passwords are derived. */
  readonly secret: string;
  readonly port: number;
  /** Loopback addresses to listen on and to relay from. */
  readonly addresses: readonly string[];
  /** Told when it has ended without being stopped. */
  readonly onExit: () => void;
}

export interface TurnServer {
  readonly pid: number;
  stop(): Promise<void>;
}

const START_MS = 30_000;
const STOP_MS = 2_000;
const NOT_INSTALLED = 127;

/**
 * The shell becomes the TURN server; beside it stays a watcher on a pipe from this process. The pipe ends when this
 * process does, even by SIGKILL, and then so do the TURN server and its files. A line on it sends the watcher home.
 * The TURN server gets none of this process's environment, which may hold secrets.
 */
const START_WATCHED = `
  { read -r _ <&3 && exit; kill -9 $$; rm -rf "$2"; } &
  exec 3<&-
  exec env -i PATH="$PATH" "$0" -c "$1"`;

/**
 * Starts coturn and waits until it answers. Its secret goes through a file that only this user can read, never over the
 * command line, and its output, which may name users, goes nowhere.
 * @returns null when the program is not installed
 * @throws Error it ended, or did not answer in time
 */
export async function startTurnServer(options: TurnServerOptions): Promise<TurnServer | null> {
  const { program, port, addresses, onExit } = options;
  const directory = await mkdtemp(join(tmpdir(), 'development-relay-'));
  const configFile = join(directory, 'turnserver.conf');
  await writeFile(configFile, configOf(options, directory), { mode: 0o600 });

  // A process group of its own: Ctrl-C in a terminal is for the server, which then stops the relay in its own order.
  const child = spawn('sh', ['-c', START_WATCHED, program, configFile, directory], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    detached: true,
  });
  const watcher = child.stdio[3] as Writable;
  watcher.on('error', () => {});
  let stopping = false;
  const gone = new AbortController();
  const ended = new Promise<number | null>((resolve) => {
    child.once('error', () => resolve(NOT_INSTALLED)).once('exit', resolve);
  }).then(async (code) => {
    gone.abort();
    watcher.end('ended\n');
    await rm(directory, { recursive: true, force: true });
    return code;
  });
  const stop = async (): Promise<void> => {
    stopping = true;
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await ended;
    clearTimeout(timer);
  };

  const signal = AbortSignal.any([gone.signal, AbortSignal.timeout(START_MS)]);
  const answering = await Promise.all(addresses.map((address) => answers(port, address, signal)));
  if (answering.every(Boolean)) {
    void ended.then(() => stopping || onExit());
    return { pid: child.pid!, stop };
  }
  await stop();
  if ((await ended) === NOT_INSTALLED) return null;
  throw new Error(`${program} did not come to listen on port ${port}`);
}

function configOf({ secret, port, addresses }: TurnServerOptions, directory: string): string {
  return [
    `listening-port=${port}`,
    ...addresses.flatMap((address) => [`listening-ip=${address}`, `relay-ip=${address}`]),
    'no-tls',
    'no-dtls',
    // Both parties of a call may be on this machine; coturn allows that only without its command line interface.
    'allow-loopback-peers',
    'no-cli',
    // Who reached it by IPv6 gets an IPv6 relay address without asking for it.
    'allocation-default-address-family=keep',
    'use-auth-secret',
    `static-auth-secret=${secret}`,
    'realm=localhost',
    'fingerprint',
    'log-file=/dev/null',
    'no-stdout-log',
    `pidfile=${join(directory, 'turnserver.pid')}`,
    `userdb=${join(directory, 'turnserver.sqlite')}`,
    '',
  ].join('\n');
}

/** Sends STUN Binding requests (RFC 8489, section 6) until one is answered; false when that is given up. */
async function answers(port: number, address: string, signal: AbortSignal): Promise<boolean> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  const request = Buffer.concat([Buffer.from('000100002112a442', 'hex'), randomBytes(12)]);
  const asking = setInterval(() => socket.send(request, port, address, () => {}), 50);
  try {
    await once(socket, 'message', { signal });
    return true;
  } catch {
    return false;
  } finally {
    clearInterval(asking);
    socket.close();
  }
}

/**
 * A port that nobody listens on, neither by UDP nor by TCP: coturn shares one that is taken (SO_REUSEPORT) without a word.
 * Drawn from below the range that systems give to clients.
 */
export async function freePort(addresses: readonly string[], draw = () => randomInt(20_000, 32_000)): Promise<number> {
  for (let attempt = 0; attempt < 20; attempt++) {
    const port = draw();
    const free = await Promise.all(
      addresses.flatMap((address) => [isUdpFree(port, address), isTcpFree(port, address)]),
    );
    if (free.every(Boolean)) return port;
  }
  throw new Error('no free port was found for the development relay');
}

async function isUdpFree(port: number, address: string): Promise<boolean> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  const bound = once(socket, 'listening').then(
    () => true,
    () => false,
  );
  socket.bind(port, address);
  const free = await bound;
  socket.close();
  return free;
}

async function isTcpFree(port: number, address: string): Promise<boolean> {
  const server = createServer();
  const bound = once(server, 'listening').then(
    () => true,
    () => false,
  );
  server.listen(port, address);
  const free = await bound;
  if (free) await new Promise((resolve) => server.close(resolve));
  return free;
}
