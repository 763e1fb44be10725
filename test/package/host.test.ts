/** The module in hosts of other kinds than this repository: strict TypeScript, CommonJS, and Jest without ES modules. */
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { join } from 'node:path';
import { blockOf } from '../docs/blocks.js';
import { longIt } from '../support/full.js';
import { ROOT } from '../support/process.js';
import { STRICT, TYPED } from './hosts.js';
import { manifest, pack, run, type Packed } from './packed.js';

jest.setTimeout(120_000);

const TYPES = ['@types/node', '@types/express', '@types/ws'];
const PACKAGES = ['@apollo/server', '@as-integrations/express5', 'express', '@keyv/redis', '@graphql-tools/schema'];
const FILES = {
  'app.ts': blockOf('README.md', 'In your own server', 'js'),
  'typed.ts': TYPED,
  'host.cjs': `console.log(typeof require('${manifest.name}').createCallSignaling);`,
  'host.test.cjs': `test('is imported', async () => {
    const { createCallSignaling } = await import('${manifest.name}');
    expect(typeof createCallSignaling).toBe('function');
  });`,
};

let packed: Packed;
let project: string;
beforeAll(async () => {
  packed = await pack();
  project = await packed.project(FILES, [...PACKAGES, ...TYPES]);
});
afterAll(() => packed.remove());

// The oldest TypeScript, and other settings: oldest-typescript.full.ts.
it('the example of the README is TypeScript too: strict, with the declarations of packages checked', async () => {
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const args = [...STRICT, '--types', 'node', '--module', 'nodenext', 'app.ts', 'typed.ts'];
  expect(await run(project, process.execPath, tsc, ...args)).toBe('');
});

it('a CommonJS host requires it', async () => {
  expect((await run(project, process.execPath, 'host.cjs')).trim()).toBe('function');
});

longIt('a host tested in Jest imports it with the option that the README names, and not without', async () => {
  const jestIn = (...options: readonly string[]): Promise<string> => {
    const args = [join(ROOT, 'node_modules/jest/bin/jest.js'), '--rootDir', project, '--testMatch', '**/*.test.cjs'];
    return run(project, process.execPath, ...options, ...args);
  };
  await jestIn('--experimental-vm-modules');
  await expect(jestIn()).rejects.toThrow(/experimental-vm-modules/);
});
