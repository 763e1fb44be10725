import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { CANARIES } from '../support/canaries.js';
import { makeProject, put, runScript } from './support.js';

// Compilers and test runners are started, on machines that may have little to spare.
jest.setTimeout(180_000);

const suite = (body: string): string =>
  `import { expect, it } from '@jest/globals';\nit('is tested', () => {\n${body}\n});\n`;

describe('the script that runs the tests', () => {
  let project: string;
  beforeAll(() => {
    project = makeProject({
      'src/one.ts': 'export const one = 1;\n',
      'test/support/canaries.json': JSON.stringify(CANARIES),
      'test/quick.test.ts': suite('throw new Error("a quick suite, among the long ones");'),
    });
  });
  afterAll(() => rmSync(project, { recursive: true }));

  const run = (body: string, ...args: string[]) => {
    put(project, { 'test/full/long.full.ts': suite(body) });
    return runScript(project, 'test.mjs', '--full', ...args);
  };
  const lastLine = (output: string): string | undefined => output.trimEnd().split('\n').at(-1);

  it('runs the long suites on their own when asked to, and counts at the end', async () => {
    const { code, output } = await run('expect(process.env.FULL).toBe("1");');
    expect([code, lastLine(output)]).toEqual([0, '1 passed, 0 failed']);
    expect(output).toMatch(/^ok {3}build \(\d+\.\d s\)$/m);
  });

  it('fails when a secret is printed, and names it without repeating it', async () => {
    const { code, output } = await run(
      `process.stdout.write(${JSON.stringify([...CANARIES.turnPassword])}.join('') + '\\n');`,
    );
    expect([code, lastLine(output)]).toEqual([1, '1 passed, 1 failed']);
    const [, reported] = output.split('FAIL a secret was printed: ');
    expect(reported).toMatch(/^turnPassword of /);
    expect(reported).not.toContain(CANARIES.turnPassword);
  });

  it('fails when a test fails', async () => {
    const { code, output } = await run('expect(1).toBe(2);');
    expect([code, lastLine(output)]).toEqual([1, '0 passed, 1 failed']);
  });

  it('fails when a suite cannot be run', async () => {
    const { code, output } = await run('}}}');
    expect([code, lastLine(output)]).toEqual([1, '0 passed, 1 failed']);
  });

  it('fails when no test was run', async () => {
    const { code, output } = await run('', '-t', 'a name that no test has');
    expect([code, lastLine(output)]).toEqual([1, '0 passed, 1 failed']);
  });

  it('ends at once when the build fails', async () => {
    put(project, { [join('src', 'one.ts')]: 'export const one: number = "one";\n' });
    const { code, output } = await run('');
    expect([code, lastLine(output)]).toEqual([1, '0 passed, 1 failed']);
    expect(output).toContain('FAIL build');
    expect(output).not.toContain('long.full.ts');
  });
});
