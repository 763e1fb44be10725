import { lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../support/process.js';
import { blockOf } from '../docs/blocks.js';
import { manifest, run } from './packed.js';

const README = readFileSync(join(ROOT, 'README.md'), 'utf8');
/** What the README asks of those who stay on Node.js 20: a member of their package.json. */
const [, OVERRIDES = ''] = /`("overrides": \{.*\})`/.exec(README) ?? [];

function newProject(project: string): void {
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), `{ "type": "module", ${OVERRIDES} }`);
}

/**
 * Finds out what a project would have of the registry, engines enforced, and installs nothing.
 *
 * @throws Error a package is for other versions of Node.js
 */
export async function resolvePackages(project: string, ...packages: readonly string[]): Promise<void> {
  newProject(project);
  await run(project, 'npm', 'install', '--engine-strict', '--package-lock-only', '--no-audit', ...packages);
}

/**
 * Makes a project with packages of the registry, engines enforced.
 *
 * @returns the packages that were installed, and their bytes together
 */
export async function install(
  project: string,
  ...packages: readonly string[]
): Promise<{ packages: string[]; bytes: number }> {
  newProject(project);
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

/** What the README tells to install for something, beside the packages of the rows before it. */
export function packagesOfRow(what: string): readonly string[] {
  const [, names = ''] = new RegExp(`^\\| ${what} \\| and \`([^\`]+)\``, 'm').exec(README) ?? [];
  return names.split(' ');
}
