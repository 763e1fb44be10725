// npm run bench [-- names]: the measurements of bench/, each a table of ratios against named peers in the same run.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { build } from './build.mjs';
import { install } from './install.mjs';
import { ROOT, run, whenStarted } from './run.mjs';

const NOT_MEASUREMENTS = ['support.mjs'];

async function main() {
  const all = readdirSync(join(ROOT, 'bench')).filter(
    (file) => file.endsWith('.mjs') && !NOT_MEASUREMENTS.includes(file),
  );
  const wanted = process.argv.slice(2);
  await install();
  await build();
  for (const file of wanted.length > 0 ? wanted.map((name) => `${name}.mjs`) : all) {
    const { code } = await run(process.execPath, [join('bench', file)], {
      onOutput: (text) => process.stdout.write(text),
    });
    if (code !== 0) process.exitCode = 1;
  }
}

await whenStarted(import.meta.url, main);
