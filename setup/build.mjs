// Compiles src to dist, unless dist is newer than everything it is made of.
import { cpSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageProgram, ROOT, runQuietly, whenStarted } from './run.mjs';

const INPUTS = ['src', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json'];

export async function build() {
  if (isBuilt()) return;
  console.log('Building …');
  const startedAt = new Date();
  const dist = join(ROOT, 'dist');
  rmSync(dist, { recursive: true, force: true });
  await runQuietly(packageProgram('tsc'), ['-p', 'tsconfig.build.json']);
  // What the compiler does not carry over: the scripts that Redis runs.
  cpSync(join(ROOT, 'src'), dist, {
    recursive: true,
    filter: (path) => statSync(path).isDirectory() || path.endsWith('.lua'),
  });
  // As old as the start, so that what was saved while the compiler ran is compiled the next time.
  const stamp = stampOf(ROOT);
  writeFileSync(stamp, '');
  utimesSync(stamp, startedAt, startedAt);
}

/** Deleted files count too: they change their directory. */
export function isBuilt(root = ROOT) {
  const stamp = statSync(stampOf(root), { throwIfNoEntry: false });
  return stamp !== undefined && INPUTS.every((input) => newest(join(root, input)) < stamp.mtimeMs);
}

function stampOf(root) {
  return join(root, 'dist', '.built');
}

function newest(path) {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats) return 0;
  const below = stats.isDirectory() ? readdirSync(path).map((name) => newest(join(path, name))) : [];
  return Math.max(stats.mtimeMs, ...below);
}

await whenStarted(import.meta.url, build);
