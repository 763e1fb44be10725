import { afterAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SETTINGS, settingRow, type SettingName } from '../../src/server/settings-table.js';
import { parseSettings, SettingsError, type Environment } from '../../src/server/settings.js';

const directory = mkdtempSync(join(tmpdir(), 'settings-'));
const file = join(directory, 'file');
writeFileSync(file, 'x');
afterAll(() => rmSync(directory, { recursive: true }));

const KEY = Buffer.alloc(32, 7).toString('base64');
const OTHER_KEY = Buffer.alloc(32, 8).toString('base64');

function problemsOf(environment: Environment): readonly string[] {
  try {
    parseSettings(environment);
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
  return [];
}

const DEADLINE = {
  good: [
    ['100', 100],
    ['3000', 3_000],
  ] as [string, number][],
  bad: ['0', '99', '30001', '3s'],
};

/** For every setting, texts that are good with what they become, and texts that are no good. */
const SIGNING_SECRET = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;

const CASES: Record<SettingName, { good: readonly [string, unknown][]; bad: readonly string[] }> = {
  HOST: {
    good: [
      ['0.0.0.0', '0.0.0.0'],
      ['::1', '::1'],
      ['::', '::'],
      ['calls.internal', 'calls.internal'],
    ],
    bad: ['[::1]', 'a b', 'http://x', '/x'],
  },
  PORT: {
    good: [
      ['0', 0],
      ['65535', 65_535],
    ],
    bad: ['65536', '-1', '1.5', 'x', '0x10', ' 1'],
  },
  NODE_ENV: {
    good: [
      ['development', 'development'],
      ['test', 'test'],
    ],
    bad: ['staging', 'Production'],
  },
  AUTH_JWKS_URL: {
    good: [
      ['http://login/jwks', 'http://login/jwks'],
      ['https://login/jwks?x=1', 'https://login/jwks?x=1'],
    ],
    bad: ['login/jwks', 'ftp://login', 'https://user:password@login', 'https://login/#x'],
  },
  AUTH_PUBLIC_KEY_FILE: { good: [[file, file]], bad: [join(directory, 'missing'), directory] },
  AUTH_ISSUER: { good: [['https://login', 'https://login']], bad: ['a b', 'ä'] },
  AUTH_AUDIENCE: { good: [['calls', 'calls']], bad: ['a b', '\n'] },
  AUTH_ACCOUNT_CLAIM: { good: [['account', 'account']], bad: ['a b'] },
  AUTH_DEVICE_CLAIM: { good: [['https://claims/device', 'https://claims/device']], bad: ['a b'] },
  AUTH_FRESH_TOKEN_SECONDS: {
    good: [
      ['0', 0],
      ['300', 300],
    ],
    bad: ['-1', '1.5', 'five', '99999999999'],
  },
  AUTH_CLOCK_LEEWAY_SECONDS: {
    good: [
      ['0', 0],
      ['60', 60],
    ],
    bad: ['-1', '601', '1m'],
  },
  AUTH_TIMEOUT_MS: DEADLINE,
  DEVICE_DIRECTORY_TIMEOUT_MS: DEADLINE,
  CALL_POLICY_TIMEOUT_MS: DEADLINE,
  DEVICE_DIRECTORY_URL: { good: [['http://devices', 'http://devices']], bad: ['devices', 'ws://devices'] },
  CALL_POLICY_URL: { good: [['https://policy', 'https://policy']], bad: ['policy'] },
  RELAY_CONFIG_FILE: { good: [[file, file]], bad: [join(directory, 'missing')] },
  REDIS_URL: {
    good: [
      'redis://localhost',
      'redis://user:password@localhost:6379/1',
      'rediss://redis.internal:6380',
      'redis+cluster://h1,h2:7000',
      'redis+cluster://user:password@h1,h2',
      'redis+sentinel://h1:26379,h2/main',
    ].map((url) => [url, url]),
    bad: [
      'localhost',
      'http://localhost',
      'redis:///0',
      'redis+cluster:///0',
      'redis+sentinel://one,two',
      'redis+sentinel:///main',
    ],
  },
  REDIS_TLS_CA_FILE: { good: [[file, file]], bad: [join(directory, 'missing'), directory] },
  REDIS_SENTINEL_USERNAME: { good: [['sentinel', 'sentinel']], bad: ['a b'] },
  REDIS_SENTINEL_PASSWORD: { good: [['pass:word@1', 'pass:word@1']], bad: ['a b', 'é'] },
  REDIS_WAIT_REPLICAS: {
    good: [
      ['0', 0],
      ['2', 2],
    ],
    bad: ['-1', 'all'],
  },
  ENCRYPTION_KEYS: {
    good: [
      [
        `b:${OTHER_KEY},a:${KEY}`,
        [
          { id: 'b', key: Buffer.alloc(32, 8) },
          { id: 'a', key: Buffer.alloc(32, 7) },
        ],
      ],
    ],
    bad: [KEY, `a:${KEY},a:${OTHER_KEY}`, `a:${KEY.slice(4)}`, `a:${KEY},`, `:${KEY}`],
  },
  NAME_KEY: { good: [[KEY, Buffer.alloc(32, 7)]], bad: ['short', KEY.slice(4), `${KEY}=`, 'x'.repeat(64)] },
  WEBHOOK_URL: { good: [['https://hooks', 'https://hooks']], bad: ['hooks'] },
  WEBHOOK_SECRET: {
    good: [[SIGNING_SECRET, SIGNING_SECRET]],
    bad: ['a b', 'whsec_x', 'a-passphrase-that-is-long-enough'],
  },
  ADMIN_SECRET: {
    good: [[SIGNING_SECRET, SIGNING_SECRET]],
    bad: ['a b', 'whsec_x', 'a-passphrase-that-is-long-enough'],
  },
  CORS_ORIGINS: {
    good: [
      ['https://a.example, http://localhost:3000', ['https://a.example', 'http://localhost:3000']],
      ['https://a.example', ['https://a.example']],
      ...[
        'capacitor://localhost',
        'ionic://localhost',
        'tauri://localhost',
        'app://obsidian.md',
        'app://-',
        'chrome-extension://aapbdbdomjkkjkaonfhkkikfgjllcleb',
        'moz-extension://0a1b2c3d-0000-4000-8000-0123456789ab',
        'safari-web-extension://0A1B2C3D-0000-4000-8000-0123456789AB',
      ].map((origin): [string, string[]] => [origin, [origin]]),
    ],
    bad: [
      '*',
      'https://*.example.com',
      'https://a.example,https://*.example.com:8443',
      'tauri://',
      'capacitor://localhost/',
      'capacitor:localhost',
      'file:///index.html',
      'ws://a.example',
      'HTTPS://a.example',
      'a.example',
      'https://a.example/',
      'https://A.example',
      'https://a.example,',
      'null',
      'https://a.example:443',
    ],
  },
  INTROSPECTION: {
    good: [
      ['on', true],
      ['off', false],
    ],
    bad: ['true', 'ON', '1'],
  },
  TRUSTED_DOCUMENTS_FILE: { good: [[file, file]], bad: [join(directory, 'missing')] },
  GATEWAY_SECRET: {
    good: ['of-the-gateway-24-letters', 'x'.repeat(24), '~'.repeat(512)].map((secret) => [secret, secret]),
    bad: ['x', 'x'.repeat(23), 'x'.repeat(513), `a b${'x'.repeat(24)}`, `a\r\nb${'x'.repeat(24)}`, 'é'.repeat(24)],
  },
  TRUST_PROXY: {
    good: [
      ['10.0.0.0/8', ['10.0.0.0/8']],
      ['127.0.0.1, ::1,fd00::/8', ['127.0.0.1', '::1', 'fd00::/8']],
    ],
    bad: [
      'loopback',
      '10.0.0.0/33',
      '::/129',
      '172.16.0.0/12,',
      '10.0.0/8',
      '10.0.0.0/8/8',
      '10.0.0.0/ 8',
      'fe80::1%eth0',
    ],
  },
  METRICS_PORT: {
    good: [
      ['0', 0],
      ['9090', 9090],
    ],
    bad: ['65536', 'on'],
  },
  COMPOSE_DIRECTIVES: {
    good: [
      ['on', true],
      ['off', false],
    ],
    bad: ['no'],
  },
  MAX_SOCKETS: {
    good: [
      ['1', 1],
      ['20000', 20_000],
    ],
    bad: ['0', 'many'],
  },
  OPAQUE_SDP: {
    good: [
      ['on', true],
      ['off', false],
    ],
    bad: ['yes'],
  },
  LOG_LEVEL: {
    good: [
      ['debug', 'debug'],
      ['silent', 'silent'],
    ],
    bad: ['verbose', 'INFO'],
  },
};

const names = Object.keys(SETTINGS) as SettingName[];

describe('each setting', () => {
  it.each(names)('%s is read as what it means, and refused when it makes no sense', (name) => {
    const { good, bad } = CASES[name];
    const row = settingRow(name);
    for (const [text, value] of row.file ? [] : good) expect(row.parse.parse(text)).toEqual(value);
    for (const text of row.file ? [] : bad) expect([text, row.parse.safeParse(text).success]).toEqual([text, false]);
  });

  it.each(names)('%s is named once among the problems when its value is no good, which is not repeated', (name) => {
    for (const text of CASES[name].bad) {
      const problems = problemsOf({ [name]: text }).filter((problem) => problem.startsWith(`${name} `));
      expect([text, problems.length]).toEqual([text, 1]);
      if (text.length > 3) expect(problems.join()).not.toContain(text);
    }
  });
});
