import type { Appended } from '../call/log.js';
import type { Newcomer, OnWake, WakeBus } from '../call/ports.js';
import type { Cipher, Place } from './cipher.js';
import { before } from './deadline.js';
import { Doubts } from './doubts.js';
import { asRedisError } from './failure.js';
import type { Link } from './link.js';
import type { Listener } from './listener.js';
import type { Names } from './names.js';
import { Owed } from './owed.js';
import type { Redis } from './redis.js';
import type { Topology } from './topology.js';
import { messageIn, textOf, type WakeMessage } from './wake-message.js';

/** Who is not listened for again within this time looks, in milliseconds: no more may be missed. */
const LOST_MS = 1_000;

/** Everybody in this process who listens for one account. */
interface Subscription {
  readonly channel: string;
  readonly listeners: Set<{ readonly onWake: OnWake }>;
  /** The server that it is on; null: not known yet. */
  home: string | null;
  /** The connection on which it was asked for; null: none yet, or it was ended there. */
  client: Listener | null;
  /** Settles when that connection delivers. */
  live: Promise<void>;
  /** Some connection has delivered, so that a new one takes over. */
  wasLive: boolean;
}

export interface RedisWakeBusParts {
  readonly redis: Redis;
  readonly topology: Topology;
  readonly cipher: Cipher;
  readonly names: Names;
  /** Is told of each wake-up of an account that somebody listens for here. */
  readonly onHeard: (message: WakeMessage) => void;
}

/** Wake-ups by PUBLISH, or SPUBLISH in a cluster: one channel an account, one connection a server for all that listen. */
export class RedisWakeBus implements WakeBus {
  readonly #redis: Redis;
  readonly #topology: Topology;
  readonly #cipher: Cipher;
  readonly #names: Names;
  readonly #onHeard: RedisWakeBusParts['onHeard'];
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #links = new Map<string, Link<Listener>>();
  readonly #doubts = new Doubts();
  readonly #owed = new Owed((channel) => this.#publish(channel, ''));
  /** Runs while somebody is not listened for. */
  #seeking: NodeJS.Timeout | null = null;
  #closed = false;

  constructor({ redis, topology, cipher, names, onHeard }: RedisWakeBusParts) {
    this.#redis = redis;
    this.#topology = topology;
    this.#cipher = cipher;
    this.#names = names;
    this.#onHeard = onHeard;
    topology.onLooked((moved) => void this.#follow(moved));
  }

  async subscribe(accountId: string, onWake: OnWake): Promise<() => Promise<void>> {
    const channel = this.#names.channel(accountId);
    const subscription = this.#subscriptions.get(channel) ?? newSubscription(channel);
    const listener = { onWake };
    this.#subscriptions.set(channel, subscription);
    subscription.listeners.add(listener);
    const unsubscribe = (): Promise<void> => {
      subscription.listeners.delete(listener);
      if (subscription.listeners.size === 0 && this.#subscriptions.get(channel) === subscription) {
        this.#subscriptions.delete(channel);
        this.#doubts.forget(subscription);
        this.#leave(subscription);
      }
      return Promise.resolve();
    };
    try {
      await this.#redis.guarded('subscribe', () => this.#settle(subscription));
      return unsubscribe;
    } catch (error) {
      void this.#topology.doubt();
      await unsubscribe();
      throw error;
    }
  }

  wake(accountIds: readonly string[], callId: string | null, appended?: Appended): void {
    if (this.#closed) return;
    const text = textOf({ callId, ...(appended && { appended }) });
    for (const accountId of accountIds) this.#say(accountId, text);
  }

  tellOf(accountId: string, came: Newcomer): void {
    if (!this.#closed) this.#say(accountId, textOf({ callId: null, came }));
  }

  /** Another node may have died before it told what it had committed. */
  doubt(): void {
    this.#doubts.raise(this.#subscriptions.values());
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#owed.close();
    this.#subscriptions.clear();
    clearInterval(this.#seeking ?? undefined);
    await Promise.all([...this.#links.values()].map((link) => link.close()));
  }

  #say(accountId: string, text: string): void {
    const channel = this.#names.channel(accountId);
    this.#publish(channel, text).catch(() => this.#owed.add(channel));
  }

  #publish(channel: string, text: string): Promise<void> {
    return this.#redis.publish(channel, this.#cipher.seal(text, placeOf(channel)));
  }

  /** Resolves when the channel is listened to on the server where it is at home. */
  async #settle(subscription: Subscription): Promise<void> {
    const deadline = this.#redis.deadline();
    await this.#redis.proved(deadline);
    subscription.home ??= await before(deadline, this.#topology.homeOf(subscription.channel));
    await this.#link(subscription.home).use(deadline, (client) => this.#ask(client, subscription));
    subscription.wasLive = true;
  }

  #link(home: string): Link<Listener> {
    const known = this.#links.get(home);
    if (known) return known;
    const link = this.#topology.listen(home, {
      prepare: (client) => this.#resume(home, client),
      onLost: () => this.#seek(),
    });
    this.#links.set(home, link);
    return link;
  }

  /** Who is not listened for is sought, and looks meanwhile, again and again: it cannot, and ends, or has missed nothing. */
  #seek(): void {
    if (this.#closed) return;
    this.#seeking ??= setInterval(() => {
      const deaf = [...this.#subscriptions.values()].filter((subscription) => this.#isDeaf(subscription));
      this.#doubts.raise(deaf);
      if (deaf.length > 0) return void this.#topology.doubt();
      clearInterval(this.#seeking ?? undefined);
      this.#seeking = null;
    }, LOST_MS).unref();
  }

  /** As the link says: a server that hangs takes connections and whatever is asked, and never answers. */
  #isDeaf({ home, client, wasLive }: Subscription): boolean {
    return wasLive && (client === null || this.#links.get(home ?? '')?.isUp !== true);
  }

  /** A new connection takes over: what was said since the last one broke was missed. */
  async #resume(home: string, client: Listener): Promise<void> {
    client.onMessage = this.#onMessage;
    client.onEnded = (channel) => this.#lost(this.#subscriptions.get(channel), client);
    const here = [...this.#subscriptions.values()].filter((subscription) => subscription.home === home);
    // One channel that has gone elsewhere costs the others nothing.
    await Promise.all(here.map((subscription) => this.#ask(client, subscription).catch(unlessMoved)));
    this.#doubts.raise(here.filter(({ wasLive }) => wasLive));
  }

  /** It is not listened to there any more: it is moved as soon as it is known who has its slot, be it the same server. */
  #lost(subscription: Subscription | undefined, client: Listener): void {
    if (subscription?.client !== client) return;
    subscription.client = null;
    this.#seek();
    void this.#topology.doubt();
  }

  /** Channels may be at home elsewhere now; and some may have been lost, and not been found again so far. */
  async #follow(moved: boolean): Promise<void> {
    const all = [...this.#subscriptions.values()];
    const astray = all.filter(({ client, wasLive }) => wasLive && (moved || client === null));
    await Promise.allSettled(astray.map((subscription) => this.#move(subscription)));
    const homes = new Set([...this.#subscriptions.values()].map(({ home }) => home));
    for (const [home, link] of this.#links) {
      if (homes.has(home)) continue;
      this.#links.delete(home);
      void link.close();
    }
  }

  /** @throws RedisError: it is tried again whenever it is asked who has which slot */
  async #move(subscription: Subscription): Promise<void> {
    const home = await this.#topology.homeOf(subscription.channel);
    const isThere = home === subscription.home && subscription.client !== null;
    if (subscription.home === null || isThere || this.#closed) return;
    if (home !== subscription.home) this.#leave(subscription);
    subscription.home = home;
    subscription.client = null;
    this.#seek();
    await this.#settle(subscription);
    this.#doubts.raise([subscription]);
  }

  /** Asks for the channel, unless this connection was asked already or nobody wants it any more. */
  #ask(client: Listener, subscription: Subscription): Promise<void> {
    const { channel } = subscription;
    if (subscription.client === client || this.#subscriptions.get(channel) !== subscription) return subscription.live;
    const live = client.ask(this.#topology.sharded ? 'SSUBSCRIBE' : 'SUBSCRIBE', channel);
    subscription.client = client;
    subscription.live = live;
    live.catch(() => this.#lost(subscription, client));
    return live;
  }

  #leave({ channel, client }: Subscription): void {
    const left = client?.ask(this.#topology.sharded ? 'SUNSUBSCRIBE' : 'UNSUBSCRIBE', channel);
    // The connection broke, or the slot went elsewhere, and the subscription with it.
    left?.catch(() => undefined);
  }

  #read(message: Buffer, channel: string): WakeMessage {
    try {
      return messageIn(this.#cipher.open(message, placeOf(channel)));
    } catch {
      return { callId: null };
    }
  }

  readonly #onMessage = (message: Buffer, channel: string): void => {
    const subscription = this.#subscriptions.get(channel);
    if (!subscription) return;
    if (subscription.home !== null) this.#links.get(subscription.home)?.heard();
    const heard = this.#read(message, channel);
    const { callId, appended, came } = heard;
    if (!came) this.#onHeard(heard);
    for (const { onWake } of subscription.listeners) onWake(callId, appended, came);
  };
}

function newSubscription(channel: string): Subscription {
  return { channel, listeners: new Set(), home: null, client: null, live: Promise.resolve(), wasLive: false };
}

function unlessMoved(error: unknown): void {
  if (!asRedisError(error).hint?.startsWith('MOVED')) throw error;
}

function placeOf(channel: string): Place {
  return { key: channel, field: 'wake', position: 0 };
}
