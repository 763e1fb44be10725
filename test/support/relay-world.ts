import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CallRelayDocument } from '../../src/client/generated/documents.js';
import type { CallRelayQuery } from '../../src/client/generated/types.js';
import { startFakeDns, type FakeDns } from './fake-dns.js';
import { startFakeProvider, type FakeProvider } from './fake-provider.js';
import { startOneFileServer, type RunningProcess } from './process.js';
import { createTestLogin, type TestLogin } from './tokens.js';

/** What came back for one request, body and all. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly data: CallRelayQuery | undefined;
  readonly errors: readonly { message: string; path?: string[]; extensions: Record<string, unknown> }[];
}

export interface Ask {
  /** Null: without an Authorization header. */
  readonly token?: string | null;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The standalone server as a process, with a login, a provider and a name server around it, all real. */
export interface RelayWorld {
  readonly origin: string;
  readonly server: RunningProcess;
  readonly provider: FakeProvider;
  readonly dns: FakeDns;
  readonly login: TestLogin;
  readonly configFile: string;
  /** Asks for credentials; as `account-1` on `device-1` unless told otherwise. */
  ask(ask?: Ask): Promise<Answer>;
  get(path: string): Promise<Response>;
  /** Events in the log so far, oldest first. */
  events(): readonly Record<string, unknown>[];
  /** The value of one series of /metrics; 0 when it does not exist. */
  metric(series: string): Promise<number>;
  writeConfig(config: unknown): void;
  close(): Promise<void>;
}

export const HOSTNAME = 'turn.example.com';

/** A configuration with one provider, answered from `provider`, names answered from `dns`. */
export function relayConfig(provider: FakeProvider, dns: FakeDns, changes: Record<string, unknown> = {}) {
  return {
    requestedTtlSeconds: 86_400,
    clientTtlSeconds: 43_200,
    rateLimit: { max: 20, windowSeconds: 600 },
    providers: [{ type: 'cloudflare', endpoint: provider.url, token: 'api-token-of-the-test' }],
    relay: {
      urls: [`turn:${HOSTNAME}:3478?transport=udp`, `turns:${HOSTNAME}:443?transport=tcp`],
      urlsWithIps: ['turn:{ip}:3478?transport=udp', 'turns:{ip}:443?transport=tcp'],
      hostname: HOSTNAME,
    },
    dns: { servers: [dns.address] },
    ...changes,
  };
}

export interface RelayWorldOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** What stands in the configuration file; one provider and its relay when left out. */
  readonly config?: (provider: FakeProvider, dns: FakeDns) => unknown;
}

export async function startRelayWorld({ env = {}, config = relayConfig }: RelayWorldOptions = {}): Promise<RelayWorld> {
  const [provider, dns, login] = await Promise.all([startFakeProvider(), startFakeDns(), createTestLogin()]);
  dns.setZone({
    [HOSTNAME]: {
      A: { addresses: ['8.8.4.4'], ttlSeconds: 0 },
      AAAA: { addresses: ['2001:4860:4860::8844'], ttlSeconds: 0 },
    },
  });
  const folder = mkdtempSync(join(tmpdir(), 'relay-world-'));
  const [keyFile, configFile] = [join(folder, 'login.pem'), join(folder, 'relay.json')];
  const writeConfig = (content: unknown): void => writeFileSync(configFile, JSON.stringify(content));
  writeFileSync(keyFile, login.publicPem);
  writeConfig(config(provider, dns));

  const server = startOneFileServer({
    AUTH_PUBLIC_KEY_FILE: keyFile,
    AUTH_ISSUER: login.issuer,
    AUTH_AUDIENCE: login.audience,
    RELAY_CONFIG_FILE: configFile,
    ...env,
  });
  const [, origin = ''] = await server.printed(/GraphQL +(http:\/\/[^/]+)\/graphql/);

  const ask = async ({ token, body = { query: CallRelayDocument.text }, headers = {} }: Ask = {}) => {
    const bearer = token === undefined ? await login.token() : token;
    const response = await fetch(`${origin}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/graphql-response+json',
        ...(bearer !== null && { authorization: `Bearer ${bearer}` }),
        ...headers,
      },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    const text = await response.text();
    const { data, errors = [] } = JSON.parse(text) as Pick<Answer, 'data'> & { errors?: Answer['errors'] };
    return { status: response.status, headers: response.headers, text, data, errors };
  };

  return {
    origin,
    server,
    provider,
    dns,
    login,
    configFile,
    ask,
    get: (path) => fetch(`${origin}${path}`),
    events: () =>
      server
        .output()
        .split('\n')
        .filter((line) => line.startsWith('{') && line.includes('"event"'))
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    metric: async (series) => {
      const text = await (await fetch(`${origin}/metrics`)).text();
      const line = text.split('\n').find((each) => each.startsWith(`${series} `));
      return Number(line?.slice(series.length + 1) ?? 0);
    },
    writeConfig,
    close: async () => {
      await server.stop();
      await Promise.all([provider.close(), dns.close()]);
      rmSync(folder, { recursive: true });
    },
  };
}

/** A world for one test, taken down whatever happens in it. */
export async function withRelayWorld(
  options: RelayWorldOptions,
  test: (world: RelayWorld) => Promise<void>,
): Promise<void> {
  const world = await startRelayWorld(options);
  try {
    await test(world);
  } finally {
    await world.close();
  }
}
