import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Document } from '../../src/client/generated/documents.js';
import { TestDevice, type DeviceOptions } from './device.js';
import { startOneFileServer, type RunningProcess } from './process.js';
import { createTestLogin, type TestLogin } from './tokens.js';

/** The standalone server as a process, and devices of any account that speak to it as apps do. */
export interface CallWorld {
  readonly login: TestLogin;
  origin: string;
  server: RunningProcess;
  /** @param name account and device, for example `alice/phone` */
  device(name: string, options?: Partial<DeviceOptions>): TestDevice;
  /** Runs an operation over HTTP. @param name as for `device`; null: nobody */
  ask<Result, Variables = unknown>(
    name: string | null,
    document: string | Document<Result, Variables>,
    variables?: Variables,
  ): Promise<HttpAnswer<Result>>;
  /** What /metrics says. */
  metrics(): Promise<string>;
  /** Events in the log so far, oldest first. */
  events(): readonly Record<string, unknown>[];
  token(name: string, claims?: Record<string, unknown>): Promise<string>;
  /** Starts the server anew on the same port. */
  startAgain(): Promise<void>;
  close(): Promise<void>;
}

/** What came back for one request over HTTP, body and all. */
export interface HttpAnswer<Result> {
  readonly status: number;
  readonly text: string;
  readonly data: Result | null | undefined;
  readonly errors: readonly { message: string; extensions: Record<string, unknown> }[];
}

/** Relay credentials of a kind that need no network. */
const RELAY = {
  requestedTtlSeconds: 86_400,
  clientTtlSeconds: 43_200,
  rateLimit: { max: 1_000, windowSeconds: 600 },
  providers: [{ type: 'shared-secret', secret: 'of-the-test' }],
  relay: { urls: ['turn:127.0.0.1:3478?transport=udp'] },
};

export async function startCallWorld(
  env: Readonly<Record<string, string>> = {},
  relay: object = RELAY,
): Promise<CallWorld> {
  const login = await createTestLogin();
  const folder = mkdtempSync(join(tmpdir(), 'call-world-'));
  writeFileSync(join(folder, 'login.pem'), login.publicPem);
  writeFileSync(join(folder, 'relay.json'), JSON.stringify(relay));
  const settings = {
    AUTH_PUBLIC_KEY_FILE: join(folder, 'login.pem'),
    AUTH_ISSUER: login.issuer,
    AUTH_AUDIENCE: login.audience,
    RELAY_CONFIG_FILE: join(folder, 'relay.json'),
    ...env,
  };
  const devices: TestDevice[] = [];

  const start = async (port: string): Promise<[RunningProcess, string]> => {
    const server = startOneFileServer({ ...settings, PORT: port });
    const [, origin = ''] = await server.printed(/GraphQL +(http:\/\/[^/]+)\/graphql/);
    return [server, origin];
  };
  const [server, origin] = await start('0');

  const world: CallWorld = {
    login,
    server,
    origin,
    token: (name, claims = {}) => {
      const [sub, device_id] = name.split('/');
      return login.token({ sub, device_id, ...claims });
    },
    device: (name, options = {}) => {
      const device = new TestDevice({
        origin: world.origin,
        token: () => world.token(name),
        ...options,
      });
      devices.push(device);
      return device;
    },
    ask: async <Result, Variables>(
      name: string | null,
      document: string | Document<Result, Variables>,
      variables?: Variables,
    ) => {
      const response = await fetch(`${world.origin}/graphql`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/graphql-response+json',
          ...(name !== null && { authorization: `Bearer ${await world.token(name)}` }),
        },
        body: JSON.stringify({ query: typeof document === 'string' ? document : document.text, variables }),
      });
      const text = await response.text();
      const { data, errors = [] } = JSON.parse(text) as Partial<HttpAnswer<Result>>;
      return { status: response.status, text, data, errors };
    },
    metrics: async () => (await fetch(`${world.origin}/metrics`, { headers: { connection: 'close' } })).text(),
    events: () =>
      world.server
        .output()
        .split('\n')
        .filter((line) => line.startsWith('{') && line.includes('"event"'))
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    startAgain: async () => {
      await world.server.stop();
      [world.server] = await start(new URL(world.origin).port);
    },
    close: async () => {
      await Promise.all(devices.map((device) => device.close()));
      await world.server.stop();
      rmSync(folder, { recursive: true });
    },
  };
  return world;
}
