import { describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { createMetrics } from '../src/events/metrics.js';
import { parseRelayConfig } from '../src/providers/config.js';
import { VARIABLES } from '../src/server/settings-table.js';
import { parseSettings } from '../src/server/settings.js';
import { encryptionKey } from './support/nodes.js';
import { ROOT } from './support/process.js';

const read = (name: string): string => readFileSync(join(ROOT, 'deploy', name), 'utf8');

interface Compose {
  readonly services: Readonly<Record<string, { readonly environment?: Readonly<Record<string, string>> }>>;
}

/** What whoever starts it has to say. */
const GIVEN: Readonly<Record<string, string>> = {
  AUTH_JWKS_URL: 'https://login.example.com/keys',
  AUTH_ISSUER: 'https://login.example.com',
  AUTH_AUDIENCE: 'calls',
  ENCRYPTION_KEYS: encryptionKey('k1'),
  NAME_KEY: randomBytes(32).toString('base64'),
  TURN_SECRET: 'of-the-test',
};

/** As Compose interpolates: `${NAME:?}` has to be given, `${NAME:-default}` may be. */
function interpolated(text: string): string {
  return text.replace(/\$\{(\w+):([?-])([^}]*)\}/g, (_, name: string, kind: string, otherwise: string) => {
    const value = GIVEN[name];
    if (value === undefined && kind === '?') throw new Error(`${name} is not given`);
    return value ?? otherwise;
  });
}

describe('the container', () => {
  const lines = read('Dockerfile').split('\n');

  it('is built from files that exist', () => {
    const copied = lines.filter((line) => line.startsWith('COPY ') && !line.includes('--from='));
    const sources = copied.flatMap((line) => line.split(' ').slice(1, -1));
    expect(sources).toContain('src');
    expect(sources.filter((source) => !existsSync(join(ROOT, source.replace('*', ''))))).toEqual([]);
    const kept = read('Dockerfile.dockerignore').split('\n');
    expect(sources.map((source) => `!${source.replace('./', '')}`).filter((source) => !kept.includes(source))).toEqual(
      [],
    );
  });

  it('sets what the server knows, and does not run as root', () => {
    const [environment = ''] = lines.filter((line) => line.startsWith('ENV '));
    const names = environment
      .split(' ')
      .slice(1)
      .map((pair) => pair.split('=')[0]);
    expect(names.filter((name) => !VARIABLES.includes(String(name)))).toEqual([]);
    expect(lines).toContain('USER node');
  });
});

describe('the composition', () => {
  const { services } = parse(interpolated(read('compose.yaml')), { merge: true }) as Compose;
  const nodes = Object.entries(services).filter(([name]) => name.startsWith('node-'));

  it('has two nodes, with settings that the server accepts in production', () => {
    expect(nodes).toHaveLength(2);
    for (const [, { environment = {} }] of nodes) {
      expect(Object.keys(environment).filter((name) => !VARIABLES.includes(name))).toEqual([]);
      const settings = parseSettings({ ...environment, RELAY_CONFIG_FILE: join(ROOT, 'deploy', 'relay.json') });
      expect(settings).toMatchObject({ nodeEnv: 'production', redisUrl: 'redis://redis:6379' });
    }
    expect(services).toHaveProperty('redis');
    expect(services).toHaveProperty('turn');
  });

  it('has a relay configuration that is valid in production', () => {
    expect(parseRelayConfig(JSON.parse(read('relay.json')), { production: true }).providers).toHaveLength(1);
  });
});

describe('what is watched', () => {
  /** Words of PromQL, and names of labels, that stand in the expressions. */
  const WORDS =
    /\b(?:sum|max|by|rate|increase|histogram_quantile|and|le|up|job|outcome|provider|experiment|transport|arm|family|dependency|reason|end_reason)\b/g;

  const rules = (parse(read('prometheus-rules.yaml')) as { groups: { rules: { alert: string; expr: string }[] }[] })
    .groups;
  const alerts = rules.flatMap((group) => group.rules.map(({ expr }) => expr));
  const { panels } = JSON.parse(read('grafana-dashboard.json')) as { panels: { targets: { expr: string }[] }[] };
  const graphs = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));

  it.each([
    ['every alert', alerts],
    ['every graph', graphs],
  ])('%s is about metrics that the server gives', async (_, expressions) => {
    expect(expressions.length).toBeGreaterThan(5);
    const text = await createMetrics().text();
    const given = new Set([...text.matchAll(/^# TYPE (\w+) /gm)].map(([, name]) => name));
    for (const expression of expressions) {
      const names = expression
        .replace(/"[^"]*"|\[\w+\]/g, '')
        .replace(WORDS, '')
        .match(/[a-z_]\w*/g);
      for (const name of names ?? []) expect(given).toContain(name.replace(/_(?:bucket|sum|count)$/, ''));
    }
  });

  it.each([
    ['outcome', 'provider_error'],
    ['end_reason', 'CONNECT_FAILED'],
  ])('every %s that an alert asks for is one that is counted', async (label, known) => {
    const text = await createMetrics().text();
    const asked = alerts.flatMap((expr) =>
      [...expr.matchAll(new RegExp(`${label}=~?"([^"]+)"`, 'g'))].flatMap(([, value]) => value?.split('|') ?? []),
    );
    expect(asked).toContain(known);
    for (const value of asked) expect(text).toContain(`${label}="${value}"`);
  });
});
