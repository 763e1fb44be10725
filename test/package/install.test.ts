/** What npm installs of the packages from the registry, on the Node.js that is promised, with engines enforced. */
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FULL, longIt } from '../support/full.js';
import { ROOT } from '../support/process.js';
import { OTHER_VERSIONS } from './hosts.js';
import { manifest, pack, run, type Packed } from './packed.js';
import { install, packagesOfHost, packagesOfRow, resolvePackages } from './registry.js';

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

it('a page installs the client and its peers, and nothing else', async () => {
  const { packages } = await install(join(folder, 'page'), client.tarball, 'graphql@16', 'graphql-ws@6');
  expect(packages.sort()).toEqual(['graphql', 'graphql-ws', `${manifest.name}-client`]);
  const script = `console.log(typeof (await import('${manifest.name}-client')).createCallClient)`;
  const output = await run(join(folder, 'page'), process.execPath, '--input-type=module', '-e', script);
  expect(output.trim()).toBe('function');
});

it('the module installs fewer than 60 packages and 40 MB', async () => {
  const { packages, bytes } = await install(join(folder, 'module'), whole.tarball, 'graphql@16');
  expect(packages).toContain(manifest.name);
  expect(packages.length).toBeLessThan(60);
  expect(bytes).toBeLessThan(40_000_000);
});

it('the standalone server, and a host in Express, install on every Node.js that is promised', async () => {
  const server = [whole.tarball, 'graphql@16', '@apollo/server', ...packagesOfRow('the standalone server')];
  const host = packagesOfHost(whole.tarball);
  // One project has what both have: whatever is refused to one of them is refused to it.
  const projects = FULL ? [server, host] : [[...new Set([...host, ...server])]];
  for (const [n, packages] of projects.entries()) await resolvePackages(join(folder, `resolved-${n}`), ...packages);
});

longIt(
  'a host with another type-graphql, loaded first, has both schemas; a second graphql is refused in words',
  async () => {
    const host = join(folder, 'host');
    const others = ['type-graphql@2.0.0-rc.2', 'graphql-second@npm:graphql@16.9.0'];
    await install(host, ...packagesOfHost(whole.tarball), ...others);
    const versionIn = (path: string): string =>
      (JSON.parse(readFileSync(join(host, path, 'package.json'), 'utf8')) as { version: string }).version;
    expect(versionIn('node_modules/type-graphql')).toBe('2.0.0-rc.2');
    expect(versionIn(`node_modules/${manifest.name}/node_modules/type-graphql`)).not.toBe('2.0.0-rc.2');
    writeFileSync(join(host, 'other.mjs'), OTHER_VERSIONS);
    expect(JSON.parse(await run(host, process.execPath, 'other.mjs'))).toEqual({
      data: { shop: 'open', recentCalls: [], callRelay: { turnTtlSeconds: 30 } },
      foreign: [],
      refused: { name: 'OptionsError', message: expect.stringMatching(/same copy of graphql .*`npm dedupe`/) },
    });
  },
);
