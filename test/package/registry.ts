import { lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { blockOf } from '../docs/blocks.js';
import { manifest, run } from './packed.js';

/** What the README asks of hosts of Apollo Server on Node.js 20. */
const OVERRIDES = { '@whatwg-node/promise-helpers': '1.3.2' };

/**
 * Makes a project with packages of the registry, engines enforced.
 *
 * @returns the packages that were installed, and their bytes together
 */
export async function install(
  project: string,
  ...packages: readonly string[]
): Promise<{ packages: string[]; bytes: number }> {
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

/** What the README tells a host to install. @param tarball in the place of this package */
export function packagesOfHost(tarball: string): readonly string[] {
  const [, , ...names] = blockOf('README.md', 'In your own server', 'sh').trim().split(' ');
  return names.map((name) => (name === manifest.name ? tarball : name));
}
