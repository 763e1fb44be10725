import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { parseRelayConfig } from '../src/providers/config.js';
import { createProxies } from '../src/server/proxies.js';
import { VARIABLES } from '../src/server/settings-table.js';
import { parseSettings } from '../src/server/settings.js';
import { composition, DEPLOY, makeSecrets, readDeploy, type Secrets } from './support/composition.js';
import { ROOT } from './support/process.js';

describe('the container', () => {
  const lines = readDeploy('Dockerfile').split('\n');
  const stages = lines.filter((line) => line.startsWith('FROM '));

  it('is built from files that exist', () => {
    const copied = lines.filter((line) => line.startsWith('COPY ') && !line.includes('--from='));
    const sources = copied.flatMap((line) => line.split(' ').slice(1, -1));
    expect(sources).toContain('src');
    expect(sources.filter((source) => !existsSync(join(ROOT, source.replace('*', ''))))).toEqual([]);
    const kept = readDeploy('Dockerfile.dockerignore').split('\n');
    expect(sources.map((source) => `!${source.replace('./', '')}`).filter((source) => !kept.includes(source))).toEqual(
      [],
    );
  });

  it('has what the build reads, but for the page that only development serves', () => {
    const [, inputs = ''] =
      /^const INPUTS = \[(.*)\];$/m.exec(readFileSync(join(ROOT, 'setup/build.mjs'), 'utf8')) ?? [];
    const names = [...inputs.matchAll(/'([^']+)'/g)].map(([, name]) => String(name));
    expect(names).toContain('src');
    const copied = lines.filter((line) => line.startsWith('COPY ')).flatMap((line) => line.split(' ').slice(1));
    expect(names.filter((name) => !copied.includes(name.replace(/^tsconfig\S*/, 'tsconfig*.json')))).toEqual([]);
  });

  it('sets what the server knows, on Node.js 22 or newer, as a user that is a number and not root', () => {
    const [environment = ''] = lines.filter((line) => line.startsWith('ENV '));
    const names = environment
      .split(' ')
      .slice(1)
      .map((pair) => pair.split('=')[0]);
    expect(names.filter((name) => !VARIABLES.includes(String(name)))).toEqual([]);
    expect(lines.filter((line) => /^USER [1-9]\d*:[1-9]\d*$/.test(line))).toHaveLength(1);
    expect(stages).toHaveLength(2);
    for (const stage of stages) expect(Number(/^FROM node:(\d+)-/.exec(stage)?.[1])).toBeGreaterThanOrEqual(22);
  });
});

describe('the composition', () => {
  const compose = composition();
  const services = Object.entries(compose.services);
  const nodes = services.filter(([, { build }]) => build);
  const service = (name: string) => compose.services[name] ?? {};
  let secrets: Secrets;
  beforeAll(() => {
    secrets = makeSecrets();
  });
  afterAll(() => secrets.remove());

  it('has two nodes, with settings that the server accepts in production', () => {
    expect(nodes).toHaveLength(2);
    for (const [, { environment = {} }] of nodes) {
      expect(Object.keys(environment).filter((name) => !VARIABLES.includes(name))).toEqual([]);
      const placed = Object.entries(environment).map(([name, value]) => [name, secrets.placed(value)]);
      const settings = parseSettings({ ...Object.fromEntries(placed), RELAY_CONFIG_FILE: join(DEPLOY, 'relay.json') });
      expect(settings).toMatchObject({ nodeEnv: 'production', redisUrl: secrets.read('redis_url') });
      expect(settings.redisUrl).toMatch(/^rediss:\/\/voip:[0-9a-f]{64}@redis:6379$/);
      expect(settings.encryptionKeys).toHaveLength(1);
    }
  });

  it('mounts files that exist or are made, into services that need them', () => {
    for (const [name, { volumes = [], secrets: used = [] }] of services) {
      for (const volume of volumes) {
        const [source = ''] = volume.split(':');
        const isThere = source.startsWith('./') ? existsSync(join(DEPLOY, source)) : isAbsolute(source);
        expect([name, source, isThere || source in compose.volumes]).toEqual([name, source, true]);
      }
      for (const secret of used)
        expect([name, Object.keys(compose.secrets)]).toEqual([name, expect.arrayContaining([secret])]);
    }
    for (const { file } of Object.values(compose.secrets))
      expect(existsSync(secrets.path(file.replace('./secrets/', '')))).toBe(true);
  });

  it('gives each service the secrets that its settings and files name, and no other', () => {
    const relay = readDeploy('relay.json');
    const texts: Record<string, string> = { redis: readDeploy('redis/redis.conf') };
    for (const [name, { secrets: used = [], build, ...rest }] of services) {
      const text = `${JSON.stringify(rest)} ${build ? relay : ''} ${texts[name] ?? ''}`;
      const named = [...text.matchAll(/\/run\/secrets\/([\w.]+)/g)].map(([, secret]) => secret);
      expect([name, [...new Set(named)].sort()]).toEqual([name, [...used].sort()]);
    }
  });

  it('has no secret in a command line or an environment', () => {
    const held = Object.keys(compose.secrets).map((name) => secrets.read(name));
    expect(held.filter((secret) => secret.length < 16)).toEqual([]);
    for (const [, { environment = {} }] of services) {
      const secretNames = Object.keys(environment).filter((name) => /(?:SECRET|PASSWORD|KEYS?|REDIS_URL)$/.test(name));
      expect(secretNames).toEqual([]);
    }
    expect(readDeploy('.gitignore').split('\n')).toContain('/secrets/');
  });

  it('makes a secret once, for its owner alone, and only what is missing again', () => {
    expect(statSync(secrets.folder).mode & 0o077).toBe(0);
    const [before, url] = [secrets.read('name_key'), secrets.read('redis_url')];
    secrets.make();
    expect([secrets.read('name_key'), secrets.read('redis_url')]).toEqual([before, url]);
  });

  it('counts clients by the addresses that the TLS terminator tells, and takes nobody else for it', () => {
    const { networks = {} } = service('caddy');
    const address = 'calls' in networks ? networks.calls?.ipv4_address : undefined;
    for (const [, { environment = {} }] of nodes) {
      const proxies = createProxies([String(environment['TRUST_PROXY'])]);
      const from = (remoteAddress: string) =>
        proxies.clientOf({ headers: { 'x-forwarded-for': '203.0.113.9' }, socket: { remoteAddress } } as never);
      expect(from(String(address))).toBe('203.0.113.9');
      expect(from('172.30.80.3')).toBe('172.30.80.3');
    }
  });

  it('lets in from outside what clients ask for, at each node, and neither metrics nor revocations', () => {
    const caddyfile = readDeploy('Caddyfile').replace(/^\s*#.*$/gm, '');
    const [, upstreams = ''] = /reverse_proxy (.*) \{/.exec(caddyfile) ?? [];
    const ports = nodes.map(([name, { environment = {} }]) => `${name}:${environment['PORT']}`);
    expect(upstreams.split(' ')).toEqual(ports);
    expect(/@public path (.*)/.exec(caddyfile)?.[1]).toBe('/graphql /healthz');
    for (const [, name = ''] of caddyfile.matchAll(/\{\$(\w+)\}/g))
      expect(service('caddy').environment).toHaveProperty(name);
    const published = services.filter(([, { ports = [] }]) => ports.some((port) => !port.startsWith('127.0.0.1:')));
    expect(published.map(([name]) => name)).toEqual(['caddy']);
  });

  it('has a relay configuration that is valid in production, with TLS at the port that coturn has for it', () => {
    const config = parseRelayConfig(JSON.parse(readDeploy('relay.json')), { production: true });
    expect(config.providers).toHaveLength(1);
    const port = /^tls-listening-port=(\d+)$/m.exec(readDeploy('turn/turnserver.conf'))?.[1];
    expect(readDeploy('relay.json')).toContain(`turns:turn.example.com:${port}?transport=tcp`);
    const { environment = {} } = service('turn');
    expect(environment).toMatchObject({ TURN_TLS_DIR: '/etc/turn-tls', TURN_EXTERNAL_IP: '198.51.100.7' });
  });
});
