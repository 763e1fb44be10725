import type { Duplex } from 'node:stream';
import { LIMITS } from '../limits.js';

/** Sockets that found no place: each costs a connection until it is gone, however long its client takes. */
export interface TurnedAway {
  /** @returns whether it may wait and be told; else it is to be dropped at once */
  mayStay(accountId: string, wire: Duplex): boolean;
}

export function createTurnedAway(): TurnedAway {
  const counts = new Map<string, number>();
  return {
    mayStay: (accountId, wire) => {
      const count = counts.get(accountId) ?? 0;
      if (count >= LIMITS.socketsTurnedAwayPerAccount) return false;
      counts.set(accountId, count + 1);
      wire.once('close', () => {
        const left = (counts.get(accountId) ?? 1) - 1;
        if (left === 0) counts.delete(accountId);
        else counts.set(accountId, left);
      });
      return true;
    },
  };
}
