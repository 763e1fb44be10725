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

/** Ports that nobody listens on at present. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  await Promise.all(servers.map((server) => new Promise<void>((done) => server.listen(0, HOST, done))));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}

/** Runs one command on the server at a port. */
async function commandAt(port: number, args: readonly string[]): Promise<unknown> {
  const client = createClient({ socket: { host: HOST, port, reconnectStrategy: false }, disableClientInfo: true });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await client.sendCommand([...args]);
  } finally {
    client.destroy();
  }
}

export async function startRedis(options: RedisOptions = {}, port?: number): Promise<RedisServer> {
  const [free = 0] = port === undefined ? await freePorts(1) : [port];
  const directory = mkdtempSync(join(tmpdir(), 'redis-'));
  const start = async (): Promise<RunningProcess> => {
    const started = startProcess('redis-server', {
      args: [
        ...['--port', `${free}`, '--bind', HOST, '--dir', directory, '--save', '', '--appendfsync', 'always'],
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
    host: HOST,
    port: free,
    url: `redis://${HOST}:${free}`,
    directory,
    get pid() {
      return running.pid;
    },
    command: (...args) => commandAt(free, args),
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
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

export interface RedisCluster {
  readonly url: string;
  readonly servers: readonly RedisServer[];
  stop(): Promise<void>;
}

const SLOTS = 16_384;

/** A cluster of primaries, the slots shared out evenly. */
export async function startRedisCluster(primaries = 3): Promise<RedisCluster> {
  const ports = await freePorts(2 * primaries);
  const servers = await Promise.all(
    Array.from({ length: primaries }, (_, n) =>
      startRedis(
        {
          args: [
            '--cluster-enabled',
            'yes',
            '--cluster-port',
            `${ports[primaries + n]}`,
            '--cluster-node-timeout',
            '1000',
          ],
        },
        ports[n],
      ),
    ),
  );
  const [first] = servers;
  await Promise.all(
    servers.map(async (server, n) => {
      const from = Math.floor((n * SLOTS) / primaries);
      const to = Math.floor(((n + 1) * SLOTS) / primaries) - 1;
      await server.command('CLUSTER', 'SET-CONFIG-EPOCH', `${n + 1}`);
      await server.command('CLUSTER', 'ADDSLOTSRANGE', `${from}`, `${to}`);
    }),
  );
  for (const [n, server] of servers.entries())
    if (server !== first) await first?.command('CLUSTER', 'MEET', HOST, `${server.port}`, `${ports[primaries + n]}`);
  const knowsAll = async (server: RedisServer): Promise<boolean> => {
    const info = String(await server.command('CLUSTER', 'INFO'));
    const ranges = (await server.command('CLUSTER', 'SLOTS')) as readonly unknown[];
    return info.includes('cluster_state:ok') && ranges.length === primaries;
  };
  for (const server of servers) await eventually(() => knowsAll(server));
  return {
    url: `redis+cluster://${servers.map(({ host, port }) => `${host}:${port}`).join()}`,
    servers,
    stop: async () => {
      await Promise.all(servers.map((server) => server.stop()));
    },
  };
}

export interface RedisSentinels {
  readonly url: string;
  readonly master: RedisServer;
  readonly replica: RedisServer;
  stop(): Promise<void>;
}

/** A master with one replica, and three Sentinels that watch them. */
export async function startRedisSentinels(): Promise<RedisSentinels> {
  const master = await startRedis();
  const replica = await startRedis({ args: ['--replicaof', `${HOST} ${master.port}`] });
  await eventually(async () => String(await replica.command('INFO', 'replication')).includes('master_link_status:up'));
  const directory = mkdtempSync(join(tmpdir(), 'sentinel-'));
  const ports = await freePorts(3);
  const sentinels = ports.map((port) => {
    const file = join(directory, `${port}.conf`);
    writeFileSync(
      file,
      [
        `port ${port}`,
        `bind ${HOST}`,
        `sentinel monitor calls ${HOST} ${master.port} 2`,
        'sentinel down-after-milliseconds calls 500',
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
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
