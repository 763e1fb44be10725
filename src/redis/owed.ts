import { setTimeout as wait } from 'node:timers/promises';

/** After this many the other nodes have long noticed that this one is cut off, and doubt by themselves. */
const MOST = 10_000;
const PAUSE_MS = 100;

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
    if (!this.#paying) void this.#pay();
  }

  close(): void {
    this.#closed = true;
    this.#channels.clear();
  }

  async #pay(): Promise<void> {
    this.#paying = true;
    while (this.#channels.size > 0) {
      const channels = [...this.#channels];
      const sent = await Promise.allSettled(channels.map((channel) => this.#send(channel)));
      for (const [i, channel] of channels.entries())
        if (sent[i]?.status === 'fulfilled') this.#channels.delete(channel);
      if (this.#channels.size > 0) await wait(PAUSE_MS, null, { ref: false });
    }
    this.#paying = false;
  }
}
