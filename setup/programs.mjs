// Sees to the programs that the tests run against, and installs what is missing where that is possible: on Debian, as root.
import { accessSync, constants, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { runQuietly, whenStarted } from './run.mjs';

/** Which Debian package has which program. */
const PROGRAMS = [
  { program: 'turnserver', debian: 'coturn' },
  { program: 'turnutils_uclient', debian: 'coturn' },
  { program: 'redis-server', debian: 'redis-server' },
  { program: 'curl', debian: 'curl' },
  { program: 'chromium', debian: 'chromium' },
];

/** @throws Error naming each program that is missing and cannot be installed */
export async function programs(wanted = PROGRAMS) {
  const missing = () => wanted.filter(({ program }) => !isInstalled(program));
  if (missing().length === 0) return;

  const packages = [...new Set(missing().map(({ debian }) => debian))];
  const instead = `Install them by hand; on Debian: apt-get install ${packages.join(' ')}`;
  const named = () =>
    `Programs are missing: ${missing()
      .map(({ program }) => program)
      .join(', ')}.`;
  if (process.getuid?.() !== 0 || !isInstalled('apt-get')) throw new Error(`${named()} ${instead}`);

  console.log(`Installing ${packages.join(', ')} (apt-get) …`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  await startingNoService(async () => {
    await runQuietly('apt-get', ['update', '-q'], { env });
    await runQuietly('apt-get', ['install', '-q', '-y', '--no-install-recommends', ...packages], { env });
  }).catch((error) => {
    throw new Error(`${named()} ${instead}\n${error.message}`);
  });
  if (missing().length > 0) throw new Error(`${named()} ${instead}`);
}

export function isInstalled(program) {
  return (process.env.PATH ?? '').split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

const NO_SERVICE = '#!/bin/sh\n# Put here while voip-call-signaling installs packages.\nexit 101\n';

/**
 * Runs `work` while packages that are installed may start no service (invoke-rc.d asks this file). A policy that was there
 * comes back as it was, also the next time if this run is cut off.
 */
export async function startingNoService(work, policy = '/usr/sbin/policy-rc.d') {
  const saved = `${policy}.voip-call-signaling`;
  const restore = () => {
    if (existsSync(policy) && readFileSync(policy, 'utf8') === NO_SERVICE) rmSync(policy);
    if (existsSync(saved)) renameSync(saved, policy);
  };
  // A signal that ends apt-get must not end this script before it has tidied up.
  const wait = () => {};
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, wait);
  restore();
  try {
    if (existsSync(policy)) renameSync(policy, saved);
    writeFileSync(policy, NO_SERVICE, { mode: 0o755 });
    return await work();
  } finally {
    restore();
    for (const signal of ['SIGINT', 'SIGTERM']) process.off(signal, wait);
  }
}

await whenStarted(import.meta.url, () => programs());
