/** What an image of the standalone server keeps of the packages. */
import { expect, it, jest } from '@jest/globals';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { importsOf, packagesLoadedBy } from '../support/architecture.js';
import { ROOT } from '../support/process.js';
import { runScript } from './support.js';

jest.setTimeout(180_000);

it('all that the server loads, in the versions of the lock file, and nothing for development or pages', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'server-only-'));
  try {
    for (const name of ['package.json', 'package-lock.json', '.npmrc', 'setup']) {
      cpSync(join(ROOT, name), join(folder, name), { recursive: true });
    }
    expect(await runScript(folder, 'server-only.mjs')).toEqual({ code: 0, output: '' });
    const packagesOf = (root: string): Record<string, { version: string; dev?: boolean }> =>
      JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
    const [before, kept] = [packagesOf(ROOT), packagesOf(folder)];

    const src = join(ROOT, 'src');
    const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
    const graph = new Map(files.map((file) => [file, importsOf(readFileSync(join(src, file), 'utf8'))]));
    const loaded = [...packagesLoadedBy('server/main.ts', graph)].filter((name) => !name.startsWith('node:'));
    expect(loaded).toEqual(expect.arrayContaining(['fastify', 'pino', '@apollo/server', '@keyv/redis', 'ws']));
    for (const name of loaded) {
      const path = `node_modules/${name}`;
      expect([name, kept[path]?.version]).toEqual([name, before[path]?.version]);
    }
    const others = ['jest', 'ruru', 'vite', '@apollo/client', 'react'];
    expect(others.filter((name) => kept[`node_modules/${name}`])).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
