import { setTimeout as wait } from 'node:timers/promises';
import { actingForAll } from '../identity/acting.js';
import { before, deadlineIn, elapsed } from './deadline.js';
import type { Deadline } from './deadline.js';
import { asRedisError, RedisError } from './failure.js';
import type { RedisFailureReason } from './failure.js';
import type { Access } from './connection.js';
import type { Link } from './link.js';
import type { Listener } from './listener.js';
import { slotOf, SLOTS } from './slots.js';
import { Server } from './topology.js';
import type { Commands, Lane, ListenParts, Topology } from './topology.js';
import type { Address } from './url.js';

/** Each of them: a slot that moved is found at the second server asked, save while slots are moving. */
const MAX_REDIRECTIONS = 5;
const REFRESH_MS = 1_000;
/** However many commands fail at once. */
const REFRESH_PAUSE_MS = 100;
/** Slots move without telling who only listens: looked at this often even when everything seems well. */
const REFRESH_EVERY_MS = 5_000;

/** Failures after which another server may have the slot. */
const DOUBTFUL: ReadonlySet<RedisFailureReason> = new Set([
  'unreachable',
  'timeout',
  'cluster_down',
  'no_master',
  'read_only',
]);

/** Ranges of slots, each with its master's address first: the answer to CLUSTER SLOTS. */
type Ranges = readonly (readonly [from: number, to: number, master: readonly [host: Buffer | null, port: number]])[];

/**
 * The masters of a Redis Cluster and who has which slot. The client library's own cluster mode learns of a new master only from
 * a server that redirects it, so that the slots of one that died stay with the dead one; here the map is asked for anew.
 */
export class Cluster implements Topology {
  readonly sharded = true;
  readonly #access: Access;
  readonly #seeds: readonly Address[];
  readonly #servers = new Map<string, Server>();
  /** The address of each slot's master; undefined: unknown, or it has none. */
  #owners: readonly (string | undefined)[] = [];
  #masters: ReadonlySet<string> = new Set();
  readonly #listeners: ((moved: boolean) => void)[] = [];
  readonly #timer: NodeJS.Timeout;
  #refreshing: Promise<void> | null = null;
  #refreshedAt = -Infinity;
  #closed = false;
  /** The servers that were asked last are none that are trusted. */
  #untrusted = false;

  constructor(access: Access, seeds: readonly Address[]) {
    this.#access = access;
    this.#seeds = seeds;
    void this.doubt();
    this.#timer = setInterval(() => void this.doubt(), REFRESH_EVERY_MS).unref();
  }

  get isUp(): boolean {
    return this.#masters.size > 0 && [...this.#masters].every((address) => this.#servers.get(address)?.isUp);
  }

  async send(key: string, deadline: Deadline, commands: Commands, lane: Lane): Promise<readonly unknown[]> {
    const slot = slotOf(key);
    let asked: string | null = null;
    for (let redirections = 0; redirections < MAX_REDIRECTIONS; redirections++) {
      if (this.#owners[slot] === undefined) await before(deadline, this.doubt());
      const address: string | undefined = asked ?? this.#owners[slot];
      if (address === undefined || this.#closed) throw new RedisError('cluster_down');
      try {
        return await (asked
          ? this.#sendAsking(address, deadline, commands, lane)
          : this.#server(address).send(deadline, commands, lane));
      } catch (error) {
        const { reason, hint } = asRedisError(error);
        const [word, , target = ''] = hint?.split(' ') ?? [];
        if (word !== 'MOVED' && word !== 'ASK') {
          if (DOUBTFUL.has(reason)) void this.doubt();
          throw error;
        }
        asked = word === 'ASK' ? completed(target, address) : null;
        if (word === 'MOVED') this.#move(this.#owners.with(slot, completed(target, address)));
      }
    }
    throw new RedisError('cluster_down');
  }

  async servers(): Promise<readonly Server[]> {
    if (this.#masters.size === 0) await this.doubt();
    if (this.#masters.size === 0) throw new RedisError(this.#untrusted ? 'untrusted' : 'cluster_down');
    return [...this.#masters].map((address) => this.#server(address));
  }

  async homeOf(channel: string): Promise<string> {
    const slot = slotOf(channel);
    if (this.#owners[slot] === undefined) await this.doubt();
    const owner = this.#owners[slot];
    if (owner === undefined) throw new RedisError('cluster_down');
    return owner;
  }

  listen(home: string, parts: ListenParts): Link<Listener> {
    return this.#server(home).listen(parts);
  }

  /** Asks who has which slot, unless that is being asked already; a little later when it just was. */
  doubt(): Promise<void> {
    this.#refreshing ??= actingForAll(() => this.#refresh()).finally(() => {
      this.#refreshing = null;
      this.#refreshedAt = elapsed();
    });
    return this.#refreshing;
  }

  onLooked(listener: (moved: boolean) => void): void {
    this.#listeners.push(listener);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    await Promise.all([...this.#servers.values()].map((server) => server.close()));
    await this.#refreshing;
  }

  /** The slot is being moved there: the one command that follows ASKING is served. */
  async #sendAsking(address: string, deadline: Deadline, commands: Commands, lane: Lane): Promise<readonly unknown[]> {
    const asking: Commands = (route) => [['ASKING'], ...commands(route)];
    return (await this.#server(address).send(deadline, asking, lane)).slice(1);
  }

  #server(address: string): Server {
    const known = this.#servers.get(address);
    if (known) return known;
    const colon = address.lastIndexOf(':');
    const at = { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) };
    const server = new Server(this.#access, () => Promise.resolve(at));
    this.#servers.set(address, server);
    return server;
  }

  async #refresh(): Promise<void> {
    const pause = this.#refreshedAt + REFRESH_PAUSE_MS - elapsed();
    if (pause > 0) await wait(pause, null, { ref: false });
    const seeds = this.#seeds.map(({ host, port }) => `${host}:${port}`);
    const up = [...this.#servers].filter(([, server]) => server.isUp).map(([address]) => address);
    for (const address of new Set([...up, ...seeds])) {
      if (this.#closed) return;
      try {
        const [ranges] = await this.#server(address).send(
          deadlineIn(REFRESH_MS),
          () => [['CLUSTER', 'SLOTS']],
          'usual',
        );
        this.#take(ranges as Ranges, address);
        this.#untrusted = false;
        return;
      } catch (error) {
        // The next one may know.
        this.#untrusted = asRedisError(error).reason === 'untrusted';
      }
    }
  }

  #take(ranges: Ranges, from: string): void {
    const owners = new Array<string | undefined>(SLOTS).fill(undefined);
    for (const [first, last, [host, port]] of ranges)
      owners.fill(completed(`${host?.toString() ?? ''}:${port}`, from), first, last + 1);
    this.#move(owners);
    for (const [address, server] of this.#servers) {
      if (this.#masters.has(address)) continue;
      this.#servers.delete(address);
      void server.close();
    }
  }

  #move(owners: readonly (string | undefined)[]): void {
    const moved = owners.some((owner, slot) => owner !== this.#owners[slot]);
    this.#owners = owners;
    this.#masters = new Set(owners.filter((owner) => owner !== undefined));
    // So that a connection is under way before it is needed, and readiness is known of each.
    for (const address of this.#masters) this.#server(address);
    for (const listener of this.#listeners) listener(moved);
  }
}

/** A server that does not know under which name it is reached leaves its host out; an IPv6 address begins with a colon too. */
function completed(address: string, from: string): string {
  return /^:\d+$/.test(address) ? `${from.slice(0, from.lastIndexOf(':'))}${address}` : address;
}
