// The programs of the example: started, started again when they end, and stopped with it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));
const AGAIN_MS = 1_000;
const START_MS = 60_000;
const STOP_MS = 5_000;

const running = new Set();
let stopping = false;

/** The port that a variable names; for 0 one that is free. */
export async function portOf(variable, usual) {
  const port = Number(process.env[variable] ?? usual);
  if (port !== 0) return port;
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const free = server.address().port;
  server.close();
  await once(server, 'close');
  return free;
}

/**
 * Runs a script of Node.js, and again whenever it ends, as any process manager would.
 *
 * @param onOutput what becomes of what it prints to standard output; left out, it is printed
 */
export function keepRunning(name, args, env, onOutput) {
  const child = spawn(process.execPath, args, {
    cwd: FOLDER,
    env: { LOG_LEVEL: 'warn', ...process.env, ...env },
    stdio: ['ignore', onOutput ? 'pipe' : 'inherit', 'inherit'],
  });
  console.log(`${name} is process ${child.pid}`);
  if (onOutput) child.stdout.setEncoding('utf8').on('data', onOutput);
  running.add(child);
  child.once('exit', () => {
    running.delete(child);
    if (!stopping) setTimeout(() => stopping || keepRunning(name, args, env, onOutput), AGAIN_MS);
  });
}

/** Resolves when something answers by HTTP, whatever it says. */
export async function answering(url) {
  const until = Date.now() + START_MS;
  while (!(await fetch(url, { headers: { connection: 'close' } }).catch(() => null))) {
    if (Date.now() > until) throw new Error(`Nothing answers at ${url}.`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

export async function stopAll() {
  stopping = true;
  const ended = [...running].map(async (child) => {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await once(child, 'exit');
    clearTimeout(timer);
  });
  await Promise.all(ended);
}
