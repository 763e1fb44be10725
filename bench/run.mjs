// All measurements, one after the other, and what they found as RESULTS.md: `npm run bench`. `--quick`: less of each, in two
// minutes. Names: those alone, and nothing is written.
import { once } from 'node:events';
import { execFileSync, fork } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { ROUNDS, shown, table } from './support/harness.mjs';
import { reached, TARGETS } from './support/targets.mjs';

/** `flood` and `success` have figures of their own, in README.md, and are run by name. */
const ALL = ['calls', 'relay', 'nodes', 'waiting', 'growth', 'storm'];

const names = process.argv.slice(2);
const startedAt = performance.now();
const loadBefore = loadavg()[0];
const results = [];
for (const name of names.length > 0 ? names : ALL) {
  const from = performance.now();
  results.push(await runOne(name));
  process.stderr.write(`${name}: ${((performance.now() - from) / 1_000).toFixed(0)} s\n`);
}
const failed = results.filter(({ isFailed }) => isFailed);
const all = `${head()}\n\n${ratios()}\n\n${results.map(({ markdown }) => markdown).join('\n\n')}\n`;
if (names.length > 0) process.stdout.write(`${ratios()}\n`);
else {
  const file = process.env.BENCH_QUICK === '1' ? 'RESULTS.quick.md' : 'RESULTS.md';
  writeFileSync(fileURLToPath(new URL(file, import.meta.url)), all);
  process.stdout.write(`${ratios()}\n\nbench/${file}\n`);
}
if (failed.length > 0) process.exitCode = 1;

/** One that fails takes no other with it. */
async function runOne(name) {
  const child = fork(fileURLToPath(new URL(`${name}.mjs`, import.meta.url)));
  let found = null;
  child.on('message', (message) => (found = message));
  const [code] = await once(child, 'close');
  return code === 0 && found
    ? found
    : { markdown: `## ${name}\n\nIt failed, with exit code ${code}.`, ratios: {}, isFailed: true };
}

function versionOf(command) {
  try {
    return /[\d.]{3,}/.exec(execFileSync(command, ['--version'], { encoding: 'utf8' }))[0];
  } catch {
    return 'not installed';
  }
}

function head() {
  const lock = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8')).packages;
  const installed = ['ws', 'graphql', 'graphql-ws', 'peer', 'socket.io', 'mercurius', '@apollo/server', 'graphql-yoga'];
  const commit = versionOfTree();
  return [
    '# Results of `npm run bench`',
    'Written by that command; what each measurement is stands in [README](README.md). Medians, with the least and the most of all rounds in brackets. Compare within one run only.',
    table(
      ['', ''],
      [
        ['when, at which commit', `${new Date().toISOString().slice(0, 16)} UTC, ${commit}`],
        ['machine', `${cpus().length} × ${cpus()[0].model}, ${shown(totalmem() / 2 ** 30)} GiB, Linux ${release()}`],
        ['rounds', `${ROUNDS}, interleaved`],
        ['took', `${shown((performance.now() - startedAt) / 60_000)} minutes`],
        ['load of the machine before (1.0: one core has other work)', shown(loadBefore)],
        ['Node.js, redis-server', `${process.version}, ${versionOf('redis-server')}`],
        ['packages', installed.map((name) => `${name} ${lock[`node_modules/${name}`].version}`).join(', ')],
      ],
    ),
  ].join('\n\n');
}

function versionOfTree() {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' }).trim();
  } catch {
    return 'no git';
  }
}

function ratios() {
  const found = Object.assign({}, ...results.map((each) => each.ratios));
  const known = (value) => (value === null || value === undefined ? '-' : shown(value));
  return table(
    ['of medians in one run', 'c406053', '2026-11-27', 'now', 'must', 'aim', 'reached'],
    TARGETS.filter(([name]) => name in found || names.length === 0).map(
      ([name, words, first, second, must, aim, isGood]) => [
        words,
        known(first),
        known(second),
        known(found[name]),
        known(must),
        known(aim),
        reached(found[name], must, aim, isGood),
      ],
    ),
  );
}
