/** What npm installs of the packages from the registry, on the Node.js that is promised, with engines enforced. */
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../support/process.js';
import { manifest, pack, run, type Packed } from './packed.js';

jest.setTimeout(300_000);

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
  writeFileSync(join(project, 'package.json'), '{ "type": "module" }');
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
