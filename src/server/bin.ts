#!/usr/bin/env node
// `npx voip-call-signaling`: the standalone server, as `npm start` of the repository runs it once it is built.
import { load } from './packages.js';

const NO_ARGUMENTS = 'The server takes no arguments: settings are environment variables, as in PORT=4001.';

/**
 * npx that is stopped stops its shell, which tells nobody: the end of our parent stands for the signal. For npm the same is in
 * setup/run.mjs, which runs before anything is built and is not in the package.
 */
function endWithNpx(): void {
  if (process.env['npm_lifecycle_event'] === undefined) return;
  const shell = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === shell) return;
    clearInterval(watch);
    process.kill(process.pid, 'SIGTERM');
  }, 250);
  watch.unref();
}

try {
  if (process.argv.length > 2) throw new Error(NO_ARGUMENTS);
  endWithNpx();
  await load(import('./main.js'));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
