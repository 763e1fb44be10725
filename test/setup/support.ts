import { cpSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ROOT, startProcess } from '../support/process.js';

/** The declarations of Node.js and of pages are most of what the compiler reads: what is compiled here uses none. */
const TSCONFIG = JSON.stringify({
  compilerOptions: { strict: true, target: 'es2022', module: 'nodenext', lib: ['es5'], types: [], rootDir: 'src' },
  include: ['src'],
});

/** A small project with this one's scripts and packages. `files` are added to what it starts from. */
export function makeProject(files: Readonly<Record<string, string>>): string {
  const project = mkdtempSync(join(tmpdir(), 'project-'));
  const own = ['setup', 'jest.config.js', 'jest.sequencer.js', 'package-lock.json'];
  for (const name of own) {
    cpSync(join(ROOT, name), join(project, name), { recursive: true });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(project, 'node_modules'));
  put(project, { 'package.json': '{ "type": "module" }', 'tsconfig.build.json': TSCONFIG, ...files });
  return project;
}

export function put(project: string, files: Readonly<Record<string, string>>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(project, name)), { recursive: true });
    writeFileSync(join(project, name), content);
  }
}

/** Runs a script of the project to its end. */
export async function runScript(
  project: string,
  script: string,
  ...args: string[]
): Promise<{ code: number | null; output: string }> {
  const child = startProcess(process.execPath, { args: [join('setup', script), ...args], cwd: project });
  const { code } = await child.ended;
  return { code, output: child.output() };
}
