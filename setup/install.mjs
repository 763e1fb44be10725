// Installs the packages of package-lock.json, unless they are there.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, runQuietly, whenStarted } from './run.mjs';

export async function install(root = ROOT) {
  if (isInstalled(root)) return;
  console.log('Installing packages (npm ci) …');
  // Also with NODE_ENV=production, for the build needs the compiler.
  await runQuietly('npm', ['ci', '--include=dev', '--loglevel=error'], { cwd: root });
}

/** npm keeps in node_modules what it installed: the same packages in the same versions, but for optional ones. */
export function isInstalled(root = ROOT) {
  const wanted = packagesOf(join(root, 'package-lock.json'));
  const present = packagesOf(join(root, 'node_modules', '.package-lock.json'));
  if (!wanted || !present) return false;
  return (
    Object.keys(present).every((path) => path in wanted) &&
    Object.entries(wanted).every(([path, { version, optional }]) =>
      path in present ? present[path].version === version : path === '' || optional === true,
    )
  );
}

function packagesOf(lockFile) {
  try {
    return JSON.parse(readFileSync(lockFile, 'utf8')).packages;
  } catch {
    return null;
  }
}

await whenStarted(import.meta.url, () => install());
