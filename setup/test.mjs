// npm test [-- jest arguments], and npm run test:full for the long suites: all that a change has to pass.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from './build.mjs';
import { install } from './install.mjs';
import { programs } from './programs.mjs';
import { packageProgram, ROOT, run, runQuietly, whenStarted } from './run.mjs';

/** Without these nothing else can be said: the first that fails is the end. */
const PREPARATIONS = [
  { name: 'packages', work: install },
  { name: 'programs', work: () => programs() },
  { name: 'build', work: build },
  // Its bundler is there only when the packages are.
  { name: 'server as one file', work: async () => (await import('./one-file.mjs')).oneFile() },
];

/** Has packages of its own. The long suites run it by several processes at a time, which must not all install them. */
const SUPERGRAPH = join(ROOT, 'examples/supergraph');

/** All are run, beside the tests and behind them, whichever fails. */
const CHECKS = [
  { name: 'lint', command: 'eslint', args: ['.'] },
  { name: 'format', command: 'prettier', args: ['--check', '--log-level=warn', '.'] },
  { name: 'types', command: 'tsc', args: ['--noEmit'] },
  { name: 'types of the web page', command: 'tsc', args: ['--noEmit', '-p', 'examples/web'] },
  // npm ci refuses a lock file that misses what other platforms need, which npm install leaves out without a word.
  { name: 'lock file', work: () => runQuietly('npm', ['ci', '--dry-run', '--loglevel=error']) },
  { name: 'Redis scripts', work: () => runScript('setup/redis-scripts.mjs', '--check') },
  { name: 'schema', work: () => runScript('setup/schema.mjs', '--check') },
  // What may surprise clients is no failure, but is said.
  { name: 'released schema', work: async () => print(await runScript('setup/released-schema.mjs')) },
  { name: 'documents', command: 'graphql-codegen', args: ['--check'] },
];

/** Long suites have names of their own, so that neither command runs the other's. */
const LONG_SUITES = ['--testMatch', '**/test/**/*.full.ts'];

let printed = '';

function print(text) {
  printed += text;
  process.stdout.write(text);
}

/** @returns whether the step succeeded */
async function step({ name, work, command, args }) {
  const startedAt = Date.now();
  const failure = await (work ? work() : runScript(packageProgram(command), ...args)).then(
    () => null,
    (error) => error.message,
  );
  print(`${failure === null ? 'ok  ' : 'FAIL'} ${name} (${((Date.now() - startedAt) / 1000).toFixed(1)} s)\n`);
  if (failure !== null) print(`${failure.trimEnd()}\n`);
  return failure === null;
}

/** Tests leave a core idle now and then, as they wait. */
const BEHIND = 10;

/** @returns how many of the steps failed */
async function steps(all) {
  let failed = 0;
  for (const each of all) if (!(await step(each))) failed += 1;
  return failed;
}

async function runScript(script, ...args) {
  const { code, output } = await run(process.execPath, [script, ...args], { priority: BEHIND });
  if (code !== 0) throw new Error(output);
  return output;
}

async function runJest(full, args) {
  const directory = mkdtempSync(join(tmpdir(), 'jest-result-'));
  const resultFile = join(directory, 'result.json');
  const jest = [
    packageProgram('jest'),
    '--ci',
    '--json',
    `--outputFile=${resultFile}`,
    ...(full ? LONG_SUITES : []),
    ...args,
  ];
  const nodeOptions = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  const env = { NODE_OPTIONS: nodeOptions.join(' '), ...(full && { FULL: '1' }) };
  try {
    const { code } = await run(process.execPath, jest, { env, onOutput: print });
    const result = existsSync(resultFile) ? JSON.parse(readFileSync(resultFile, 'utf8')) : null;
    const passed = result?.numPassedTests ?? 0;
    const failed = (result?.numFailedTests ?? 0) + (result?.numRuntimeErrorTestSuites ?? 0);
    // No tests, or an exit code that the figures do not explain, is a failure like any other.
    return { passed, failed: failed === 0 && (code !== 0 || passed === 0) ? 1 : failed };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** @returns the names, never the values, of the stand-ins for secrets that were printed */
function leakedCanaries() {
  const canaries = JSON.parse(readFileSync(join(ROOT, 'test/support/canaries.json'), 'utf8'));
  return Object.keys(canaries).filter((name) => printed.includes(canaries[name]));
}

async function main() {
  const full = process.argv[2] === '--full';
  const jestArgs = process.argv.slice(full ? 3 : 2);
  const tests = { passed: 0, failed: 0 };

  let ready = true;
  for (const preparation of PREPARATIONS) ready &&= await step(preparation);
  if (full && existsSync(SUPERGRAPH)) {
    ready &&= await step({ name: 'packages of examples/supergraph', work: () => install(SUPERGRAPH) });
  }
  if (!ready) tests.failed += 1;
  else {
    const [unfit, { passed, failed }] = await Promise.all([steps(full ? [] : CHECKS), runJest(full, jestArgs)]);
    tests.passed += passed;
    tests.failed += unfit + failed;
  }
  for (const name of leakedCanaries()) {
    print(`FAIL a secret was printed: ${name} of test/support/canaries.json\n`);
    tests.failed += 1;
  }
  print(`${tests.passed} passed, ${tests.failed} failed\n`);
  process.exitCode = tests.failed > 0 ? 1 : 0;
}

await whenStarted(import.meta.url, main);
