import { randomBytes } from 'node:crypto';
import type { Browser, BrowserContext } from 'playwright-core';
import { freePort, startTurnServer, type TurnServer } from '../../src/server/development-turn.js';
import { startBrowser } from '../support/browser.js';
import { startCallWorld, type CallWorld } from '../support/call-world.js';
import { encryptionKey } from '../support/nodes.js';
import { startRedis } from '../support/redis.js';
import { BrowserPhone } from './phone.js';
import { startSite } from './site.js';

const SECRET = 'a-secret-that-the-relay-shares';
const ADDRESSES = ['127.0.0.1', '::1'];

export interface BrowserWorldOptions {
  /** For how long the relay takes credentials. */
  readonly requestedTtlSeconds?: number;
  /** For how long clients are told that it does. */
  readonly clientTtlSeconds?: number;
  /** Whether calls are kept in a Redis, and so live longer than the server. */
  readonly keepsCalls?: boolean;
}

export interface PhoneOptions {
  readonly carrier?: 'callSocket' | 'graphql-ws' | 'Apollo Client';
  /** How it reaches the relay, and is reached there. */
  readonly family?: 'IPv4' | 'IPv6';
  /** Where it reaches the service; the server itself when it is left out. */
  readonly origin?: string;
  /** Whether its page keeps what it needs after a reload. */
  readonly keeps?: boolean;
}

/** A server as a process, a TURN server, and phones that are pages of a browser, each with a context of its own. */
export interface BrowserWorld {
  readonly server: CallWorld;
  /** Names of accounts that nobody had before. */
  accounts(): readonly [string, string];
  /** @param name account and device, for example `alice/phone`. Resolves when it is online. */
  phone(name: string, options?: PhoneOptions): Promise<BrowserPhone>;
  /** Ends the server without a chance to tidy up. */
  killServer(): Promise<void>;
  /** Ends the TURN server, which forgets whom it relayed for. */
  stopRelay(): Promise<void>;
  startRelay(): Promise<void>;
  /** Nothing comes through the relay, and it forgets nothing. */
  suspendRelay(): void;
  resumeRelay(): void;
  /** Closes what the phones were opened in; the rest stays for the next test. */
  closePhones(): Promise<void>;
  close(): Promise<void>;
}

export async function startBrowserWorld(options: BrowserWorldOptions = {}): Promise<BrowserWorld> {
  const { requestedTtlSeconds = 3_600, clientTtlSeconds = 1_800, keepsCalls = false } = options;
  const port = await freePort(ADDRESSES);
  let relay: TurnServer | null = null;
  const startRelay = async (): Promise<void> => {
    relay = await startTurnServer({
      program: 'turnserver',
      secret: SECRET,
      port,
      addresses: ADDRESSES,
      onExit: () => {},
    });
  };
  const signalRelay = (signal: NodeJS.Signals): void => {
    if (relay) process.kill(relay.pid, signal);
  };
  const redis = keepsCalls ? await startRedis() : null;
  const [browser, site] = await Promise.all([startBrowser(), startSite(), startRelay()]);
  const server = await startCallWorld(
    redis
      ? { REDIS_URL: redis.url, ENCRYPTION_KEYS: encryptionKey('k1'), NAME_KEY: randomBytes(32).toString('base64') }
      : {},
    {
      requestedTtlSeconds,
      clientTtlSeconds,
      rateLimit: { max: 1_000, windowSeconds: 600 },
      providers: [{ type: 'shared-secret', secret: SECRET }],
      relay: { urls: [`turn:127.0.0.1:${port}?transport=udp`, `turn:[::1]:${port}?transport=udp`] },
    },
  );
  const contexts = new Set<BrowserContext>();
  const closePhones = async (): Promise<void> => {
    await Promise.all([...contexts].map((context) => context.close()));
    contexts.clear();
  };
  let people = 0;
  return {
    server,
    accounts: () => {
      people += 1;
      return [`alice-${people}`, `bob-${people}`];
    },
    phone: async (name, { carrier = 'graphql-ws', family = 'IPv4', origin = server.origin, keeps = false } = {}) => {
      const context = await newContext(browser, () => server.token(name));
      contexts.add(context);
      const settings = new URLSearchParams({ origin, carrier, family, ...(keeps && { keeps: 'yes' }) });
      return BrowserPhone.open(await context.newPage(), `${site.origin}/?${settings}`);
    },
    killServer: async () => {
      process.kill(server.server.pid, 'SIGKILL');
      await server.server.ended;
    },
    stopRelay: async () => relay?.stop(),
    startRelay,
    suspendRelay: () => signalRelay('SIGSTOP'),
    resumeRelay: () => signalRelay('SIGCONT'),
    closePhones,
    close: async () => {
      await closePhones();
      await Promise.all([browser.close(), site.close(), server.close(), relay?.stop()]);
      await redis?.stop();
    },
  };
}

async function newContext(browser: Browser, accessToken: () => Promise<string>): Promise<BrowserContext> {
  const context = await browser.newContext();
  await context.exposeFunction('accessToken', accessToken);
  return context;
}
