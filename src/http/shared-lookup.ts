import { lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';

/**
 * The system's name lookup for one host, at most one at a time, however many connections wait for it. While DNS is
 * silent a lookup holds a thread for many seconds, whatever deadline we have, and signatures are checked by the same few
 * threads.
 *
 * @param lookup what looks names up
 */
export function createSharedLookup(lookup: LookupFunction = systemLookup as LookupFunction): LookupFunction {
  let waiting: Parameters<LookupFunction>[2][] = [];
  return (hostname, options, callback) => {
    waiting.push(callback);
    if (waiting.length > 1) return;
    lookup(hostname, options, (...result) => {
      const told = waiting;
      waiting = [];
      for (const tell of told) tell(...result);
    });
  };
}
