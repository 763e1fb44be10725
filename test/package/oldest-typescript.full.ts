/** The oldest TypeScript that the README names, from the registry, with each setting that it names. */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { blockOf } from '../docs/blocks.js';
import { ROOT } from '../support/process.js';
import { SERVED, STRICT, TYPED } from './hosts.js';
import { manifest, pack, run, type Packed } from './packed.js';
import { install, packagesOfHost, packagesOfRow } from './registry.js';

jest.setTimeout(300_000);

const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
const [, oldest = ''] = /TypeScript\s+(\d+\.\d+) and newer/.exec(readme) ?? [];
const [, named = ''] = /`moduleResolution` ([\w, ]+) \(not node10\)/.exec(readme) ?? [];
const TYPES = ['@types/node@20', '@types/express@5', '@types/ws@8'];

let packed: Packed;
const folder = mkdtempSync(join(tmpdir(), 'host-'));
const host = join(folder, 'host');
const tsc = (...args: readonly string[]): Promise<string> =>
  run(host, process.execPath, join(host, 'node_modules/typescript/bin/tsc'), ...args);
beforeAll(async () => {
  packed = await pack();
  const server = packagesOfRow('the standalone server').filter((name) => name !== '@keyv/redis');
  const packages = [...packagesOfHost(packed.tarball), ...server, 'graphql-ws', '@keyv/redis@~5.1', ...TYPES];
  await install(host, ...packages, `typescript@~${oldest}.0`);
  const page = `import { callSocket, createCallClient, graphqlWsTransport } from '${manifest.name}/client';
    export const client = createCallClient({ transport: graphqlWsTransport(callSocket({ url: '/graphql', token: () => 'x' })) });`;
  const files = {
    'app.ts': blockOf('README.md', 'In your own server', 'js'),
    'typed.ts': TYPED,
    'served.ts': SERVED,
    'page.ts': page,
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(host, name), text);
});
afterAll(() => {
  packed.remove();
  rmSync(folder, { recursive: true });
});

describe(`TypeScript ${oldest}`, () => {
  it('is what is installed, and the settings are those that the README names', async () => {
    expect(await tsc('--version')).toContain(`Version ${oldest}.`);
    expect(named).toBe('node16, nodenext or bundler');
  });

  it.each([
    ['node16', 'node16'],
    ['nodenext', 'nodenext'],
    ['bundler', 'esnext'],
  ])(
    'takes the module, the client, the server and Redis with moduleResolution %s',
    async (moduleResolution, module) => {
      const settings = ['--module', module, '--moduleResolution', moduleResolution];
      expect(await tsc(...STRICT, ...settings, 'app.ts', 'typed.ts', 'served.ts')).toBe('');
      expect(await tsc(...STRICT, ...settings, '--typeRoots', 'none', '--lib', 'es2022,dom', 'page.ts')).toBe('');
    },
  );

  it('finds no types with node10, as the README says', async () => {
    const settings = ['--module', 'esnext', '--moduleResolution', 'node10'];
    await expect(tsc(...STRICT, ...settings, 'page.ts')).rejects.toThrow(/TS2307.*client/);
  });
});
