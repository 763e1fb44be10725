import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, ROOT, startProcess } from '../support/process.js';
import { createTestLogin } from '../support/tokens.js';

/** The programs that the example runs. */
export type Program = 'Hive Gateway' | 'Apollo Gateway' | 'Calls' | 'Accounts';

/** examples/supergraph, started by its own command, with a login of the test's. */
export interface GraphWorld {
  /** Where each program serves GraphQL, for example http://127.0.0.1:4100/graphql. */
  readonly urls: Readonly<Record<Program, string>>;
  /** What both gateways serve; Hive Gateway reads it again when it changes. */
  readonly supergraphFile: string;
  /** @param name account and device, for example `alice/phone`; @param claims others than usual */
  token(name: string, claims?: Record<string, unknown>): Promise<string>;
  /** Sends an operation over HTTP. @param name as for `token`; null: nobody */
  ask(url: string, name: string | null, query: string, variables?: unknown): Promise<Answer>;
  /** Ends a program at once, and resolves when the example has started it again. */
  kill(program: Program): Promise<void>;
  /** All that was printed. */
  output(): string;
  close(): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly data?: Record<string, unknown> | null;
  readonly errors?: readonly {
    readonly message: string;
    readonly path?: readonly (string | number)[];
    readonly extensions: Record<string, unknown>;
  }[];
}

/** The first run installs the packages. */
export const START_MS = 400_000;

export async function startGraphWorld(relayRequests = 1_000): Promise<GraphWorld> {
  const login = await createTestLogin();
  const folder = mkdtempSync(join(tmpdir(), 'graph-world-'));
  writeFileSync(join(folder, 'login.pem'), login.publicPem);
  const relay = {
    requestedTtlSeconds: 3_600,
    clientTtlSeconds: 1_800,
    rateLimit: { max: relayRequests, windowSeconds: 600 },
    providers: [{ type: 'shared-secret', secret: 'of-the-test' }],
    relay: { urls: ['turn:127.0.0.1:3478?transport=udp'] },
  };
  writeFileSync(join(folder, 'relay.json'), JSON.stringify(relay));
  const example = startProcess('npm', {
    args: ['start'],
    cwd: join(ROOT, 'examples/supergraph'),
    env: {
      ...{ HIVE_PORT: '0', APOLLO_PORT: '0', CALLS_PORT: '0', ACCOUNTS_PORT: '0' },
      AUTH_PUBLIC_KEY_FILE: join(folder, 'login.pem'),
      AUTH_ISSUER: login.issuer,
      AUTH_AUDIENCE: login.audience,
      RELAY_CONFIG_FILE: join(folder, 'relay.json'),
    },
  });
  const [, supergraphFile = ''] = await example.printed(/^Supergraph +(\S+)$/m, START_MS);
  const urlOf = (program: Program): string => new RegExp(`^${program} +(http\\S+)`, 'm').exec(example.output())![1]!;
  const pids = (program: Program): number[] =>
    [...example.output().matchAll(new RegExp(`^${program} is process (\\d+)$`, 'gm'))].map(([, pid]) => Number(pid));
  const urls = {
    'Hive Gateway': urlOf('Hive Gateway'),
    'Apollo Gateway': urlOf('Apollo Gateway'),
    Calls: urlOf('Calls'),
    Accounts: urlOf('Accounts'),
  };

  const token: GraphWorld['token'] = (name, claims = {}) => {
    const [sub, device_id] = name.split('/');
    return login.token({ sub, device_id, ...claims });
  };
  return {
    urls,
    supergraphFile,
    token,
    ask: async (url, name, query, variables) => {
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(name !== null && { authorization: `Bearer ${await token(name)}` }),
        },
        body: JSON.stringify({ query, variables }),
      });
      const { status, headers } = response;
      return { status, retryAfter: headers.get('retry-after'), ...((await response.json()) as object) };
    },
    kill: async (program) => {
      const before = pids(program);
      process.kill(before.at(-1)!, 'SIGKILL');
      await eventually(() => pids(program).length > before.length);
      await eventually(() => fetch(urls[program]).then(Boolean, () => false), 60_000);
    },
    output: () => example.output(),
    close: async () => {
      await example.stop(20_000);
      rmSync(folder, { recursive: true });
    },
  };
}
