import { afterAll } from '@jest/globals';
import { spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface ProcessOptions {
  readonly args?: readonly string[];
  /** The whole environment but for PATH: nothing of the test run's own comes through. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Whether it is written to; else it reads the end of its input at once. */
  readonly input?: boolean;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface RunningProcess {
  readonly pid: number;
  /** What it has printed so far, standard output and standard error as they came. */
  output(): string;
  /** The first match in what it prints. Rejects when it ends without one, or does not print it in time. */
  printed(pattern: RegExp, withinMs?: number): Promise<RegExpExecArray>;
  /** Gives it a line to read. */
  write(line: string): void;
  /** Resolves when it has ended and its output is complete. */
  readonly ended: Promise<Exit>;
  /** SIGTERM, and SIGKILL to one that does not heed it. Idempotent. */
  stop(withinMs?: number): Promise<Exit>;
}

const running = new Set<number>();
// A test that fails halfway must not leave a process behind.
afterAll(() => running.forEach(kill));

/** Starts a program. Whoever starts it stops it, or waits for its end. */
export function startProcess(command: string, options: ProcessOptions = {}): RunningProcess {
  const { args = [], env = {}, cwd = ROOT, input = false } = options;
  const child = spawn(command, args, {
    cwd,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  if (!input) child.stdin.end();
  if (child.pid === undefined) throw new Error(`${command} cannot be started`);
  const { pid } = child;
  running.add(pid);

  let output = '';
  const listeners = new Set<() => void>();
  const tell = (): void => listeners.forEach((listener) => listener());
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      tell();
    });
  }
  let exit: Exit | null = null;
  const ended = new Promise<Exit>((resolve) => {
    child.once('close', (code, signal) => {
      exit = { code, signal };
      running.delete(pid);
      resolve(exit);
      tell();
    });
  });

  const printed = (pattern: RegExp, withinMs = 60_000): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const settle = (settled: () => void): void => {
        listeners.delete(look);
        clearTimeout(timer);
        settled();
      };
      const look = (): void => {
        const match = pattern.exec(output);
        if (match) settle(() => resolve(match));
        else if (exit) settle(() => reject(failure(`ended without printing ${pattern}`)));
      };
      const failure = (what: string): Error => new Error(`${command} ${what}; it printed:\n${withoutTokens(output)}`);
      const timer = setTimeout(() => settle(() => reject(failure(`did not print ${pattern}`))), withinMs);
      listeners.add(look);
      look();
    });

  const stop = async (withinMs = 10_000): Promise<Exit> => {
    if (!exit) child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), withinMs);
    await ended;
    clearTimeout(timer);
    return ended;
  };

  return { pid, output: () => output, printed, write: (line) => void child.stdin.write(`${line}\n`), ended, stop };
}

const BUILT = 'dist/server/main.js';
/** The same with its packages in one file, which starts in half the time: setup/one-file.mjs. */
const ONE_FILE = '.cache/server.mjs';

/** Starts the server as it was built. */
export function startServer(env: Readonly<Record<string, string>> = {}, file = BUILT): RunningProcess {
  return startProcess(process.execPath, { args: [file], env: { PORT: '0', ...env } });
}

/** Starts a server of which a suite needs that there is one. Not before `npm test` has made one file of it: as it was built. */
export function startOneFileServer(env: Readonly<Record<string, string>> = {}): RunningProcess {
  const changedAt = (file: string): number => statSync(join(ROOT, file), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return startServer(env, changedAt(ONE_FILE) > changedAt('dist/.built') ? ONE_FILE : BUILT);
}

/** Whether a process exists. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Waits until a condition holds that nothing announces, for example that another process is gone. */
export async function eventually(holds: () => boolean | Promise<boolean>, withinMs = 25_000): Promise<void> {
  const until = Date.now() + withinMs;
  while (!(await holds())) {
    if (Date.now() > until) throw new Error(`not within ${withinMs} ms: ${String(holds)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Waits until a count has begun to grow and does so no more. */
export async function untilStill(count: () => number, from = 0): Promise<void> {
  await eventually(() => count() > from);
  for (let before = from; before !== count();) {
    before = count();
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

function withoutTokens(text: string): string {
  return text.replace(/eyJ[\w-]+\.[\w-]+\.[\w-]+/g, '<token>').slice(-4_000);
}
