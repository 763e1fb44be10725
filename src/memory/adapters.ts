import type { Clock } from '../ports.js';
import { MemoryAccountIndex } from './account-index.js';
import { MemoryCallStore } from './call-store.js';
import { MemoryPresence } from './presence.js';
import { MemoryWakeBus } from './wake-bus.js';

/** What calls stand on in a process of its own: everything is in its memory. */
export function createMemoryAdapters(clock: Clock) {
  return {
    callStore: new MemoryCallStore(clock),
    accountIndex: new MemoryAccountIndex(clock),
    presence: new MemoryPresence(clock),
    wakeBus: new MemoryWakeBus(),
  };
}
