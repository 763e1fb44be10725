import { LIMITS } from '../limits.js';
import type { Clock } from '../ports.js';
import { networkOf } from './proxies.js';

/** A socket that has not said whose it is. */
export interface Stranger {
  readonly isKnown: boolean;
  /**
   * Takes one of the places of those who have said nothing yet. When all are taken, the one that has said nothing for longest
   * makes room.
   *
   * @returns false: not at this time
   */
  mayComeIn(): boolean;
  /** It has sent a token: while that is looked at, however long it takes, no other one takes its place. */
  spoke(): void;
  /** It has: from here on it counts no more, and never did. */
  identified(): void;
  /** It is gone, or was refused. */
  left(): void;
}

/**
 * What may be asked of this process by those who have not said who they are, by client address. Only what was not accepted
 * is counted, so that people behind one address do not lock each other out.
 */
export interface Strangers {
  /** How many addresses are told apart at present. */
  readonly addresses: number;
  /**
   * A socket is asked for. When its address has too many, the one that has said nothing for longest makes room.
   *
   * @param drop closes the socket
   * @returns null: its address has too many
   */
  enter(address: string, drop: () => void): Stranger | null;
  /** A token was refused. @returns whether there were too many of them, so that the answer is 429 */
  refusedToken(address: string): boolean;
  /** A request without a good token. @returns whether there are too many, or they are too long */
  anonymousRequest(address: string, bytes: number): boolean;
}

/** How long a socket may be silent before another one takes its place, in milliseconds. */
const PATIENCE_MS = 1_000;
/** What the shortest request counts for, in bytes: its headers cost as much as that. */
const LEAST_BYTES = 4_096;
/** Addresses told apart. With more of them in one second, those that come on top share one account. */
const ADDRESSES = 10_000;

interface Waiting {
  /** When it came in, by the clock; null: it has not, and could not say anything. */
  since: number | null;
  hasSpoken: boolean;
  readonly drop: () => void;
  readonly tally: Tally;
}

interface Tally {
  /** Oldest first. */
  readonly waiting: Set<Waiting>;
  /** Begin of the second that is counted, by the clock. */
  since: number;
  sockets: number;
  tokens: number;
  bytes: number;
}

export interface StrangersOptions {
  readonly clock: Clock;
  /** Told of each refusal. */
  readonly onRefused?: (what: 'socket' | 'token' | 'request') => void;
}

export function createStrangers({ clock, onRefused = () => {} }: StrangersOptions): Strangers {
  const tallies = new Map<string, Tally>();
  const others = newTally(clock.elapsed());
  const waiting = new Set<Waiting>();
  let sweptAt = clock.elapsed();

  function tallyOf(address: string): Tally {
    const name = networkOf(address);
    const now = clock.elapsed();
    let tally = tallies.get(name);
    if (!tally) {
      if (tallies.size >= ADDRESSES) sweep(now);
      if (tallies.size >= ADDRESSES) tally = others;
      else tallies.set(name, (tally = newTally(now)));
    }
    if (now - tally.since >= 1_000) Object.assign(tally, { since: now, sockets: 0, tokens: 0, bytes: 0 });
    return tally;
  }

  /** At most once a second, so that a flood of addresses does not pay for it each time. */
  function sweep(now: number): void {
    if (now - sweptAt < 1_000) return;
    sweptAt = now;
    for (const [name, tally] of tallies) {
      if (tally.waiting.size === 0 && now - tally.since >= 1_000) tallies.delete(name);
    }
  }

  function leave(socket: Waiting): boolean {
    waiting.delete(socket);
    return socket.tally.waiting.delete(socket);
  }

  /** @returns whether there is room in a set: the oldest may have been dropped for it */
  function hasRoom(set: ReadonlySet<Waiting>, max: number): boolean {
    if (set.size < max) return true;
    const oldest = firstSilent(set);
    if (!oldest || clock.elapsed() - (oldest.since ?? 0) < PATIENCE_MS) return false;
    oldest.drop();
    if (leave(oldest)) oldest.tally.sockets += 1;
    return true;
  }

  return {
    get addresses() {
      return tallies.size;
    },
    enter: (address, drop) => {
      const tally = tallyOf(address);
      const mayEnter =
        tally.sockets < LIMITS.silentSocketsPerAddressAndSecond &&
        hasRoom(tally.waiting, LIMITS.silentSocketsPerAddress);
      if (!mayEnter) {
        onRefused('socket');
        return null;
      }
      const socket: Waiting = { since: null, hasSpoken: false, drop, tally };
      tally.waiting.add(socket);
      let isKnown = false;
      return {
        get isKnown() {
          return isKnown;
        },
        mayComeIn: () => {
          if (!hasRoom(waiting, LIMITS.silentSockets)) return false;
          socket.since = clock.elapsed();
          if (tally.waiting.has(socket)) waiting.add(socket);
          return true;
        },
        spoke: () => {
          socket.hasSpoken = true;
        },
        identified: () => {
          isKnown = true;
          leave(socket);
        },
        left: () => {
          if (leave(socket)) tallyOf(address).sockets += 1;
        },
      };
    },
    refusedToken: (address) => {
      const tally = tallyOf(address);
      tally.tokens += 1;
      if (tally.tokens <= LIMITS.refusedTokensPerAddressAndSecond) return false;
      onRefused('token');
      return true;
    },
    anonymousRequest: (address, bytes) => {
      const tally = tallyOf(address);
      tally.bytes += Math.max(bytes, LEAST_BYTES);
      if (tally.bytes <= LIMITS.anonymousBytesPerAddressAndSecond) return false;
      onRefused('request');
      return true;
    },
  };
}

function firstSilent(sockets: ReadonlySet<Waiting>): Waiting | null {
  for (const socket of sockets) if (!socket.hasSpoken && socket.since !== null) return socket;
  return null;
}

function newTally(since: number): Tally {
  return { waiting: new Set(), since, sockets: 0, tokens: 0, bytes: 0 };
}
