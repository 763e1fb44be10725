import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cycles, importsOf, packagesLoadedBy, violations, type Areas, type Graph } from './support/architecture.js';

const PURE = ['node:crypto', 'node:net', 'zod'];

const AREAS: Areas = {
  errors: { floor: 0, packages: [] },
  limits: { floor: 0, packages: [] },
  options: { floor: 0, packages: [] },
  ports: { floor: 0, packages: [] },
  soon: { floor: 0, packages: [] },
  identity: { floor: 1, packages: [...PURE, 'node:async_hooks'] },
  call: { floor: 1, packages: PURE, beside: ['identity'] },
  relay: { floor: 1, packages: PURE, beside: ['identity'] },
  memory: { floor: 2, packages: ['node:events'] },
  // Permits are counted in memory while Redis cannot be asked.
  redis: {
    floor: 2,
    packages: [
      '@keyv/redis',
      'dataloader',
      'keyv',
      'node:crypto',
      'node:events',
      'node:net',
      'node:timers/promises',
      'node:tls',
    ],
    beside: ['host', 'memory'],
  },
  events: { floor: 2, packages: ['node:crypto', 'prom-client', 'zod'], beside: ['host', 'http', 'jwt'] },
  dns: { floor: 2, packages: ['node:dns/promises'] },
  // How the services around us are asked: JSON within a deadline.
  http: { floor: 2, packages: ['node:dns', 'node:net', 'undici'] },
  directory: { floor: 2, packages: [...PURE, 'keyv', 'node:util'], beside: ['host', 'http'] },
  jwt: { floor: 2, packages: [...PURE, 'jose', 'node:util'], beside: ['host', 'http'] },
  // What a host gives, and where its faults end.
  host: { floor: 2, packages: ['zod'], beside: ['directory'] },
  // Each relay configuration has name servers of its own.
  providers: {
    floor: 2,
    packages: [...PURE, 'cockatiel', 'node:timers/promises', 'undici'],
    beside: ['dns', 'host', 'http'],
  },
  graphql: {
    floor: 3,
    packages: [
      '@apollo/server',
      '@apollo/subgraph',
      '@graphql-tools/utils',
      'dataloader',
      'graphql',
      'graphql-scalars',
      'node:crypto',
      'reflect-metadata',
      'type-graphql',
    ],
  },
  signaling: { floor: 4 },
  // Hosts mount the socket of the standalone server.
  index: { floor: 5, beside: ['server'] },
  server: { floor: 5 },
  client: { floor: 5 },
};

/** What a host that mounts the module must not have to load. */
const STANDALONE_ONLY = ['fastify', 'pino', '@keyv/redis', '@redis/client', 'redis', 'ruru'];

const LINES = 250;

const SRC = join(dirname(fileURLToPath(import.meta.url)), '../src');
const sources = new Map(
  readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => [file, readFileSync(join(SRC, file), 'utf8')] as const),
);
const graph: Graph = new Map([...sources].map(([file, source]) => [file, importsOf(source)]));

describe('the source code', () => {
  it('imports down the floors only, and each area its own packages', () => {
    expect(graph.size).toBeGreaterThan(10);
    expect(violations(graph, AREAS)).toEqual([]);
  });

  it('has a client that imports nothing from outside of its folder, for it is a package of its own', () => {
    const ofClient = [...graph].filter(([file]) => file.startsWith('client/'));
    expect(ofClient.length).toBeGreaterThan(10);
    const outside = ofClient.flatMap(([file, imports]) =>
      imports.filter(
        ({ specifier }) => /^\.\.?\//.test(specifier) && !join(file, '..', specifier).startsWith('client/'),
      ),
    );
    expect(outside).toEqual([]);
  });

  it('has no cycle of imports', () => {
    expect(cycles(graph)).toEqual([]);
  });

  it('loads nothing of the standalone server when the module is imported', () => {
    const packages = packagesLoadedBy('index.ts', graph);
    expect(packages).toContain('graphql');
    expect(STANDALONE_ONLY.filter((name) => packages.has(name))).toEqual([]);
  });

  it(`has files of at most ${LINES} lines`, () => {
    const long = [...sources].filter(([, source]) => source.trimEnd().split('\n').length > LINES);
    expect(long.map(([file]) => file)).toEqual([]);
  });

  it('has no default export, no export of everything, and no index but the doors', () => {
    const unnamed = [...sources].filter(([, source]) => /^export (default|\*)/m.test(source)).map(([file]) => file);
    expect(unnamed).toEqual([]);
    const indexes = [...sources.keys()].filter((file) => /(^|\/)index\.ts$/.test(file));
    expect(indexes.filter((file) => !['index.ts', 'server/index.ts', 'client/index.ts'].includes(file))).toEqual([]);
  });
});

describe('the check of the architecture', () => {
  const files = (imports: Readonly<Record<string, readonly string[]>>): Graph =>
    new Map(
      Object.entries(imports).map(([file, names]) => [file, names.map((specifier) => ({ specifier, kind: 'static' }))]),
    );

  it('finds imports that go up, sideways or nowhere, and packages of others', () => {
    const made = files({
      'errors.ts': ['./call/call.js'],
      'call/call.ts': ['../errors.js', '../relay/service.js', '../identity/viewer.js', 'graphql', 'node:crypto'],
      'relay/service.ts': ['./missing.js', '../call/call.js'],
      'identity/viewer.ts': ['../ports.js', '../memory/store.js'],
      'ports.ts': ['zod'],
      'memory/store.ts': ['../dns/resolver.js', '../call/call.js'],
      'dns/resolver.ts': ['node:dns/promises', '../memory/store.js'],
      'providers/chain.ts': ['../dns/resolver.js', '../graphql/schema.js'],
      'graphql/schema.ts': ['../providers/chain.js', '@apollo/server/plugin/disabled', '@apollo/gateway'],
      'index.ts': ['./client/client.js', 'anything'],
      'client/client.ts': [],
      'server/server.ts': ['../graphql/schema.js', 'fastify'],
      'somewhere/else.ts': [],
    });
    expect(violations(made, AREAS)).toEqual([
      'errors.ts: may not import call/call.ts',
      'call/call.ts: may not import relay/service.ts',
      'call/call.ts: graphql is none of its packages',
      'relay/service.ts: ./missing.js is no file of src',
      'relay/service.ts: may not import call/call.ts',
      'identity/viewer.ts: may not import memory/store.ts',
      'ports.ts: zod is none of its packages',
      'memory/store.ts: may not import dns/resolver.ts',
      'dns/resolver.ts: may not import memory/store.ts',
      'providers/chain.ts: may not import graphql/schema.ts',
      'graphql/schema.ts: @apollo/gateway is none of its packages',
      'index.ts: may not import client/client.ts',
      'somewhere/else.ts: is on no floor',
    ]);
  });

  it('finds a cycle over several files', () => {
    const made = files({ 'a.ts': ['./b.js'], 'b.ts': ['./c.js', './d.js'], 'c.ts': ['./b.js', './d.js'], 'd.ts': [] });
    expect(cycles(made)).toEqual(['b.ts > c.ts > b.ts']);
  });

  it('tells imports that are loaded at once from those that are not', () => {
    const source = `
      import { a } from './a.js';
      import type { b } from './b.js';
      export { c } from './c.js';
      export type { d } from './d.js';
      import './e.js';
      // import './comment.js';
      const text = "import './text.js'";
      async function later() { return import('./f.js'); }`;
    expect(importsOf(source).map(({ specifier, kind }) => `${kind} ${specifier}`)).toEqual([
      'static ./a.js',
      'type ./b.js',
      'static ./c.js',
      'type ./d.js',
      'static ./e.js',
      'dynamic ./f.js',
    ]);
    const made = new Map([
      ['index.ts', importsOf("import './a.js'; import type { b } from 'zod'; const c = () => import('pino');")],
      ['a.ts', importsOf("import 'fastify/types'; import '@redis/client';")],
    ]);
    expect([...packagesLoadedBy('index.ts', made)]).toEqual(['fastify', '@redis/client']);
  });
});
