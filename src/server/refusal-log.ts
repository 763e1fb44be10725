import type { IncomingHttpHeaders } from 'node:http';
import { createRefusedOrigins } from '../events/refused-origins.js';
import { createSeldom } from '../events/seldom.js';
import type { Clock } from '../ports.js';
import type { Log } from './log.js';

const EVERY_MS = 60_000;
/** A page that may not use the service: a line a minute for each origin, with the host that the page was told. */
export function logRefusedOrigins(log: Log, clock: Clock): (headers: IncomingHttpHeaders) => void {
  return createRefusedOrigins(clock, (origin, host, count) =>
    log.warn('A page was refused: its origin is not in CORS_ORIGINS, nor is it that of the host', {
      origin,
      host,
      count,
    }),
  );
}

/** Those who have not said who they are asked for too much: a line a minute of each kind, whoever it was. */
export function createRefusedStrangers(log: Log, clock: Clock): (what: string) => void {
  const refusals = createSeldom({
    everyMs: EVERY_MS,
    clock,
    tell: (reason, count) =>
      log.warn('Refused before identity: too much from one address. Behind a proxy, is TRUST_PROXY set?', {
        reason,
        count,
      }),
  });
  return (what) => refusals.happened(what);
}

/** Connections had to make room for others of their account: a line a minute. */
export function createDroppedConnections(log: Log, clock: Clock): () => void {
  const drops = createSeldom({
    everyMs: EVERY_MS,
    clock,
    tell: (_subject, count) => log.warn('Idle connections were closed: one account has too many', { count }),
  });
  return () => drops.happened('connection');
}
