// Servers and load generators as processes of their own, and what they use.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** The server of this project, as it was built. */
export const OURS = new URL('../../dist/server/main.js', import.meta.url);
const METER = new URL('./meter.mjs', import.meta.url);

/** What is still running when this process has to go is taken along. */
const running = new Set();
const stopAll = () => running.forEach((child) => child.kill('SIGKILL'));

/** @returns the child and what stops it */
export function start(command, args, env, stdio) {
  if (process.listenerCount('exit', stopAll) === 0) {
    process.on('exit', stopAll);
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
  }
  const child = spawn(command, args, { env: { PATH: process.env.PATH, ...env }, stdio });
  running.add(child);
  child.once('exit', () => running.delete(child));
  const stop = async (signal = 'SIGTERM') => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), 8_000);
    await gone;
    clearTimeout(timer);
  };
  return { child, stop };
}

/**
 * Starts a server that names its port in a line.
 *
 * @returns port, stop(), usage() { cpuMicros } and memory() of its process, profile(work) of what it does meanwhile
 */
export async function startServer(file, env) {
  const args = ['--import', METER.href, fileURLToPath(file)];
  const { child, stop } = start(process.execPath, args, env, ['ignore', 'pipe', 'inherit', 'ipc']);
  const failed = new Promise((_, reject) =>
    child.once('exit', (code) => reject(new Error(`${file} ended with ${code}`))),
  );
  failed.catch(() => {});
  let last = Promise.resolve();
  const ask = (meter) => {
    const answer = last.then(async () => {
      child.send({ meter });
      return Promise.race([once(child, 'message').then(([message]) => message.meter), failed]);
    });
    last = answer.catch(() => {});
    return answer;
  };
  const port = new Promise((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const found = /(?:listening |http:\/\/[\w.]+:)(\d+)/.exec(line);
      if (found) resolve(Number(found[1]));
    });
  });
  return {
    port: await Promise.race([port, failed]),
    stop,
    usage: () => ask('usage'),
    memory: () => ask('memory'),
    profile: async (work) => {
      await ask('profile');
      await work();
      return ask('profiled');
    },
  };
}

/**
 * Starts a load generator: it says so when it is ready, and answers each message with one of its own. What it asks for
 * meanwhile is what the servers have used.
 *
 * @param usage of the servers: { cpuMicros }
 * @returns ask(message), and ends this process when the generator fails or takes too long
 */
export async function startLoad(file, env, { usage = null, mostMs = 120_000 } = {}) {
  const stdio = ['ignore', 'inherit', 'inherit', 'ipc'];
  const { child, stop } = start(process.execPath, [fileURLToPath(file)], env, stdio);
  let settle = null;
  child.on('message', async (message) => {
    if (message === 'usage') child.send({ usage: await usage() });
    else settle(message);
  });
  child.once('exit', (code) => {
    if (code !== null && code !== 0) throw new Error(`${file} ended with ${code}`);
  });
  const answer = (what) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${file}: ${what} took over ${mostMs} ms`)), mostMs);
      settle = (message) => {
        clearTimeout(timer);
        resolve(message);
      };
    });
  const ready = answer('the start');
  await ready;
  const ask = (message) => {
    const answered = answer(JSON.stringify(message));
    child.send(message);
    return answered;
  };
  return { ask, stop };
}

/** In a load generator: answers each message of the bench, and asks it what the servers have used. */
export function serveLoad(work) {
  let settle = null;
  const usage = () =>
    new Promise((resolve) => {
      settle = resolve;
      process.send('usage');
    });
  process.on('message', async (message) => {
    if (message.usage) settle(message.usage);
    else process.send(await work(message, usage));
  });
  process.send('ready');
}
