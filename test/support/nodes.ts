import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Document } from '../../src/client/generated/documents.js';
import { TestDevice, type DeviceOptions } from './device.js';
import { webCryptoSignature } from './fake-webhook.js';
import { startOneFileServer, type RunningProcess } from './process.js';
import { createTestLogin } from './tokens.js';

export interface NodesOptions {
  readonly redisUrl: string;
  readonly count?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly relay?: object;
}

/** Server processes that share a login service and a Redis, and devices that connect to any of them. */
export interface Nodes {
  readonly origins: readonly string[];
  /**
   * @param name account and device, for example `alice/phone`
   * @param route the nodes that it connects to, one after the other and round again; all of them when left out
   */
  device(name: string, route?: readonly number[], options?: Partial<DeviceOptions>): TestDevice;
  /** Runs an operation over HTTP on one node. */
  ask<Result, Variables>(
    node: number,
    name: string,
    document: Document<Result, Variables>,
    variables?: Variables,
  ): Promise<NodeAnswer<Result>>;
  /** Tells one node that a device was removed. @returns the status of its answer */
  revoke(node: number, accountId: string, deviceId: string): Promise<number>;
  token(name: string, claims?: Readonly<Record<string, unknown>>): Promise<string>;
  /** Events of one name in the logs of all nodes, those that ended included. */
  events(name: string): readonly Record<string, unknown>[];
  /** Everything that all nodes have printed. */
  output(): string;
  /** Ends a node without a chance to tidy up. */
  kill(node: number): Promise<void>;
  stop(node: number): Promise<void>;
  /** Starts a node again on the port that it had. */
  start(node: number, env?: Readonly<Record<string, string>>): Promise<void>;
  /** Ends everything; a process that ends otherwise than it was asked to is an error. */
  close(): Promise<void>;
}

export interface NodeAnswer<Result> {
  readonly data: Result | null | undefined;
  /** Code of the first error. */
  readonly code: string | undefined;
}

export function encryptionKey(id: string): string {
  return `${id}:${randomBytes(32).toString('base64')}`;
}

/** Relay credentials that need no network. */
const RELAY = {
  requestedTtlSeconds: 86_400,
  clientTtlSeconds: 43_200,
  rateLimit: { max: 10, windowSeconds: 600 },
  providers: [{ type: 'shared-secret', secret: 'of-the-test' }],
  relay: { urls: ['turn:127.0.0.1:3478?transport=udp'] },
};

export async function startNodes({ redisUrl, count = 2, env = {}, relay = RELAY }: NodesOptions): Promise<Nodes> {
  const login = await createTestLogin();
  const folder = mkdtempSync(join(tmpdir(), 'nodes-'));
  writeFileSync(join(folder, 'login.pem'), login.publicPem);
  writeFileSync(join(folder, 'relay.json'), JSON.stringify(relay));
  const adminSecret = `whsec_${randomBytes(32).toString('base64')}`;
  const settings = {
    AUTH_PUBLIC_KEY_FILE: join(folder, 'login.pem'),
    AUTH_ISSUER: login.issuer,
    AUTH_AUDIENCE: login.audience,
    RELAY_CONFIG_FILE: join(folder, 'relay.json'),
    REDIS_URL: redisUrl,
    ENCRYPTION_KEYS: encryptionKey('k1'),
    NAME_KEY: randomBytes(32).toString('base64'),
    ADMIN_SECRET: adminSecret,
    ...env,
  };
  const devices: TestDevice[] = [];
  const processes: RunningProcess[] = [];
  const origins: string[] = [];
  const running = new Map<number, RunningProcess>();

  const start = async (node: number, changes: Readonly<Record<string, string>> = {}): Promise<void> => {
    const port = origins[node] === undefined ? '0' : new URL(origins[node]).port;
    const server = startOneFileServer({ ...settings, ...changes, PORT: port });
    processes.push(server);
    const [, origin = ''] = await server.printed(/GraphQL +(http:\/\/[^/]+)\/graphql/);
    running.set(node, server);
    origins[node] = origin;
  };
  const end = async (node: number, how: (server: RunningProcess) => unknown): Promise<void> => {
    const server = running.get(node);
    running.delete(node);
    if (!server) throw new Error(`node ${node} is not running`);
    await how(server);
    await server.ended;
  };
  const output = (): string => processes.map((server) => server.output()).join('');
  const token: Nodes['token'] = (name, claims = {}) => {
    const [sub, device_id] = name.split('/');
    return login.token({ sub, device_id, ...claims });
  };
  await Promise.all(Array.from({ length: count }, (_, node) => start(node)));

  return {
    origins,
    token,
    output,
    start,
    device: (name, route = origins.map((_, node) => node), options = {}) => {
      let connections = 0;
      const origin = (): string => origins[route[connections++ % route.length] ?? 0] ?? '';
      const device = new TestDevice({ origin, token: () => token(name), retrying: true, ...options });
      devices.push(device);
      return device;
    },
    ask: async <Result, Variables>(
      node: number,
      name: string,
      document: Document<Result, Variables>,
      variables?: Variables,
    ) => {
      const response = await fetch(`${origins[node]}/graphql`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${await token(name)}`,
          connection: 'close',
        },
        body: JSON.stringify({ query: document.text, variables }),
      });
      const { data, errors } = (await response.json()) as {
        data?: Result | null;
        errors?: readonly { extensions: { code: string } }[];
      };
      return { data, code: errors?.[0]?.extensions.code };
    },
    revoke: async (node, accountId, deviceId) => {
      const body = JSON.stringify({ accountId, deviceId });
      const seconds = Math.floor(Date.now() / 1_000);
      const headers = {
        'content-type': 'application/json',
        'webhook-id': 'msg_1',
        'webhook-timestamp': `${seconds}`,
        'webhook-signature': await webCryptoSignature(adminSecret, 'msg_1', seconds, body),
      };
      return (await fetch(`${origins[node]}/admin/revocations`, { method: 'POST', headers, body })).status;
    },
    events: (name) =>
      output()
        .split('\n')
        .filter((line) => line.includes(`"event":"${name}"`))
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    kill: (node) => end(node, ({ pid }) => process.kill(pid, 'SIGKILL')),
    stop: (node) => end(node, (server) => server.stop()),
    close: async () => {
      await Promise.all(devices.map((device) => device.close()));
      const exits = await Promise.all([...running.values()].map((server) => server.stop()));
      rmSync(folder, { recursive: true });
      const bad = exits.filter(({ code }) => code !== 0);
      if (bad.length > 0) throw new Error(`nodes ended with ${JSON.stringify(bad)}`);
    },
  };
}
