import { expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../support/process.js';

it('runs every case: a suite that leaves some to the long ones is run whole by one of them', () => {
  const folder = join(ROOT, 'test');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.test.ts'));
  const partial = files.filter((file) => /support\/full\.js/.test(readFileSync(join(folder, file), 'utf8')));
  expect(partial.length).toBeGreaterThan(5);
  for (const file of partial) {
    const long = readFileSync(join(folder, file.replace('.test.ts', '.full.ts')), 'utf8');
    expect(long).toContain(`import './${file.split('/').at(-1)!.replace('.ts', '.js')}';`);
  }
});
