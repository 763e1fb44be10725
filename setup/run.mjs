// What the scripts of this folder share: the repository's root, running a program, and being run themselves.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Runs a program, in the root, and resolves to its exit code and all it printed; `onOutput` sees that as it comes. `priority`: 1 to 19, the lowest. */
export function run(command, args, { cwd = ROOT, env = {}, priority = 0, onOutput = () => {} } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(child);
    // What is started while others are at work gives way to them.
    if (priority > 0 && child.pid !== undefined) setPriority(child.pid, priority);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        output += text;
        onOutput(text);
      });
    }
    child.on('error', (error) => resolve({ code: 127, output: `${command}: ${error.code}\n` }));
    child.on('close', (code) => {
      running.delete(child);
      // Its end is our doing, and nothing to report.
      if (!stopping) resolve({ code: code ?? 1, output });
    });
  });
}

/** Like `run`, but silent when all is well. @throws Error with what the program printed */
export async function runQuietly(command, args, options) {
  const { code, output } = await run(command, args, options);
  if (code !== 0) throw new Error(`${[command, ...args].join(' ')} failed with exit code ${code}\n${output}`);
}

/** A program of an installed package, as `npx` would find it. */
export function packageProgram(name) {
  return fileURLToPath(new URL(`../node_modules/.bin/${name}`, import.meta.url));
}

/** npm that is killed tells nobody: the end of our parent stands for the signal. */
export function endWithNpm() {
  if (process.env.npm_lifecycle_event === undefined) return;
  const npm = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === npm) return;
    // Once: a second signal would not wait for what the first one set off.
    clearInterval(watch);
    process.kill(process.pid, 'SIGTERM');
  }, 250);
  watch.unref();
}

/** A signal ends the programs that are being run, and then this one. @returns from now on somebody else sees to signals */
export function stopOnSignal() {
  const stop = async (signal) => {
    stopping = true;
    await Promise.all([...running].map((child) => child.kill(signal) && once(child, 'close')));
    release();
    process.kill(process.pid, signal);
  };
  const release = () => SIGNALS.forEach((signal) => process.off(signal, stop));
  for (const signal of SIGNALS) process.on(signal, stop);
  return release;
}

const SIGNALS = ['SIGINT', 'SIGTERM'];
const running = new Set();
let stopping = false;

/** Runs `main` when the script at `url` is the one that Node was started with. */
export async function whenStarted(url, main) {
  if (process.argv[1] !== fileURLToPath(url)) return;
  try {
    await main();
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
