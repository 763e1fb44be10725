import { setTimeout as wait } from 'node:timers/promises';
import { actingFor } from '../identity/acting.js';

/** After this many the other nodes have long noticed that this one is cut off, and doubt by themselves. */
const MOST = 10_000;
const PAUSE_MS = 100;
/** Sent at a time: while Redis is away, so many fail in each pause and not all. */
const AT_ONCE = 100;

/** Wake-ups that could not be sent: each channel is told, as soon as that is possible, that something may have been missed. */
export class Owed {
  readonly #channels = new Set<string>();
  readonly #send: (channel: string) => Promise<void>;
  #paying = false;
  #closed = false;

  constructor(send: (channel: string) => Promise<void>) {
    this.#send = send;
  }

  add(channel: string): void {
    if (this.#closed || this.#channels.size >= MOST) return;
    this.#channels.add(channel);
    // It has a share of Redis of its own: the account that is owed first does not pay for all.
    if (!this.#paying) void actingFor('\0owed', () => this.#pay());
  }

  close(): void {
    this.#closed = true;
    this.#channels.clear();
  }

  async #pay(): Promise<void> {
    this.#paying = true;
    while (this.#channels.size > 0) {
      const channels = [...this.#channels].slice(0, AT_ONCE);
      const sent = await Promise.allSettled(channels.map((channel) => this.#send(channel)));
      for (const [i, channel] of channels.entries()) {
        this.#channels.delete(channel);
        // Behind the others: of a cluster some servers may be there.
        if (sent[i]?.status === 'rejected') this.add(channel);
      }
      if (sent.some(({ status }) => status === 'rejected')) await wait(PAUSE_MS, null, { ref: false });
    }
    this.#paying = false;
  }
}
