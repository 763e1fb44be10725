import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises';
import { CONNECT_MS, type Access } from './connection.js';
import { atDeadline, before, deadlineIn, elapsed, type Deadline } from './deadline.js';
import { asRedisError, RedisError } from './failure.js';
import type { Address } from './url.js';

/** A listener with thousands of channels asks for all of them before it is ready. */
const PREPARE_MS = 3_000;
const PROBE_EVERY_MS = 1_000;
/** One that only listens is asked more often: what it does not hear, nobody misses. */
const PROBE_LISTENER_EVERY_MS = 300;
const SILENT_LISTENER_MS = 600;
const BACKOFF_MS = { first: 25, most: 500 } as const;

/** What it keeps up: one connection, once. */
export interface Connectable {
  readonly isOpen: boolean;
  connect(): Promise<unknown>;
  destroy(): void;
  on(event: 'error' | 'end', listener: () => void): unknown;
  once(event: 'connect', listener: () => void): unknown;
}

export interface LinkParts<Client extends Connectable> {
  readonly access: Access;
  readonly make: (address: Address, access: Access) => Client;
  /** Says where the server is; asked before each attempt, as another one may have become the master. */
  readonly locate: () => Promise<Address>;
  /** Makes a new connection fit for use; until then nobody else gets it. */
  readonly prepare: (client: Client) => Promise<void>;
  /** Fails when the connection is of no use any more. */
  readonly probe: (client: Client) => Promise<void>;
  /** It only listens, and this is called when it has lost its connection. */
  readonly onLost?: () => void;
}

type Ending = 'broken' | 'silent';
interface Connection<Client> {
  readonly client: Client;
  /** How it came to be of no use any more; null: it is of use. */
  ending: Ending | null;
}

/**
 * One connection that is kept up: made anew when it breaks, or when the server falls silent. What waits for an answer then
 * fails at once; nothing is sent a second time, and nothing is queued while there is no connection.
 */
export class Link<Client extends Connectable> {
  readonly #parts: LinkParts<Client>;
  /** Pending only while waiting is worth it; rejected while the server cannot be had, so that nobody waits for nothing. */
  #current: Promise<Connection<Client>>;
  /** Ends the connection, or the attempt at one. */
  #end: () => void = () => undefined;
  /** Ends a pause of its watch. */
  #stir: () => void = () => undefined;
  /** The one that can be used at once. */
  #up: Connection<Client> | null = null;
  /** When something came last, by this process's monotonic clock: one that is late with an answer is not silent. */
  #heardAt = -Infinity;
  #closed = false;
  readonly #ended: Promise<void>;
  readonly #probeEveryMs: number;
  readonly #silentMs: number;

  constructor(parts: LinkParts<Client>) {
    this.#parts = parts;
    const { silentMs } = parts.access;
    this.#probeEveryMs = parts.onLost ? PROBE_LISTENER_EVERY_MS : PROBE_EVERY_MS;
    this.#silentMs = parts.onLost ? Math.min(SILENT_LISTENER_MS, silentMs) : silentMs;
    this.#current = this.#open();
    this.#ended = this.#keepUp(this.#current);
  }

  get isUp(): boolean {
    return this.#up !== null;
  }

  /**
   * @param send must send whatever it sends before it waits for anything, so that it goes over one connection in one piece
   * @throws RedisError
   */
  use<Result>(deadline: Deadline, send: (client: Client) => Promise<Result>): Promise<Result> {
    if (this.#up) return this.#sendOn(this.#up, deadline, send);
    return before(deadline, this.#current).then(
      (connection) => this.#sendOn(connection, deadline, send),
      (error: unknown) => Promise.reject(asRedisError(error)),
    );
  }

  /** Makes few promises: each signal passes here several times. */
  #sendOn<Result>(
    connection: Connection<Client>,
    deadline: Deadline,
    send: (client: Client) => Promise<Result>,
  ): Promise<Result> {
    return new Promise((resolve, reject) => {
      const sentAt = elapsed();
      const fail = (error: unknown): void => {
        if (this.#isSilentSince(sentAt)) this.#finish(connection, 'silent');
        reject(asRedisError(error));
      };
      const answer = send(connection.client);
      const cancel = atDeadline(deadline, () => fail(new RedisError('timeout')));
      answer.then(
        (result) => {
          cancel();
          this.heard();
          resolve(result);
        },
        (error: unknown) => {
          cancel();
          this.heard();
          fail(error);
        },
      );
    });
  }

  /** Something came, though it was no answer: the server is there. */
  heard(): void {
    this.#heardAt = elapsed();
  }

  /** Gives up the present connection, as its server is not the right one any more. */
  drop(): void {
    this.#end();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.drop();
    await this.#ended;
  }

  async #keepUp(first: Promise<Connection<Client>>): Promise<void> {
    let attempt = first;
    for (let failures = 0; ; attempt = this.#open()) {
      if (failures === 0) this.#current = attempt;
      try {
        const connection = await attempt;
        const upSince = elapsed();
        this.#current = attempt;
        this.#up = connection;
        const how = await this.#watch(connection);
        this.#end();
        // One that breaks at once, again and again, is no better than none.
        const wasStable = elapsed() - upSince > PROBE_EVERY_MS;
        failures = how === 'broken' && wasStable ? 0 : failures + 1;
        this.#up = null;
        if (!this.#closed) this.#parts.onLost?.();
        if (failures > 0) this.#current = failed();
      } catch {
        failures++;
        this.#current = attempt;
      }
      if (this.#closed) return;
      if (failures === 0) continue;
      const pause = Math.min(BACKOFF_MS.most, BACKOFF_MS.first * 2 ** (failures - 1));
      await wait(pause * (0.5 + Math.random() / 2));
      if (this.#closed) return;
    }
  }

  async #open(): Promise<Connection<Client>> {
    const { access, locate, make, prepare } = this.#parts;
    const client = make(await locate(), access);
    const connection: Connection<Client> = { client, ending: null };
    for (const event of ['error', 'end'] as const) client.on(event, () => this.#finish(connection, 'broken'));
    let hasSocket = false;
    client.once('connect', () => (hasSocket = true));
    this.#end = () => {
      // Before it has its socket, ending it would not keep it from connecting.
      if (!hasSocket) client.once('connect', () => client.destroy());
      else if (client.isOpen) client.destroy();
    };
    try {
      await before(deadlineIn(2 * CONNECT_MS), client.connect());
      await before(deadlineIn(PREPARE_MS), prepare(client));
      if (this.#closed) throw new RedisError('unreachable');
      this.heard();
      return connection;
    } catch (error) {
      this.#end();
      throw asRedisError(error);
    }
  }

  async #watch(connection: Connection<Client>): Promise<Ending> {
    for (;;) {
      await this.#pause(connection, this.#probeEveryMs);
      if (connection.ending) return connection.ending;
      const askedAt = elapsed();
      let isAnswered = false;
      const answered = (): void => {
        isAnswered = true;
        this.heard();
        this.#stir();
      };
      this.#parts.probe(connection.client).then(answered, () => this.#finish(connection, 'broken'));
      while (!isAnswered) {
        const left = this.#silentMs - (elapsed() - Math.max(askedAt, this.#heardAt));
        await this.#pause(connection, Math.max(1, left));
        if (connection.ending) return connection.ending;
        // What came while this process was busy is read first.
        await nextTurn();
        if (!isAnswered && this.#isSilentSince(askedAt)) return 'silent';
      }
    }
  }

  /** No race with one long promise: that would keep all that ever raced with it. */
  async #pause({ ending }: Connection<Client>, ms: number): Promise<void> {
    if (ending) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms).unref();
      this.#stir = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #finish(connection: Connection<Client>, how: Ending): void {
    connection.ending ??= how;
    this.#stir();
  }

  #isSilentSince(askedAt: number): boolean {
    return elapsed() - Math.max(askedAt, this.#heardAt) >= this.#silentMs;
  }
}

function failed(): Promise<never> {
  const failure: Promise<never> = Promise.reject(new RedisError('unreachable'));
  failure.catch(() => undefined);
  return failure;
}
