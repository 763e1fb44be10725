/** What npm installs of the packages from the registry, on the Node.js that is promised, with engines enforced. */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../support/process.js';
import { blockOf } from '../docs/blocks.js';
import { OTHER_VERSIONS, TYPED } from './hosts.js';
import { manifest, pack, run, type Packed } from './packed.js';

jest.setTimeout(300_000);

/** What the README asks of hosts of Apollo Server on Node.js 20. */
const OVERRIDES = { '@whatwg-node/promise-helpers': '1.3.2' };
const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');

let whole: Packed;
let client: Packed;
const folder = mkdtempSync(join(tmpdir(), 'install-'));
beforeAll(async () => {
  whole = await pack();
  client = await pack(join(ROOT, 'dist/client'));
});
afterAll(() => {
  whole.remove();
  client.remove();
  rmSync(folder, { recursive: true });
});

/** @returns the packages that were installed, and their bytes together */
async function install(name: string, ...packages: readonly string[]): Promise<{ packages: string[]; bytes: number }> {
  const project = join(folder, name);
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), JSON.stringify({ type: 'module', overrides: OVERRIDES }));
  await run(project, 'npm', 'install', '--engine-strict', '--ignore-scripts', '--no-audit', '--no-fund', ...packages);
  const lock = JSON.parse(readFileSync(join(project, 'node_modules/.package-lock.json'), 'utf8')) as {
    packages: object;
  };
  const files = readdirSync(join(project, 'node_modules'), { recursive: true, encoding: 'utf8' });
  return {
    packages: Object.keys(lock.packages).map((path) => path.replace('node_modules/', '')),
    bytes: files.reduce((sum, file) => sum + lstatSync(join(project, 'node_modules', file)).size, 0),
  };
}

it('a page installs the client and its peers, and nothing else', async () => {
  const { packages } = await install('page', client.tarball, 'graphql@16', 'graphql-ws@6');
  expect(packages.sort()).toEqual(['graphql', 'graphql-ws', `${manifest.name}-client`]);
  const script = `console.log(typeof (await import('${manifest.name}-client')).createCallClient)`;
  const output = await run(join(folder, 'page'), process.execPath, '--input-type=module', '-e', script);
  expect(output.trim()).toBe('function');
});

it('the module installs fewer than 60 packages and 40 MB', async () => {
  const { packages, bytes } = await install('module', whole.tarball, 'graphql@16');
  expect(packages).toContain(manifest.name);
  expect(packages.length).toBeLessThan(60);
  expect(bytes).toBeLessThan(40_000_000);
});

describe('a host as the README makes it, with the oldest TypeScript and versions of its own', () => {
  const host = join(folder, 'host');
  const [, oldest = ''] = /TypeScript\s+(\d+\.\d+) and newer/.exec(readme) ?? [];
  /** Newer ones ask for what the oldest TypeScript cannot read. */
  const TYPES = ['@types/node@20', '@types/express@5', '@types/ws@8'];
  beforeAll(async () => {
    const [, ...packages] = blockOf('README.md', 'In your own server', 'sh', 0)
      .trim()
      .split(/ (?!install)/);
    const versions = ['type-graphql@2.0.0-rc.2', 'graphql-second@npm:graphql@16.9.0', `typescript@~${oldest}.0`];
    const named = packages.map((name) => (name === manifest.name ? whole.tarball : name));
    await install('host', ...named, '@keyv/redis@~5.1', ...versions, ...TYPES);
    const files = {
      'app.ts': blockOf('README.md', 'In your own server', 'js'),
      'typed.ts': TYPED,
      'other.mjs': OTHER_VERSIONS,
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(host, name), text);
  });

  it('has two versions of type-graphql, the other one first, and both schemas work; a second graphql is refused', async () => {
    const versionIn = (path: string): string =>
      (JSON.parse(readFileSync(join(host, path, 'package.json'), 'utf8')) as { version: string }).version;
    expect(versionIn('node_modules/type-graphql')).toBe('2.0.0-rc.2');
    expect(versionIn(`node_modules/${manifest.name}/node_modules/type-graphql`)).not.toBe('2.0.0-rc.2');
    expect(JSON.parse(await run(host, process.execPath, 'other.mjs'))).toEqual({
      data: { shop: 'open', recentCalls: [], callRelay: { turnTtlSeconds: 30 } },
      foreign: [],
      refused: { name: 'OptionsError', message: expect.stringMatching(/same copy of graphql .*`npm dedupe`/) },
    });
  });

  it('fits its types: strict, with the declarations of packages checked', async () => {
    const strict = ['--noEmit', '--strict', '--skipLibCheck', 'false', '--target', 'es2022'];
    const tsc = join(host, 'node_modules/typescript/bin/tsc');
    expect(await run(host, process.execPath, tsc, '--version')).toContain(`Version ${oldest}.`);
    expect(await run(host, process.execPath, tsc, ...strict, '--module', 'nodenext', 'app.ts', 'typed.ts')).toBe('');
  });

  it('may be CommonJS; in Jest it is imported, with the option that the README says', async () => {
    writeFileSync(join(host, 'host.cjs'), `console.log(typeof require('${manifest.name}').createCallSignaling);`);
    expect((await run(host, process.execPath, 'host.cjs')).trim()).toBe('function');

    const test = `test('is imported', async () => expect(typeof (await import('${manifest.name}')).createCallSignaling).toBe('function'));`;
    writeFileSync(join(host, 'host.test.cjs'), test);
    const jestOf = (...options: readonly string[]) =>
      run(
        host,
        process.execPath,
        ...options,
        join(ROOT, 'node_modules/jest/bin/jest.js'),
        '--rootDir',
        host,
        '--testMatch',
        '**/*.test.cjs',
      );
    await jestOf('--experimental-vm-modules');
    await expect(jestOf()).rejects.toThrow(/experimental-vm-modules/);
  });
});
