import { copyFileSync, linkSync, mkdirSync, readdirSync, readFileSync, symlinkSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../support/process.js';

/** What npm keeps of a package that it installed. */
interface Installed {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

const { packages } = JSON.parse(readFileSync(join(ROOT, 'node_modules/.package-lock.json'), 'utf8')) as {
  packages: Readonly<Record<string, Installed>>;
};

/** Where Node.js finds a package that is imported from a folder: beside it, or further up. */
function find(name: string, from: string): string | null {
  const path = from === '' ? `node_modules/${name}` : `${from}/node_modules/${name}`;
  if (path in packages) return path;
  return from === '' ? null : find(name, from.slice(0, Math.max(0, from.lastIndexOf('/node_modules/'))));
}

/** @returns folders of the repository that an app with these packages would have in its own node_modules */
export function installedWith(names: readonly string[]): readonly string[] {
  const found = new Set<string>();
  const visit = (name: string, from: string, isOptional: boolean): void => {
    const path = find(name, from);
    if (path === null && !isOptional) throw new Error(`${name} is not installed, which ${from || 'a test'} needs`);
    if (path === null || found.has(path)) return;
    found.add(path);
    const { dependencies = {}, optionalDependencies = {}, peerDependencies = {} } = packages[path] ?? {};
    const meta = packages[path]?.peerDependenciesMeta ?? {};
    for (const each of Object.keys(dependencies)) visit(each, path, each in optionalDependencies);
    for (const each of Object.keys(optionalDependencies)) visit(each, path, true);
    for (const each of Object.keys(peerDependencies)) if (!meta[each]?.optional) visit(each, path, false);
  };
  for (const name of names) visit(name, '', false);
  // What lies within a package's own folder comes with it.
  return [...found].filter((path) => !path.includes('/node_modules/'));
}

/** A folder as a copy of another, whose files are the same where the disk is the same: they must not be written to. */
export function linkFiles(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) linkFiles(source, target);
    else if (entry.isSymbolicLink()) symlinkSync(readlinkSync(source), target);
    else link(source, target);
  }
}

function link(source: string, target: string): void {
  try {
    linkSync(source, target);
  } catch {
    copyFileSync(source, target);
  }
}
