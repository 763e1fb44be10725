import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { makeProject, put, runScript } from './support.js';

// Compilers and test runners are started, on machines that may have little to spare.
jest.setTimeout(180_000);

describe('the build', () => {
  let project: string;
  const dist = (name: string): string => join(project, 'dist', name);
  const build = () => runScript(project, 'build.mjs');

  beforeEach(() => {
    project = makeProject({ 'src/one.ts': 'export const one: number = 1;\n', 'src/two.ts': 'export const two = 2;\n' });
  });
  afterEach(() => rmSync(project, { recursive: true }));

  it('is made once, and again when a source was changed or taken away', async () => {
    expect(await build()).toEqual({ code: 0, output: 'Building …\n' });
    expect(readFileSync(dist('one.js'), 'utf8')).toContain('one = 1');
    expect(await build()).toEqual({ code: 0, output: '' });

    put(project, { 'src/one.ts': 'export const one: number = 11;\n' });
    await build();
    expect(readFileSync(dist('one.js'), 'utf8')).toContain('one = 11');

    rmSync(join(project, 'src/two.ts'));
    await build();
    expect([existsSync(dist('one.js')), existsSync(dist('two.js'))]).toEqual([true, false]);
  });

  it('that fails says why, and is tried again the next time', async () => {
    put(project, { 'src/one.ts': 'export const one: number = "one";\n' });
    for (const attempt of [1, 2]) {
      const { code, output } = await build();
      expect([attempt, code]).toEqual([attempt, 1]);
      expect(output).toContain('src/one.ts(1,14): error TS2322');
    }
  });
});
