import { LIMITS } from '../limits.js';
import type { Deadline } from './deadline.js';
import { before } from './deadline.js';
import { OwnCrowd, RedisError } from './failure.js';

/** How many operations go at once over a connection, and how many wait for it. */
interface Bound {
  readonly atOnce: number;
  readonly waiting: number;
}

export interface TurnLimits {
  readonly all: Bound;
  readonly account: Bound;
  /** What is done for no account: sweeps, beats, sockets that begin. */
  readonly service: Bound;
}

/** Far less at once than makes a server late, and enough to keep it busy at some milliseconds' distance. */
export const USUAL_TURNS: TurnLimits = {
  all: { atOnce: 256, waiting: 50_000 },
  account: { atOnce: LIMITS.storeOperationsAtOnce, waiting: LIMITS.storeOperationsWaiting },
  service: { atOnce: 64, waiting: 50_000 },
};

/** Gives a turn back. Once, however often it is called. */
export type Release = () => void;

interface Party {
  readonly name: string | null;
  readonly bound: Bound;
  busy: number;
  readonly waiting: Set<(release: Release) => void>;
}

/**
 * Who may use a shared connection next. Parties take turns, and each has a bounded share: however much one of them asks for,
 * the others wait for no more than a round. A party is an account, or the service itself.
 */
export class Turns {
  readonly #limits: TurnLimits;
  /** Those that use the connection or wait for it, and no others. */
  readonly #parties = new Map<string | null, Party>();
  /** Those that have someone waiting and a share left, in the order of their turns. */
  readonly #round = new Set<Party>();
  #busy = 0;
  #waiting = 0;

  constructor(limits: TurnLimits = USUAL_TURNS) {
    this.#limits = limits;
  }

  /** How many parties are remembered at present. */
  get parties(): number {
    return this.#parties.size;
  }

  /** How many operations wait at present. */
  get waiting(): number {
    return this.#waiting;
  }

  /**
   * @param name the account; null: the service itself
   * @returns at once where nobody has to be waited for
   * @throws OwnCrowd the account has too many waiting already, and nothing was done; RedisError `crowded`: all have; `timeout`:
   *   no turn came in time
   */
  take(name: string | null, deadline: Deadline): Release | Promise<Release> {
    const { all } = this.#limits;
    const party = this.#parties.get(name) ?? this.#meet(name);
    if (this.#busy < all.atOnce && party.busy < party.bound.atOnce && this.#round.size === 0) return this.#give(party);
    const isFull = party.waiting.size >= party.bound.waiting;
    if (isFull || this.#waiting >= all.waiting) {
      this.#forget(party);
      throw isFull && name !== null ? new OwnCrowd() : new RedisError('crowded');
    }
    return this.#wait(party, deadline);
  }

  #meet(name: string | null): Party {
    const bound = name === null ? this.#limits.service : this.#limits.account;
    const party = { name, bound, busy: 0, waiting: new Set<(release: Release) => void>() };
    this.#parties.set(name, party);
    return party;
  }

  async #wait(party: Party, deadline: Deadline): Promise<Release> {
    let called: (release: Release) => void = () => undefined;
    const turn = new Promise<Release>((resolve) => (called = resolve));
    party.waiting.add(called);
    this.#waiting++;
    this.#enlist(party);
    try {
      return await before(deadline, turn);
    } catch (error) {
      if (party.waiting.delete(called)) this.#waiting--;
      // It was called just as its time was up.
      else void turn.then((release) => release());
      if (party.waiting.size === 0) this.#round.delete(party);
      this.#forget(party);
      throw error;
    }
  }

  #give(party: Party): Release {
    party.busy++;
    this.#busy++;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      party.busy--;
      this.#busy--;
      this.#enlist(party);
      this.#call();
      this.#forget(party);
    };
  }

  #enlist(party: Party): void {
    if (party.waiting.size > 0 && party.busy < party.bound.atOnce) this.#round.add(party);
  }

  /** Calls the next of each party in turn. */
  #call(): void {
    for (const party of this.#round) {
      if (this.#busy >= this.#limits.all.atOnce) return;
      this.#round.delete(party);
      const [called] = party.waiting;
      if (!called) continue;
      party.waiting.delete(called);
      this.#waiting--;
      called(this.#give(party));
      // A Set iterates over what is added meanwhile too: the party stands behind all others now.
      this.#enlist(party);
    }
  }

  #forget(party: Party): void {
    if (party.busy === 0 && party.waiting.size === 0) this.#parties.delete(party.name);
  }
}
