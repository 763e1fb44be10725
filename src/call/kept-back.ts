import type { Soon } from '../soon.js';
import type { Call, DeviceRef } from './call.js';
import { actorOf, legOf } from './call.js';
import type { LogEntry } from './log.js';
import type { CallStore } from './ports.js';

const LOG_PAGE = 100;

/** @returns what this leg has sent while the call rang: the log cannot grow before the answer is committed upon it */
export function keptBack(store: Pick<CallStore, 'log'>, call: Call, viewer: DeviceRef): Soon<readonly LogEntry[]> {
  const hasSome = actorOf(call, viewer) === 'LEG' && legOf(call, viewer.deviceId)?.keptBack === true;
  return hasSome ? readKeptBack(store, call, viewer) : [];
}

async function readKeptBack(
  store: Pick<CallStore, 'log'>,
  call: Call,
  { deviceId }: DeviceRef,
): Promise<readonly LogEntry[]> {
  const kept: LogEntry[] = [];
  for (let after = 0; after < call.lastPosition;) {
    const page = await store.log(call.id, after, LOG_PAGE);
    for (const entry of page)
      if (entry.told.kind === 'CANDIDATES' && entry.told.from === 'CALLEE' && entry.told.deviceId === deviceId)
        kept.push(entry);
    const last = page.at(-1);
    if (!last) break;
    after = last.position;
  }
  return kept;
}
