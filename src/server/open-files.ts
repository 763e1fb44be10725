import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { createSeldom } from '../events/seldom.js';
import type { Clock } from '../ports.js';
import type { Log } from './log.js';

/** Of what a process may have open, this much is left for other things than clients: Redis, providers, logs. */
const OTHERS = 256;
const EVERY_MS = 60_000;

/**
 * Takes no more connections than this process may have open files, less some for what else it opens: without them it could
 * reach neither Redis nor a provider. Linux would drop those on top without a word to anybody.
 */
export function boundByOpenFiles(server: Server, maxSockets: number, log: Log, clock: Clock): void {
  const limit = openFilesLimit();
  if (limit === null) return;
  const fields = { open_files: limit, max_sockets: maxSockets };
  server.maxConnections = limit - Math.min(OTHERS, Math.floor(limit / 2));
  if (server.maxConnections < maxSockets)
    log.warn('MAX_SOCKETS is more than this process may open: raise ulimit -n', fields);
  const drops = createSeldom({
    everyMs: EVERY_MS,
    clock,
    tell: (reason, count) =>
      log.error('Connections were dropped: this process has as many open as it may. Raise ulimit -n', {
        ...fields,
        reason,
        count,
      }),
  });
  server.on('drop', () => drops.happened('connection'));
}

/** getrlimit(2), RLIMIT_NOFILE. @returns null: it is not known on this system, or there is none */
function openFilesLimit(): number | null {
  try {
    const [, limit] = /^Max open files +(\d+) /m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    return limit === undefined ? null : Number(limit);
  } catch {
    return null;
  }
}
