import { describe, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { createMetrics } from '../src/events/metrics.js';
import { composition, DEPLOY, readDeploy } from './support/composition.js';

describe('what is watched', () => {
  /** Words of PromQL, and names of labels, that stand in the expressions. */
  const WORDS =
    /\b(?:sum|max|by|rate|increase|histogram_quantile|and|le|up|job|outcome|provider|experiment|transport|arm|family|dependency|reason|end_reason)\b/g;

  const rules = (
    parse(readDeploy('prometheus/rules.yaml')) as { groups: { rules: { alert: string; expr: string }[] }[] }
  ).groups;
  const alerts = rules.flatMap((group) => group.rules.map(({ expr }) => expr));
  const { panels } = JSON.parse(readDeploy('grafana/dashboard.json')) as { panels: { targets: { expr: string }[] }[] };
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

describe('who watches', () => {
  const { services } = composition();
  const { prometheus, grafana } = services;
  interface Scraping {
    readonly rule_files: readonly string[];
    readonly scrape_configs: readonly {
      readonly job_name: string;
      readonly static_configs: readonly { readonly targets: readonly string[] }[];
    }[];
  }
  const scraping = parse(readDeploy('prometheus/prometheus.yaml')) as Scraping;

  /** Where a file of a container is in this folder; undefined: nothing is mounted there. */
  function mounted(path: string, volumes: readonly string[] = []): string | undefined {
    const found = volumes.map((volume) => volume.split(':')).find(([, inside = '']) => path.startsWith(inside));
    return found && join(DEPLOY, String(found[0]), path.slice(String(found[1]).length));
  }

  it('asks each node, at the port of its metrics, under the job that the alerts name', () => {
    const jobs = [...readDeploy('prometheus/rules.yaml').matchAll(/job="([^"]+)"/g)].map(([, job]) => job);
    expect(jobs).toContain('voip-call-signaling');
    expect(scraping.scrape_configs.map(({ job_name }) => job_name)).toEqual([...new Set(jobs)]);
    const targets = scraping.scrape_configs.flatMap(({ static_configs }) =>
      static_configs.flatMap((one) => one.targets),
    );
    const nodes = Object.entries(services).filter(([, { build }]) => build);
    expect(targets).toEqual(nodes.map(([name, { environment = {} }]) => `${name}:${environment['METRICS_PORT']}`));
    expect(targets).not.toContain(`node-a:${nodes[0]?.[1].environment?.['PORT']}`);
  });

  it('is started with files that are mounted', () => {
    const config = prometheus?.command?.[0]?.replace('--config.file=', '') ?? '';
    for (const file of [config, ...scraping.rule_files])
      expect([file, existsSync(mounted(file, prometheus?.volumes) ?? '')]).toEqual([file, true]);
  });

  it('shows the dashboard, with the Prometheus of the composition', () => {
    const provisioned = (name: string): string =>
      mounted(`/etc/grafana/provisioning/${name}`, grafana?.volumes)?.slice(DEPLOY.length + 1) ?? '';
    const [{ url, type } = { url: '', type: '' }] = (
      parse(readDeploy(provisioned('datasources/prometheus.yaml'))) as { datasources: { url: string; type: string }[] }
    ).datasources;
    expect(services).toHaveProperty(new URL(url).hostname);
    const dashboard = JSON.parse(readDeploy('grafana/dashboard.json')) as { templating: { list: { query: string }[] } };
    expect(dashboard.templating.list[0]?.query).toBe(type);
    const [{ options } = { options: { path: '' } }] = (
      parse(readDeploy(provisioned('dashboards/calls.yaml'))) as { providers: { options: { path: string } }[] }
    ).providers;
    const shown = (grafana?.volumes ?? []).filter((volume) => volume.split(':')[1]?.startsWith(`${options.path}/`));
    expect(shown).toEqual([expect.stringContaining('./grafana/dashboard.json:')]);
  });
});
