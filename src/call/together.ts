import type { Call, DeviceRef } from './call.js';
import type { StoreTime } from './deadline.js';
import type { Ledger, MoveOf, Moved } from './ledger.js';
import { unchanged, type Change } from './log.js';
import { heardFrom } from './party.js';
import type { Soon } from '../soon.js';
import type { Turns } from './turns.js';

/** Moves that are committed in one step at most: each may say as much as a message holds. */
const MOST = 8;

interface Member {
  readonly viewer: DeviceRef;
  readonly move: MoveOf<Change>;
  readonly resolve: (moved: Moved<never>) => void;
  readonly reject: (error: unknown) => void;
}

/** What became of one member: what its move returned, or threw. */
type Outcome = { readonly result: Change } | { readonly error: unknown };

interface Combined extends Change {
  readonly outcomes: readonly Outcome[];
}

/**
 * Moves of one call that wait for the same turn are committed in one step, one after the other: a device sends candidates faster
 * than a store answers. What one of them throws is its own; what it was told is true once the step is committed, as if each
 * had been alone.
 */
export class Together {
  readonly #ledger: Pick<Ledger, 'move'>;
  readonly #turns: Pick<Turns, 'isTaken'> | null;
  /** Of each call those that wait for a turn that has not begun, and are not full. */
  readonly #waiting = new Map<string, Member[]>();

  constructor(ledger: Pick<Ledger, 'move'>, turns: Pick<Turns, 'isTaken'> | null) {
    this.#ledger = ledger;
    this.#turns = turns;
  }

  /** See {@link Ledger.move}. */
  move<C extends Change>(callId: string, viewer: DeviceRef, move: MoveOf<C>): Soon<Moved<C>> {
    if (!this.#turns?.isTaken(callId)) return this.#ledger.move(callId, viewer, move);
    return new Promise<Moved<C>>((resolve, reject) => {
      const member: Member = { viewer, move, resolve: resolve as Member['resolve'], reject };
      const waiting = this.#waiting.get(callId);
      if (waiting && waiting.length < MOST) return void waiting.push(member);
      const members = [member];
      this.#waiting.set(callId, members);
      void this.#commit(callId, members);
    });
  }

  async #commit(callId: string, members: readonly Member[]): Promise<void> {
    try {
      const { loaded, result } = await this.#ledger.move(callId, null, (call, time) => {
        // Their turn has begun: who comes now waits for the next one.
        if (this.#waiting.get(callId) === members) this.#waiting.delete(callId);
        return combined(members, call, time);
      });
      for (const [i, { resolve, reject }] of members.entries()) {
        const outcome = result.outcomes[i] ?? { error: new TypeError('a move was left out') };
        if ('error' in outcome) reject(outcome.error);
        else resolve({ loaded, result: outcome.result as never });
      }
    } catch (error) {
      if (this.#waiting.get(callId) === members) this.#waiting.delete(callId);
      for (const { reject } of members) reject(error);
    }
  }
}

async function combined(members: readonly Member[], call: Call, time: StoreTime): Promise<Combined> {
  let change = unchanged(call);
  const outcomes: Outcome[] = [];
  for (const { viewer, move } of members) {
    try {
      const result = await move(change.call, time);
      change = {
        call: heardFrom(result.call, viewer, time.now),
        entries: [...change.entries, ...result.entries],
        dropped: [...change.dropped, ...result.dropped],
      };
      outcomes.push({ result });
    } catch (error) {
      outcomes.push({ error });
    }
  }
  return { ...change, outcomes };
}
