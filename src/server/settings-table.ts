import type { z } from 'zod';
import {
  addressRanges,
  deadline,
  gatewaySecret,
  host,
  httpUrl,
  key,
  namedKeys,
  onOff,
  oneOf,
  origins,
  path,
  redisUrl,
  webhookSecret,
  wholeNumber,
  word,
} from './settings-parse.js';

/** One environment variable. */
interface SettingRow {
  readonly parse: z.ZodType<unknown, string>;
  /** What holds when the variable is not set; `null`: nothing. A function where it depends on NODE_ENV. */
  readonly value: unknown;
  /** The default in the words of the documentation, where the value does not say it. */
  readonly shown?: string;
  readonly meaning: string;
  /** The value names a file that must be readable at start. */
  readonly file?: true;
  /** The value may come from a file instead, which NAME_FILE names: environments can be read by too many. */
  readonly secret?: true;
}

/** Every setting of the standalone server. Defaults are written here and nowhere else. */
export const SETTINGS = {
  HOST: { parse: host, value: '127.0.0.1', meaning: 'where HTTP and WebSocket (path /graphql) listen' },
  PORT: { parse: wholeNumber(0, 65_535), value: 4000, meaning: 'the port; 0 picks a free one, which is printed' },
  NODE_ENV: {
    parse: oneOf('development', 'test', 'production'),
    value: 'development',
    meaning: '`production` refuses every development default; `test` is development',
  },
  AUTH_JWKS_URL: {
    parse: httpUrl,
    value: null,
    meaning: "the login service's keys (JWKS); no key source: development keys, tokens printed at start",
  },
  AUTH_PUBLIC_KEY_FILE: { parse: path, value: null, file: true, meaning: 'its public key (PEM) instead' },
  AUTH_ISSUER: { parse: word, value: null, meaning: 'issuer of the access tokens; required with a key source' },
  AUTH_AUDIENCE: { parse: word, value: null, meaning: 'their audience; required with a key source' },
  AUTH_ACCOUNT_CLAIM: { parse: word, value: 'sub', meaning: 'claim of the access token that names the account' },
  AUTH_DEVICE_CLAIM: { parse: word, value: 'device_id', meaning: 'claim of the access token that names the device' },
  AUTH_FRESH_TOKEN_SECONDS: {
    parse: wholeNumber(0, 86_400),
    value: 300,
    meaning:
      'while the device directory is down and nothing is kept, a token at most this old is believed for its device; 0: never',
  },
  AUTH_CLOCK_LEEWAY_SECONDS: {
    parse: wholeNumber(0, 600),
    value: 60,
    meaning: "how far the login service's clock may be ahead, for `iat` and `nbf`; `exp` has no leeway",
  },
  AUTH_TIMEOUT_MS: {
    parse: deadline,
    value: 3000,
    meaning: 'deadline of one request for the keys of the login service',
  },
  DEVICE_DIRECTORY_URL: {
    parse: httpUrl,
    value: null,
    meaning: "device-management's HTTP API; none: the token's device claim is believed",
  },
  DEVICE_DIRECTORY_TIMEOUT_MS: { parse: deadline, value: 3000, meaning: 'deadline of one request to it' },
  CALL_POLICY_URL: { parse: httpUrl, value: null, meaning: 'who may call whom; none: everyone' },
  CALL_POLICY_TIMEOUT_MS: { parse: deadline, value: 3000, meaning: 'deadline of one request to it' },
  RELAY_CONFIG_FILE: {
    parse: path,
    value: null,
    file: true,
    meaning: 'relay providers, URLs and experiments (JSON); none: development relay',
  },
  REDIS_URL: {
    parse: redisUrl,
    value: null,
    secret: true,
    meaning:
      '`redis://`, `redis+cluster://h1,h2` or `redis+sentinel://h1,h2/name`, with TLS `rediss…`; none: everything in this process',
  },
  REDIS_TLS_CA_FILE: {
    parse: path,
    value: null,
    file: true,
    meaning: "certificates (PEM) to check the servers of Redis with, in place of the system's",
  },
  REDIS_SENTINEL_USERNAME: {
    parse: word,
    value: null,
    meaning: "the Sentinels' own user; that of REDIS_URL is for the servers",
  },
  REDIS_SENTINEL_PASSWORD: { parse: word, value: null, secret: true, meaning: "the Sentinels' own password" },
  REDIS_WAIT_REPLICAS: {
    parse: wholeNumber(0, 100),
    value: 0,
    meaning: 'replicas that must have a signal before it is acknowledged',
  },
  ENCRYPTION_KEYS: {
    parse: namedKeys,
    value: null,
    secret: true,
    meaning:
      '`id:base64,id:base64` (32 bytes each); the first one encrypts, all decrypt; required with REDIS_URL; a new one comes as old,new - new,old - and two days later new',
  },
  NAME_KEY: {
    parse: key,
    value: null,
    secret: true,
    meaning:
      'base64, 32 bytes, for key names and pseudonyms; not rotated while calls live; required with REDIS_URL; none: drawn at start',
  },
  WEBHOOK_URL: { parse: httpUrl, value: null, meaning: 'wake-ups and events are posted here' },
  WEBHOOK_SECRET: {
    parse: webhookSecret,
    value: null,
    secret: true,
    meaning: 'signs them: 24 bytes or more in base64, `whsec_` may stand before it; required with WEBHOOK_URL',
  },
  ADMIN_SECRET: {
    parse: webhookSecret,
    value: null,
    secret: true,
    meaning: 'signs requests to /admin/revocations: as WEBHOOK_SECRET; none: the path does not exist',
  },
  CORS_ORIGINS: {
    parse: origins,
    value: (production: boolean): 'loopback' | readonly string[] => (production ? [] : 'loopback'),
    shown: 'none in production, any loopback origin in development',
    meaning: 'allowed origins, comma separated; also those of apps and extensions, such as `capacitor://localhost`',
  },
  INTROSPECTION: {
    parse: onOff,
    value: (production: boolean): boolean => !production,
    shown: 'on in development, off in production',
    meaning: 'introspection, "did you mean" and the playground',
  },
  TRUSTED_DOCUMENTS_FILE: {
    parse: path,
    value: null,
    file: true,
    meaning:
      'only these operations are run: a manifest of persisted queries, or a map from id to text (JSON); not behind a gateway',
  },
  GATEWAY_SECRET: {
    parse: gatewaySecret,
    value: null,
    secret: true,
    meaning: '/graphql answers only requests and sockets that carry it in `x-gateway-secret`: 24 characters or more',
  },
  TRUST_PROXY: {
    parse: addressRanges,
    value: null,
    meaning:
      'addresses of the proxies in front (`10.0.0.0/8,::1`): only their X-Forwarded-For and X-Forwarded-Host are believed',
  },
  COMPOSE_DIRECTIVES: {
    parse: onOff,
    value: true,
    shown: 'on',
    meaning: 'off: @auth and @rateLimit are not composed into the supergraph',
  },
  MAX_SOCKETS: {
    parse: wholeNumber(1, 1_000_000),
    value: 20_000,
    meaning: 'WebSockets per process',
  },
  METRICS_PORT: {
    parse: wholeNumber(0, 65_535),
    value: null,
    shown: 'on the public port in development, nowhere in production',
    meaning: 'a port of its own for /metrics; 0 picks a free one, which is logged',
  },
  OPAQUE_SDP: {
    parse: onOff,
    value: false,
    shown: 'off',
    meaning: 'on: bodies are end-to-end encrypted by the clients, the server checks size only',
  },
  LOG_LEVEL: {
    parse: oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
    value: 'info',
    meaning: 'the least level that is written: trace, debug, info, warn, error, fatal or silent',
  },
} as const satisfies Record<string, SettingRow>;

export type SettingName = keyof typeof SETTINGS;

/** The variable that names the file a secret is in. */
export const fileVariable = (name: SettingName): string => `${name}_FILE`;

type Defaulted<V> = V extends (...args: never[]) => infer R ? R : V extends null ? null : never;

/** The value of each setting, by the name of its variable. */
export type SettingValues = {
  readonly [N in SettingName]: z.output<(typeof SETTINGS)[N]['parse']> | Defaulted<(typeof SETTINGS)[N]['value']>;
};

/** One row of the table, as code that treats all alike sees it. */
export function settingRow(name: SettingName): SettingRow {
  return SETTINGS[name];
}

/** Every variable that is read: the settings, and for secrets those that name a file. */
export const VARIABLES: readonly string[] = (Object.keys(SETTINGS) as SettingName[]).flatMap((name) =>
  settingRow(name).secret ? [name, fileVariable(name)] : [name],
);

/** The settings as a Markdown table, for the documentation. */
export function renderSettingsTable(): string {
  const rows = Object.keys(SETTINGS).map((name) => ({ name, ...settingRow(name as SettingName) }));
  const lines = rows.map(({ name, secret, value, shown, meaning }) => {
    const names = secret ? `${name}, ${fileVariable(name as SettingName)}` : name;
    return `| ${names} | ${shown ?? value ?? '-'} | ${meaning} |`;
  });
  return ['| name | default | meaning |', '|---|---|---|', ...lines, ''].join('\n');
}
