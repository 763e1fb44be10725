import type { Appended } from '../call/log.js';
import type { Newcomer, OnWake, WakeBus } from '../call/ports.js';
import type { Cipher, Place } from './cipher.js';
import type { Client } from './connection.js';
import { before } from './deadline.js';
import { Doubts } from './doubts.js';
import type { Link } from './link.js';
import type { Names } from './names.js';
import { Owed } from './owed.js';
import type { Redis } from './redis.js';
import type { Topology } from './topology.js';
import { messageIn, textOf, type WakeMessage } from './wake-message.js';

/** A connection that is made anew within this time has missed something; one that is not is of no use, in milliseconds. */
const LOST_MS = 1_000;

/** Everybody in this process who listens for one account. */
interface Subscription {
  readonly channel: string;
  readonly listeners: Set<{ readonly onWake: OnWake }>;
  /** The server that it is on; null: not known yet. */
  home: string | null;
  /** The connection on which it was asked for; null: none yet. */
  client: Client | null;
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
  readonly #links = new Map<string, Link>();
  readonly #doubts = new Doubts();
  readonly #owed = new Owed((channel) => this.#publish(channel, ''));
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
    await this.#link(subscription.home)
      .use(deadline, (client) => this.#ask(client, [subscription]))
      .catch((error: unknown) => {
        void this.#topology.doubt();
        throw error;
      });
    subscription.wasLive = true;
  }

  #link(home: string): Link {
    const known = this.#links.get(home);
    if (known) return known;
    const link = this.#topology.listen(home, {
      prepare: (client) => this.#resume(home, client),
      probe: async (client) => {
        await client.sendCommand(['PING']);
      },
      onLost: () => this.#lost(home),
    });
    this.#links.set(home, link);
    return link;
  }

  /** Who listens there looks what there is when it is not back soon: it cannot, and ends, or something was missed. */
  #lost(home: string): void {
    setTimeout(() => {
      const here = [...this.#subscriptions.values()].filter((subscription) => subscription.home === home);
      this.#doubts.raise(here.filter(({ client, wasLive }) => wasLive && client?.isReady !== true));
    }, LOST_MS).unref();
  }

  /** A new connection takes over: what was said since the last one broke was missed. */
  async #resume(home: string, client: Client): Promise<void> {
    client.on('sharded-channel-moved', (channel: string) => void this.#regain(channel, client));
    const here = [...this.#subscriptions.values()].filter((subscription) => subscription.home === home);
    await this.#ask(client, here);
    this.#doubts.raise(here.filter(({ wasLive }) => wasLive));
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

  /** The server has ended a subscription, as it does when a slot changes hands, even if that is from itself to itself. */
  async #regain(channel: string, client: Client): Promise<void> {
    const subscription = this.#subscriptions.get(channel);
    if (subscription?.client !== client) return;
    subscription.client = null;
    await this.#topology.doubt();
    await this.#move(subscription).catch(() => undefined);
  }

  /** @throws RedisError: it is tried again when its server is connected, and whenever it is asked who has which slot */
  async #move(subscription: Subscription): Promise<void> {
    const home = await this.#topology.homeOf(subscription.channel);
    const isThere = home === subscription.home && subscription.client !== null;
    if (subscription.home === null || isThere || this.#closed) return;
    if (home !== subscription.home) this.#leave(subscription);
    subscription.home = home;
    subscription.client = null;
    await this.#settle(subscription);
    this.#doubts.raise([subscription]);
  }

  /** Asks for those channels that this connection was not asked for yet. */
  async #ask(client: Client, wanted: readonly Subscription[]): Promise<void> {
    const missing = wanted.filter((subscription) => subscription.client !== client);
    // In a cluster one command may name the channels of one slot only.
    const groups = this.#topology.sharded ? missing.map((subscription) => [subscription]) : [missing];
    for (const group of groups.filter(({ length }) => length > 0)) {
      const channels = group.map(({ channel }) => channel);
      const live = this.#topology.sharded
        ? client.sSubscribe(channels, this.#onMessage, true)
        : client.subscribe(channels, this.#onMessage, true);
      for (const subscription of group) {
        subscription.client = client;
        subscription.live = live;
      }
      live.catch(() => group.forEach((subscription) => (subscription.client = null)));
    }
    await Promise.all(wanted.map(({ live }) => live));
  }

  #leave({ channel, client }: Subscription): void {
    if (!client?.isReady) return;
    const left = this.#topology.sharded
      ? client.sUnsubscribe(channel, this.#onMessage, true)
      : client.unsubscribe(channel, this.#onMessage, true);
    // The connection broke, and the subscription with it.
    left.catch(() => undefined);
  }

  #read(message: Buffer, channel: string): WakeMessage {
    try {
      return messageIn(this.#cipher.open(message, placeOf(channel)));
    } catch {
      return { callId: null };
    }
  }

  readonly #onMessage = (message: Buffer, channel: Buffer): void => {
    const name = channel.toString();
    const subscription = this.#subscriptions.get(name);
    if (!subscription) return;
    if (subscription.home !== null) this.#links.get(subscription.home)?.heard();
    const heard = this.#read(message, name);
    const { callId, appended, came } = heard;
    if (!came) this.#onHeard(heard);
    for (const { onWake } of subscription.listeners) onWake(callId, appended, came);
  };
}

function newSubscription(channel: string): Subscription {
  return { channel, listeners: new Set(), home: null, client: null, live: Promise.resolve(), wasLive: false };
}

function placeOf(channel: string): Place {
  return { key: channel, field: 'wake', position: 0 };
}
