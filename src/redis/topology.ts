import { actingAccount, watchActing } from '../identity/acting.js';
import { caught, next, type Soon } from '../soon.js';
import { elapsed } from './deadline.js';
import type { Deadline } from './deadline.js';
import { RedisError } from './failure.js';
import { connectionTo, type Access, type Client } from './connection.js';
import { Link, type LinkParts } from './link.js';
import { Listener } from './listener.js';
import { ServerClock } from './server-clock.js';
import { Turns, USUAL_TURNS } from './turns.js';
import type { Release, TurnLimits } from './turns.js';
import type { Address } from './url.js';

export type Command = readonly (string | Buffer)[];

/** What is known of the connection that commands go to. */
export interface Route {
  /** From then on nothing may be changed: Unix milliseconds by the server's clock, as text. */
  readonly giveUpAt: string;
  /** @returns whether a script was sent there before; the next time it was */
  knows(sha: string): boolean;
}

/** What becomes of a connection to listen over. */
export type ListenParts = Pick<LinkParts<Listener>, 'prepare' | 'onLost'>;

export type Commands = (route: Route) => readonly Command[];

/** The servers that hold the data, whichever of them holds what. */
export interface Topology {
  /** Channels are spread over the servers as keys are (SSUBSCRIBE, Redis 7). */
  readonly sharded: boolean;
  readonly isUp: boolean;
  /**
   * Sends commands in one piece, to the server that has the key.
   *
   * @param lane `replicated`: a connection of its own, so that waiting for replicas holds nothing else up
   * @throws RedisError
   */
  send(key: string, deadline: Deadline, commands: Commands, lane: Lane): Promise<readonly unknown[]>;
  /**
   * @returns a name for the server on which the channel is to be listened to
   * @throws RedisError `cluster_down`: there is none at present
   */
  homeOf(channel: string): Promise<string>;
  /** A connection to a home, for listening. */
  listen(home: string, parts: ListenParts): Link<Listener>;
  /** All that hold data, as far as they are known. @throws RedisError where none is */
  servers(): Promise<readonly Server[]>;
  /** Something is not where it was: resolves when it has been found out. */
  doubt(): Promise<void>;
  /** @param listener is called when it was found out who has what; `moved`: it is not as it was before */
  onLooked(listener: (moved: boolean) => void): void;
  close(): Promise<void>;
}

export type Lane = 'usual' | 'replicated';

/** One after the other waits for the replicas, so that more at once would only make a longer queue in the server. */
const REPLICATED_TURNS: TurnLimits = {
  ...USUAL_TURNS,
  all: { ...USUAL_TURNS.all, atOnce: 64 },
  account: { ...USUAL_TURNS.account, atOnce: 4 },
};

/** One data server, and the connections to it. */
export class Server {
  readonly #access: Access;
  readonly #locate: () => Promise<Address>;
  readonly #clock = new ServerClock();
  readonly #lanes = new Map<Lane, { readonly link: Link<Client>; readonly turns: Turns }>();
  readonly #scripts = new WeakMap<Client, Set<string>>();

  constructor(access: Access, locate: () => Promise<Address>) {
    this.#access = access;
    this.#locate = locate;
    watchActing();
    this.#lane('usual');
  }

  get isUp(): boolean {
    return this.#lane('usual').link.isUp;
  }

  /** @throws RedisError */
  send(deadline: Deadline, commands: Commands, lane: Lane): Promise<readonly unknown[]> {
    const { link, turns } = this.#lane(lane);
    const work = (): Soon<readonly unknown[]> =>
      next(turns.take(actingAccount(), deadline), (release) => this.#sendOn(link, release, deadline, commands));
    return caught(work, (error) => {
      // It is not the master any more: ask where that is.
      if (error instanceof RedisError && (error.reason === 'read_only' || error.reason === 'no_master')) link.drop();
      return Promise.reject(error as Error);
    }) as Promise<readonly unknown[]>;
  }

  /** What was given up is still on its way: its turn ends with its answer. */
  #sendOn(link: Link<Client>, release: Release, deadline: Deadline, commands: Commands): Promise<readonly unknown[]> {
    let isSent = false;
    const sent = link.use(deadline, (client) => {
      const replies = commands(this.#routeTo(client, deadline)).map((command) => client.sendCommand<unknown>(command));
      isSent = true;
      const [only] = replies;
      if (replies.length > 1 || !only) {
        void Promise.allSettled(replies).then(release);
        return Promise.all(replies);
      }
      return only.then(
        (reply) => {
          release();
          return [reply];
        },
        (error: Error) => {
          release();
          throw error;
        },
      );
    });
    return isSent ? sent : sent.finally(() => isSent || release());
  }

  listen(parts: ListenParts): Link<Listener> {
    const make = (address: Address, access: Access): Listener => new Listener(address, access);
    const probe = (listener: Listener): Promise<void> => listener.ask('PING');
    return new Link({ access: this.#access, locate: this.#locate, make, probe, ...parts });
  }

  async close(): Promise<void> {
    await Promise.all([...this.#lanes.values()].map(({ link }) => link.close()));
  }

  #routeTo(client: Client, deadline: Deadline): Route {
    const giveUpAt = this.#clock.at(deadline);
    if (giveUpAt === null) throw new RedisError('unreachable');
    const scripts = this.#scripts.get(client) ?? new Set();
    this.#scripts.set(client, scripts);
    return { giveUpAt: `${giveUpAt}`, knows: (sha) => scripts.size === scripts.add(sha).size };
  }

  #lane(lane: Lane): { readonly link: Link<Client>; readonly turns: Turns } {
    const known = this.#lanes.get(lane);
    if (known) return known;
    const measure = (client: Client): Promise<void> => this.#measure(client);
    const parts = { access: this.#access, locate: this.#locate, prepare: measure, probe: measure };
    const link = new Link({ ...parts, make: connectionTo });
    const made = { link, turns: new Turns(lane === 'usual' ? USUAL_TURNS : REPLICATED_TURNS) };
    this.#lanes.set(lane, made);
    return made;
  }

  async #measure(client: Client): Promise<void> {
    const sentAt = elapsed();
    const [time, [role]] = await Promise.all([
      client.sendCommand<readonly [Buffer, Buffer]>(['TIME']),
      client.sendCommand<readonly [Buffer]>(['ROLE']),
    ]);
    // A replica would answer too, with what was true a while ago.
    if (role.toString() !== 'master') throw new RedisError('no_master');
    this.#clock.measured(msOf(time), sentAt, elapsed());
  }
}

/** @returns Unix milliseconds, from the answer to TIME */
function msOf([seconds, microseconds]: readonly [Buffer, Buffer]): number {
  return Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000);
}

/** One server; or whichever of several the Sentinels say is the master. */
export class SingleServer implements Topology {
  readonly sharded = false;
  readonly #server: Server;

  constructor(access: Access, locate: () => Promise<Address>) {
    this.#server = new Server(access, locate);
  }

  get isUp(): boolean {
    return this.#server.isUp;
  }

  send(_key: string, deadline: Deadline, commands: Commands, lane: Lane): Promise<readonly unknown[]> {
    return this.#server.send(deadline, commands, lane);
  }

  servers(): Promise<readonly Server[]> {
    return Promise.resolve([this.#server]);
  }

  homeOf(): Promise<string> {
    return Promise.resolve('master');
  }

  listen(_home: string, parts: ListenParts): Link<Listener> {
    return this.#server.listen(parts);
  }

  doubt(): Promise<void> {
    return Promise.resolve();
  }

  onLooked(): void {
    // There is nowhere else to look.
  }

  close(): Promise<void> {
    return this.#server.close();
  }
}
