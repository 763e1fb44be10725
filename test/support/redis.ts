import { afterAll } from '@jest/globals';
import { createClient } from '@keyv/redis';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, startProcess } from './process.js';
import type { RunningProcess } from './process.js';

export interface RedisOptions {
  /** Every write goes to a file at once, and is there after a restart. */
  readonly appendOnly?: boolean;
  /** More of the server's settings, as on its command line. */
  readonly args?: readonly string[];
  /** Where it listens; 127.0.0.1 when left out. */
  readonly host?: string;
}

/** A real Redis server in a process of its own. */
export interface RedisServer {
  readonly host: string;
  readonly port: number;
  readonly url: string;
  readonly pid: number;
  /** Where it keeps its files. */
  readonly directory: string;
  /** Runs one command over a connection of its own. */
  command(...args: readonly string[]): Promise<unknown>;
  /** Stops the process and all its answers, as if it hung; `resume` lets it go on. */
  suspend(): void;
  resume(): void;
  /** Ends it without a chance to tidy up. */
  kill(): Promise<void>;
  /** Starts it again with the files and at the port that it had. */
  restart(): Promise<void>;
  /** Ends it, if it has not ended, and removes its files. */
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';

const directories = new Set<string>();
// A test that fails halfway must not leave files behind either.
afterAll(() => directories.forEach(remove));

function temporary(prefix: string): string {
  const directory = mkdtempSync(join(tmpdir(), prefix));
  directories.add(directory);
  return directory;
}

function remove(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
  directories.delete(directory);
}

/** Ports that nobody listens on at present. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  await Promise.all(servers.map((server) => new Promise<void>((done) => server.listen(0, HOST, done))));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}

/** Runs one command on the server at a port. */
async function commandAt(port: number, args: readonly string[], host = HOST): Promise<unknown> {
  const client = createClient({ socket: { host, port, reconnectStrategy: false }, disableClientInfo: true });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await client.sendCommand([...args]);
  } finally {
    client.destroy();
  }
}

const inUrl = (host: string): string => (host.includes(':') ? `[${host}]` : host);

export async function startRedis(options: RedisOptions = {}, port?: number): Promise<RedisServer> {
  const [free = 0] = port === undefined ? await freePorts(1) : [port];
  const directory = temporary('redis-');
  const { host = HOST } = options;
  const start = async (): Promise<RunningProcess> => {
    const started = startProcess('redis-server', {
      args: [
        ...['--port', `${free}`, '--bind', host, '--dir', directory, '--save', '', '--appendfsync', 'always'],
        ...['--appendonly', options.appendOnly ? 'yes' : 'no', ...(options.args ?? [])],
      ],
    });
    await started.printed(/Ready to accept connections/);
    return started;
  };
  let running = await start();
  const signal = (name: NodeJS.Signals): void => {
    process.kill(running.pid, name);
  };
  return {
    host,
    port: free,
    url: `redis://${inUrl(host)}:${free}`,
    directory,
    get pid() {
      return running.pid;
    },
    command: (...args) => commandAt(free, args, host),
    suspend: () => signal('SIGSTOP'),
    resume: () => signal('SIGCONT'),
    kill: async () => {
      signal('SIGKILL');
      await running.ended;
    },
    restart: async () => {
      running = await start();
    },
    stop: async () => {
      await running.stop();
      remove(directory);
    },
  };
}

export interface RedisCluster {
  readonly url: string;
  readonly primaries: readonly RedisServer[];
  /** A replica of each primary, in the same order, when there are any. */
  readonly replicas: readonly RedisServer[];
  stop(): Promise<void>;
}

const SLOTS = 16_384;

/** After how much silence a server is taken for dead: soon where that is tested, else not by a machine that is busy. */
const DEAD_MS = { soon: 1_000, late: 30_000 } as const;

export interface ClusterOptions {
  /** One with replicas soon replaces a server that died. */
  readonly withReplicas?: boolean;
  readonly host?: string;
  /** Settings with which the servers speak TLS, at ports beside their usual ones. */
  readonly tls?: readonly string[];
  /** More of each server's settings. */
  readonly args?: readonly string[];
}

/** A cluster of three primaries, the slots shared out evenly. */
export async function startRedisCluster(options: ClusterOptions = {}): Promise<RedisCluster> {
  const { withReplicas = false, host = HOST, tls } = options;
  const count = withReplicas ? 6 : 3;
  const ports = await freePorts(3 * count);
  const [busPorts, tlsPorts] = [ports.slice(count, 2 * count), ports.slice(2 * count)];
  const timeout = `${withReplicas ? DEAD_MS.soon : DEAD_MS.late}`;
  const servers = await Promise.all(
    busPorts.map((busPort, n) => {
      const args = ['--cluster-enabled', 'yes', '--cluster-port', `${busPort}`, '--cluster-node-timeout', timeout];
      const secret = tls ? ['--tls-port', `${tlsPorts[n]}`, '--tls-cluster', 'yes', ...tls] : [];
      return startRedis({ host, args: [...args, ...secret, ...(options.args ?? [])] }, ports[n]);
    }),
  );
  const [primaries, replicas] = [servers.slice(0, 3), servers.slice(3)];
  for (const [n, server] of servers.entries()) {
    await server.command('CLUSTER', 'SET-CONFIG-EPOCH', `${n + 1}`);
    if (n > 0) await servers[0]?.command('CLUSTER', 'MEET', host, `${server.port}`, `${busPorts[n]}`);
  }
  for (const [n, server] of primaries.entries()) {
    const [from, to] = [n, n + 1].map((share) => Math.floor((share * SLOTS) / primaries.length));
    await server.command('CLUSTER', 'ADDSLOTSRANGE', `${from}`, `${(to ?? 0) - 1}`);
  }
  const knowsAll = async (server: RedisServer): Promise<boolean> => {
    const info = String(await server.command('CLUSTER', 'INFO'));
    return info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${count}`);
  };
  for (const server of servers) await eventually(() => knowsAll(server), 20_000);
  for (const [n, replica] of replicas.entries()) {
    await replica.command('CLUSTER', 'REPLICATE', String(await primaries[n]?.command('CLUSTER', 'MYID')));
    await eventually(() => isSynced(replica), 20_000);
  }
  return {
    url: `redis${tls ? 's' : ''}+cluster://${(tls ? tlsPorts : servers.map(({ port }) => port))
      .map((port) => `${inUrl(host)}:${port}`)
      .join()}`,
    primaries,
    replicas,
    stop: async () => {
      await Promise.all(servers.map((server) => server.stop()));
    },
  };
}

/** Starts a replica of a server, and waits until it has everything. */
export async function startReplica({ host, port }: RedisServer): Promise<RedisServer> {
  const replica = await startRedis({ args: ['--replicaof', `${host} ${port}`] });
  await eventually(() => isSynced(replica));
  return replica;
}

async function isSynced(replica: RedisServer): Promise<boolean> {
  return String(await replica.command('INFO', 'replication')).includes('master_link_status:up');
}

export interface RedisSentinels {
  readonly url: string;
  readonly master: RedisServer;
  readonly replica: RedisServer;
  stop(): Promise<void>;
}

/**
 * A master with one replica, and three Sentinels that watch them.
 * @param watch how soon they replace a master that does not answer
 */
export async function startRedisSentinels(watch: keyof typeof DEAD_MS = 'late'): Promise<RedisSentinels> {
  const master = await startRedis();
  const replica = await startReplica(master);
  const directory = temporary('sentinel-');
  const ports = await freePorts(3);
  const sentinels = ports.map((port) => {
    const file = join(directory, `${port}.conf`);
    writeFileSync(
      file,
      [
        `port ${port}`,
        `bind ${HOST}`,
        `sentinel monitor calls ${HOST} ${master.port} 2`,
        `sentinel down-after-milliseconds calls ${DEAD_MS[watch]}`,
        'sentinel failover-timeout calls 5000',
        '',
      ].join('\n'),
    );
    return startProcess('redis-server', { args: [file, '--sentinel'] });
  });
  const knowsAll = async (port: number): Promise<boolean> => {
    const fields = (await commandAt(port, ['SENTINEL', 'MASTER', 'calls']).catch(() => [])) as readonly string[];
    const valueOf = (name: string): string | undefined => fields[fields.indexOf(name) + 1];
    return valueOf('num-other-sentinels') === '2' && valueOf('num-slaves') === '1';
  };
  for (const port of ports) await eventually(() => knowsAll(port), 20_000);
  return {
    url: `redis+sentinel://${ports.map((port) => `${HOST}:${port}`).join()}/calls`,
    master,
    replica,
    stop: async () => {
      await Promise.all(sentinels.map((sentinel) => sentinel.stop()));
      await Promise.all([master.stop(), replica.stop()]);
      remove(directory);
    },
  };
}
