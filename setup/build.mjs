// Compiles src to dist, unless dist is newer than everything it is made of.
import {
  cpSync,
  existsSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { packageProgram, ROOT, runQuietly, whenStarted } from './run.mjs';

/** The client is compiled on its own: for browsers, where there is no Node.js. */
const PROJECTS = ['tsconfig.build.json', 'tsconfig.client.json'];
/** Served by the server in development. An image for production is built without it. */
const PAGE = 'examples/web';
const INPUTS = ['src', PAGE, 'tsconfig.json', ...PROJECTS, 'package.json', 'package-lock.json'];

export async function build() {
  if (isBuilt()) return;
  console.log('Building …');
  const startedAt = new Date();
  // Built beside, so that what cannot be compiled leaves the last build as it was.
  const [dist, next] = [join(ROOT, 'dist'), join(ROOT, 'dist.next')];
  rmSync(next, { recursive: true, force: true });
  for (const project of PROJECTS.filter((name) => existsSync(join(ROOT, name)))) {
    await runQuietly(packageProgram('tsc'), ['-p', project, '--outDir', next]);
  }
  if (existsSync(join(ROOT, PAGE))) {
    const args = ['build', PAGE, '--outDir', join(next, 'web'), '--configLoader', 'native', '--logLevel', 'warn'];
    await runQuietly(packageProgram('vite'), args, { env: { NODE_ENV: 'production' } });
  }
  if (existsSync(join(next, 'client'))) writeClientPackage(join(next, 'client'));
  // As old as the start, so that what was saved while the compiler ran is compiled the next time.
  const stamp = join(next, '.built');
  writeFileSync(stamp, '');
  utimesSync(stamp, startedAt, startedAt);
  rmSync(dist, { recursive: true, force: true });
  renameSync(next, dist);
}

/**
 * `npm pack ./dist/client` gives the client alone, for pages: a package of the same code, version and peers, which needs
 * nothing else.
 */
function writeClientPackage(folder) {
  const { name, version, description, license, type, dependencies, peerDependencies } = manifest();
  const ranges = { ...dependencies, ...peerDependencies };
  const peers = ['@apollo/client', 'graphql', 'graphql-ws'];
  const client = {
    name: `${name}-client`,
    version,
    description: `${description}: the client for pages`,
    license,
    type,
    sideEffects: false,
    exports: { '.': { types: './index.d.ts', default: './index.js' }, './package.json': './package.json' },
    peerDependencies: Object.fromEntries(peers.map((peer) => [peer, ranges[peer]])),
    peerDependenciesMeta: { '@apollo/client': { optional: true } },
  };
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(client, null, 2)}\n`);
  for (const file of ['README.md', 'LICENSE'])
    if (existsSync(join(ROOT, file))) cpSync(join(ROOT, file), join(folder, file));
}

function manifest() {
  return JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
}

/** Deleted files count too: they change their directory. */
export function isBuilt(root = ROOT) {
  const stamp = statSync(join(root, 'dist', '.built'), { throwIfNoEntry: false });
  return stamp !== undefined && INPUTS.every((input) => newest(join(root, input)) < stamp.mtimeMs);
}

function newest(path) {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats) return 0;
  const below = stats.isDirectory() ? readdirSync(path).map((name) => newest(join(path, name))) : [];
  return Math.max(stats.mtimeMs, ...below);
}

await whenStarted(import.meta.url, build);
