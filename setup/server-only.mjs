// For images of the standalone server: what it needs of the optional peers become its dependencies, and `npm prune` then leaves
// nothing else, in the versions of the lock file.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, runQuietly, whenStarted } from './run.mjs';

/** A peer of the client, which no server loads. */
const OF_PAGES = ['@apollo/client'];

export async function keepServerOnly(root = ROOT) {
  const file = join(root, 'package.json');
  const manifest = JSON.parse(readFileSync(file, 'utf8'));
  for (const [name, range] of Object.entries(manifest.peerDependencies)) {
    if (!OF_PAGES.includes(name)) manifest.dependencies[name] = range;
  }
  for (const kind of ['devDependencies', 'peerDependencies', 'peerDependenciesMeta']) delete manifest[kind];
  writeFileSync(file, `${JSON.stringify(manifest, null, 2)}\n`);
  await runQuietly('npm', ['prune', '--loglevel=error'], { cwd: root });
}

await whenStarted(import.meta.url, () => keepServerOnly());
