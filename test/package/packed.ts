import { afterAll } from '@jest/globals';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ROOT, startProcess } from '../support/process.js';
import { installedWith, linkFiles } from './closure.js';

/** The package as npm would publish it. */
export interface Packed {
  readonly tarball: string;
  /** Paths within it. */
  readonly files: readonly string[];
  /**
   * A new project, outside of the repository, that has the package and what the package declares that it needs, with all
   * that these need, and nothing else: of what is installed here, so that no registry is asked.
   *
   * @param packages more that the project has installed, by name
   */
  project(files: Readonly<Record<string, string>>, packages?: readonly string[]): Promise<string>;
  remove(): void;
}

interface Manifest {
  readonly name: string;
  readonly exports: Record<string, unknown>;
  readonly dependencies?: Record<string, string>;
  readonly peerDependencies: Record<string, string>;
  readonly peerDependenciesMeta?: Record<string, { readonly optional?: boolean }>;
}
const manifestIn = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
export const manifest = manifestIn(ROOT);

/** Optional peers are not there unless a project asks for them. */
const neededBy = ({ dependencies = {}, peerDependencies, peerDependenciesMeta }: Manifest): readonly string[] => [
  ...Object.keys(dependencies),
  ...Object.keys(peerDependencies).filter((name) => !peerDependenciesMeta?.[name]?.optional),
];

/** Packs what was built: all of it, or what is a package of its own in a folder. */
export async function pack(from = ROOT): Promise<Packed> {
  const own = manifestIn(from);
  const folder = mkdtempSync(join(tmpdir(), 'package-'));
  const output = await run(from, 'npm', 'pack', '--json', '--ignore-scripts', '--pack-destination', folder);
  const [packed] = JSON.parse(output.slice(0, output.lastIndexOf(']') + 1)) as [
    { filename: string; files: { path: string }[] },
  ];
  const tarball = join(folder, packed.filename);
  let projects = 0;
  return {
    tarball,
    files: packed.files.map(({ path }) => path),
    project: async (files, packages = []) => {
      const project = join(folder, `project-${(projects += 1)}`);
      const installed = join(project, 'node_modules', own.name);
      mkdirSync(installed, { recursive: true });
      await run(project, 'tar', '-xzf', tarball, '-C', installed, '--strip-components=1');
      for (const path of installedWith([...neededBy(own), ...packages]))
        linkFiles(join(ROOT, path), join(project, path));
      for (const [name, text] of Object.entries({ 'package.json': '{ "type": "module" }', ...files })) {
        mkdirSync(dirname(join(project, name)), { recursive: true });
        writeFileSync(join(project, name), text);
      }
      return project;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Where npm keeps its cache and its logs: a home of its own, without anybody's settings. */
const HOME = mkdtempSync(join(tmpdir(), 'npm-home-'));
afterAll(() => rmSync(HOME, { recursive: true, force: true }));

/** Runs a program in a folder. @returns what it printed @throws Error with that, when it failed */
export async function run(cwd: string, command: string, ...args: readonly string[]): Promise<string> {
  const env = { HOME, npm_config_cache: join(HOME, 'cache'), npm_config_loglevel: 'error' };
  const program = startProcess(command, { args, cwd, env });
  const { code } = await program.ended;
  const what = [command, ...args.slice(0, 2)].join(' ');
  if (code !== 0) throw new Error(`${what} failed with ${code}:\n${program.output().slice(-4_000)}`);
  return program.output();
}
