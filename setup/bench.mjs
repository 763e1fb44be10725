// npm run bench [-- --quick] [-- names]: the measurements of bench/ beside named peers in the same run, as bench/RESULTS.md.
import { join } from 'node:path';
import { build } from './build.mjs';
import { install } from './install.mjs';
import { run, whenStarted } from './run.mjs';

async function main() {
  const given = process.argv.slice(2);
  const names = given.filter((word) => word !== '--quick');
  await install();
  await build();
  const { code } = await run(process.execPath, [join('bench', 'run.mjs'), ...names], {
    env: given.includes('--quick') ? { BENCH_QUICK: '1' } : {},
    onOutput: (text) => process.stdout.write(text),
  });
  process.exitCode = code;
}

await whenStarted(import.meta.url, main);
