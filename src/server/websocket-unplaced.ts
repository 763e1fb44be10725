import type { Duplex } from 'node:stream';

/** Sockets of accounts that have no place: each costs a connection until it has one, or is gone, however long its client takes. */
export interface Unplaced {
  /** @returns how to say that it has a place now; null: its account has too many without one */
  enter(accountId: string, wire: Duplex): (() => void) | null;
}

/** @param max of one account */
export function createUnplaced(max: number): Unplaced {
  const wires = new Map<string, Set<Duplex>>();
  return {
    enter: (accountId, wire) => {
      const own = wires.get(accountId) ?? new Set();
      if (own.size >= max) return null;
      wires.set(accountId, own.add(wire));
      const leave = (): void => {
        own.delete(wire);
        if (own.size === 0 && wires.get(accountId) === own) wires.delete(accountId);
      };
      wire.once('close', leave);
      return leave;
    },
  };
}
