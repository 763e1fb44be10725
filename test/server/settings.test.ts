import { afterAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { misspelledSetting } from '../../src/server/settings-names.js';
import { key, namedKeys, redisUrl } from '../../src/server/settings-parse.js';
import { brokenRules } from '../../src/server/settings-rules.js';
import { renderSettingsTable, SETTINGS, VARIABLES, type SettingName } from '../../src/server/settings-table.js';
import { parseSettings, SettingsError, type Environment } from '../../src/server/settings.js';

const directory = mkdtempSync(join(tmpdir(), 'settings-'));
const file = join(directory, 'file');
writeFileSync(file, 'x');
afterAll(() => rmSync(directory, { recursive: true }));

const KEY = Buffer.alloc(32, 7).toString('base64');
const GATEWAY = 'of-the-gateway-24-letters';

function problemsOf(environment: Environment): readonly string[] {
  try {
    parseSettings(environment);
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
  return [];
}

const names = Object.keys(SETTINGS) as SettingName[];

describe('the settings together', () => {
  it('have the documented defaults when nothing is set, and cannot be changed', () => {
    const settings = parseSettings({});
    expect(settings).toEqual({
      host: '127.0.0.1',
      port: 4000,
      nodeEnv: 'development',
      authJwksUrl: null,
      authPublicKeyFile: null,
      authIssuer: null,
      authAudience: null,
      authAccountClaim: 'sub',
      authDeviceClaim: 'device_id',
      authFreshTokenSeconds: 300,
      authClockLeewaySeconds: 60,
      authTimeoutMs: 3_000,
      deviceDirectoryUrl: null,
      deviceDirectoryTimeoutMs: 3_000,
      callPolicyUrl: null,
      callPolicyTimeoutMs: 3_000,
      relayConfigFile: null,
      redisUrl: null,
      redisTlsCaFile: null,
      redisSentinelUsername: null,
      redisSentinelPassword: null,
      redisWaitReplicas: 0,
      encryptionKeys: null,
      nameKey: null,
      webhookUrl: null,
      webhookSecret: null,
      adminSecret: null,
      corsOrigins: 'loopback',
      introspection: true,
      trustedDocumentsFile: null,
      gatewaySecret: null,
      trustProxy: null,
      composeDirectives: true,
      maxSockets: 20_000,
      metricsPort: null,
      opaqueSdp: false,
      logLevel: 'info',
    });
    expect(Object.isFrozen(settings)).toBe(true);
  });

  it('take an empty value for none', () => {
    expect(parseSettings({ PORT: '', AUTH_JWKS_URL: '', REDIS_URL: '' })).toEqual(parseSettings({}));
  });

  it('are refused with all that is wrong at once', () => {
    const problems = problemsOf({
      PORT: 'http',
      LOG_LEVEL: 'loud',
      AUTH_JWKS_URL: 'http://login',
      AUTH_PUBLIC_KEY_FILE: file,
      TRUSTED_DOCUMENTS_FILE: file,
      GATEWAY_SECRET: 'of-the-gateway-24-letters',
      INTROSPECTON: 'on',
    });
    expect(problems).toEqual([
      'PORT must be a whole number from 0 to 65535',
      'LOG_LEVEL must be one of trace, debug, info, warn, error, fatal, silent',
      'AUTH_JWKS_URL and AUTH_PUBLIC_KEY_FILE cannot both be set',
      'AUTH_ISSUER is required with AUTH_JWKS_URL or AUTH_PUBLIC_KEY_FILE',
      'AUTH_AUDIENCE is required with AUTH_JWKS_URL or AUTH_PUBLIC_KEY_FILE',
      'TRUSTED_DOCUMENTS_FILE and GATEWAY_SECRET cannot both be set: the operations of a gateway are its own',
      'INTROSPECTON is not a setting; did you mean INTROSPECTION?',
    ]);
    expect(new SettingsError(problems).message).toContain(problems.join('\n  '));
  });

  it('want a port for metrics that is another one', () => {
    expect(brokenRules({ PORT: 5_555, METRICS_PORT: 5_555 })).toEqual(['METRICS_PORT and PORT must differ']);
    expect(brokenRules({ PORT: 0, METRICS_PORT: 0 })).toEqual([]);
  });

  it('never repeat a secret that is no good', () => {
    const secret = 'not base64 and not 32 bytes';
    expect(problemsOf({ NAME_KEY: secret, GATEWAY_SECRET: secret }).join()).not.toContain(secret);
  });

  it('say why a file cannot be read', () => {
    expect(problemsOf({ RELAY_CONFIG_FILE: join(directory, 'missing') })).toEqual([
      'RELAY_CONFIG_FILE names a file that cannot be read (ENOENT)',
    ]);
    expect(problemsOf({ RELAY_CONFIG_FILE: directory })).toEqual(['RELAY_CONFIG_FILE does not name a file']);
  });

  it('need the keys and the secret that go with Redis and with webhooks', () => {
    const values = { NODE_ENV: 'development', ENCRYPTION_KEYS: null, NAME_KEY: null, WEBHOOK_SECRET: null } as const;
    expect(brokenRules({ ...values, REDIS_URL: 'redis://localhost' })).toEqual([
      'ENCRYPTION_KEYS is required with REDIS_URL',
      'NAME_KEY is required with REDIS_URL',
    ]);
    expect(brokenRules({ ...values, WEBHOOK_URL: 'https://hooks' })).toEqual([
      'WEBHOOK_SECRET is required with WEBHOOK_URL',
    ]);
    expect(
      brokenRules({
        REDIS_URL: null,
        REDIS_TLS_CA_FILE: file,
        REDIS_SENTINEL_USERNAME: 'a',
        REDIS_SENTINEL_PASSWORD: null,
      }),
    ).toEqual([
      'REDIS_URL is required with REDIS_TLS_CA_FILE',
      'REDIS_SENTINEL_PASSWORD is required with REDIS_SENTINEL_USERNAME',
    ]);
    expect(brokenRules({ REDIS_URL: null, REDIS_WAIT_REPLICAS: 1 })).toEqual(['REDIS_WAIT_REPLICAS needs REDIS_URL']);
    expect(brokenRules({ REDIS_URL: null, REDIS_WAIT_REPLICAS: 0 })).toEqual([]);
    expect(brokenRules({ REDIS_URL: null, REDIS_SENTINEL_PASSWORD: 'b' })).toEqual([
      'REDIS_URL is required with REDIS_SENTINEL_PASSWORD',
    ]);
    expect(
      brokenRules({
        REDIS_URL: redisUrl.parse('redis://localhost'),
        ENCRYPTION_KEYS: namedKeys.parse(`a:${KEY}`),
        NAME_KEY: key.parse(KEY),
      }),
    ).toEqual([]);
  });
});

describe('a secret', () => {
  const secrets = names.filter((name) => 'secret' in SETTINGS[name]);
  const inFile = (content: string): string => {
    const path = join(directory, `secret-${content.length}`);
    writeFileSync(path, content);
    return path;
  };

  it('is each setting that holds a key, a password or a shared word', () => {
    expect(secrets).toEqual(names.filter((name) => /SECRET|PASSWORD|KEYS?$|REDIS_URL/.test(name)));
    expect(secrets.length).toBeGreaterThan(6);
  });

  it.each(secrets)('%s may come from a file, and not from two places', (name) => {
    const secret = 'not what any of them wants: äöü';
    const variable = `${name}_FILE`;
    const [problem = '', ...others] = problemsOf({ [variable]: inFile(secret) });
    expect([problem, others]).toEqual([expect.stringMatching(`^${variable} must hold `), []]);
    expect(problem).not.toContain(secret);
    expect(problemsOf({ [variable]: join(directory, 'missing') })).toEqual([
      `${variable} names a file that cannot be read (ENOENT)`,
    ]);
    expect(problemsOf({ [variable]: file, [name]: 'x' })).toEqual([`${name} and ${variable} cannot both be set`]);
  });

  it('in a file is the same as in the environment, and the line break at its end belongs to the file', () => {
    expect(parseSettings({ NAME_KEY_FILE: inFile(`${KEY}\n`) })).toEqual(parseSettings({ NAME_KEY: KEY }));
    expect(parseSettings({ GATEWAY_SECRET_FILE: inFile(`${GATEWAY}\r\n`) })).toMatchObject({ gatewaySecret: GATEWAY });
    expect(problemsOf({ GATEWAY_SECRET_FILE: inFile(`${GATEWAY}\n\n\n`) })).toHaveLength(1);
  });

  it('in a file is looked for under a misspelled name too', () => {
    expect(problemsOf({ NAME_KEYS_FILE: file })).toEqual([
      'NAME_KEYS_FILE is not a setting; did you mean NAME_KEY_FILE?',
    ]);
  });
});

describe('production', () => {
  const PRODUCTION = {
    NODE_ENV: 'production',
    AUTH_JWKS_URL: 'https://login/jwks',
    AUTH_ISSUER: 'https://login',
    AUTH_AUDIENCE: 'calls',
    RELAY_CONFIG_FILE: file,
  };

  it('starts with keys and a relay of its own, no origin allowed and introspection off', () => {
    expect(parseSettings(PRODUCTION)).toMatchObject({ nodeEnv: 'production', corsOrigins: [], introspection: false });
    expect(parseSettings({ ...PRODUCTION, INTROSPECTION: 'on' })).toMatchObject({ introspection: true });
  });

  it('refuses each development default', () => {
    expect(problemsOf({ NODE_ENV: 'production' })).toEqual([
      'AUTH_JWKS_URL or AUTH_PUBLIC_KEY_FILE is required in production',
      'RELAY_CONFIG_FILE is required in production',
    ]);
  });

  it('refuses plain http to the services around it', () => {
    expect(
      problemsOf({ ...PRODUCTION, AUTH_JWKS_URL: 'http://login/jwks', DEVICE_DIRECTORY_URL: 'HTTP://devices' }),
    ).toEqual([
      'AUTH_JWKS_URL must be an https URL in production',
      'DEVICE_DIRECTORY_URL must be an https URL in production',
    ]);
  });
});

describe('a name that is no setting', () => {
  it.each([
    ['AUTH_JWK_URL', 'AUTH_JWKS_URL'],
    ['AUTH_AUDEINCE', 'AUTH_AUDIENCE'],
    ['LOGLEVEL', 'LOG_LEVEL'],
    ['log_level', 'LOG_LEVEL'],
    ['CORS_ORIGIN', 'CORS_ORIGINS'],
    ['REDIS_URI', 'REDIS_URL'],
    ['PROT', 'PORT'],
    ['NODE_EVN', 'NODE_ENV'],
    ['MAXSOCKETS', 'MAX_SOCKETS'],
    ['RELAY_CONFG_FILE', 'RELAY_CONFIG_FILE'],
  ])('%s is taken for a misspelling of %s', (name, setting) => {
    expect(problemsOf({ [name]: 'x' })).toEqual([`${name} is not a setting; did you mean ${setting}?`]);
    expect(problemsOf({ [name]: '' })).toEqual([]);
  });

  const cutOff = VARIABLES.flatMap((whole) =>
    [/_FILE$/, /_URL$/, /_URL_FILE$/].flatMap((end) => {
      const name = whole.replace(end, '');
      return name === whole || VARIABLES.includes(name) ? [] : [[name, whole] as const];
    }),
  );

  it('may be that of a setting without its end', () => {
    const named = [
      'AUTH_PUBLIC_KEY',
      'RELAY_CONFIG',
      'TRUSTED_DOCUMENTS',
      'REDIS_TLS_CA',
      'AUTH_JWKS',
      'DEVICE_DIRECTORY',
    ];
    expect(cutOff.map(([name]) => name)).toEqual(expect.arrayContaining(named));
    for (const [name] of cutOff) {
      const [problem = '', ...others] = problemsOf({ [name]: 'x' });
      const [, meant = ''] = /did you mean (\w+)\?$/.exec(problem) ?? [];
      expect([others, cutOff.some(([cut, whole]) => cut === name && whole === meant)]).toEqual([[], true]);
      expect(problemsOf({ [name]: '' })).toEqual([]);
    }
  });

  it('is left alone when it is one of another program', () => {
    const others =
      'PATH HOME HOSTNAME HOSTTYPE LOGNAME NODE_OPTIONS NODE_PATH NODE_EXE NODE_VERSION npm_config_cache npm_lifecycle_event ' +
      'npm_package_name PWD OLDPWD SHELL SHLVL TERM USER LANG LC_ALL TZ EDITOR DEBIAN_FRONTEND CI GITHUB_ACTIONS ' +
      'KUBERNETES_PORT KUBERNETES_SERVICE_HOST REDIS_PORT REDIS_SERVICE_HOST REDIS_PASSWORD DATABASE_URL HTTP_PROXY ' +
      'NO_PROXY HOSTALIASES MAIL POSTGRES_HOST NAME HOSTS COLUMNS INIT_CWD FULL';
    expect(others.split(' ').flatMap((name) => misspelledSetting(name, names) ?? [])).toEqual([]);
  });
});

describe('the documented table', () => {
  it('has one row for each setting, with its default', () => {
    const table = renderSettingsTable();
    expect(table.trim().split('\n')).toHaveLength(names.length + 2);
    expect(table).toContain('| PORT | 4000 |');
    expect(table).toContain('| INTROSPECTION | on in development, off in production |');
    expect(table).toContain('| COMPOSE_DIRECTIVES | on |');
    expect(table).toContain('| AUTH_JWKS_URL | - |');
    expect(table).toContain('| NAME_KEY, NAME_KEY_FILE | - |');
    expect(table).toContain('| TRUSTED_DOCUMENTS_FILE | - |');
  });
});
