import type { Timers } from '../call/ports.js';
import { within } from '../http/deadline.js';
import type { Clock } from '../ports.js';
import { URGENCIES, type Message, type Urgency } from './webhook-message.js';
import type { PostFailure } from './webhook-post.js';

/** Messages held at most, those under way included. */
const MAX_MESSAGES = 10_000;
const FIRST_DELAY_MS = 500;
/** The longest wait between two attempts. A wake-up has a minute to live, an event a quarter of an hour. */
const MAX_DELAY_MS: Readonly<Record<Urgency, number>> = { wake: 5_000, call: 60_000, relay: 60_000 };
/** A receiver's Retry-After is heeded up to this. */
const MAX_PAUSE_MS = 60_000;
const TICK_MS = 100;

/** An attempt that failed, or a message that is given up. Carries nothing secret: safe to log. */
export interface DeliveryFailure {
  readonly type: Message['type'];
  /** `expired`: its time was up. `overflow`: there was no room for it. `closed`: it was still waiting at the end. */
  readonly reason: PostFailure['reason'] | 'expired' | 'overflow' | 'closed';
  /** Null when no response came. */
  readonly httpStatus: number | null;
  /** There will be no further attempt. */
  readonly lost: boolean;
}

export interface QueueOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  /** Attempts under way at most. */
  readonly concurrency: number;
  /** One attempt; null: delivered. Must not reject. */
  readonly deliver: (message: Message) => Promise<PostFailure | null>;
  /** Must not throw. */
  readonly onFailure: (failure: DeliveryFailure) => void;
}

/** Messages that are delivered in order: the first one is under way, ready to go, or waits for its next attempt. */
interface Lane {
  readonly name: string;
  readonly urgency: Urgency;
  readonly messages: Message[];
  sending: boolean;
  /** Attempts with the first message. */
  attempts: number;
  /** When the next one may begin, Unix milliseconds. */
  retryAt: number;
}

/**
 * Delivers each message at least once or gives it up: with exponential backoff and jitter until its time is up, in order
 * within a lane, urgent ones first. It holds so many messages and no more, and nobody ever waits for it.
 */
export class WebhookQueue {
  readonly #options: QueueOptions;
  /** In the order in which they were begun. */
  readonly #lanes: Readonly<Record<Urgency, Map<string, Lane>>> = {
    wake: new Map(),
    call: new Map(),
    relay: new Map(),
  };
  readonly #ready: Readonly<Record<Urgency, Set<Lane>>> = { wake: new Set(), call: new Set(), relay: new Set() };
  readonly #waiting = new Set<Lane>();
  #messages = 0;
  #sending = 0;
  /** The receiver wants to be left alone until then, Unix milliseconds. */
  #pausedUntil = 0;
  #stopTicking: (() => void) | null = null;
  #phase: 'open' | 'draining' | 'closed' = 'open';
  #onEmpty: () => void = () => undefined;

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  /** A message that waits already is not taken twice. */
  add(message: Message): void {
    if (this.#phase !== 'open') return;
    const lane = this.#laneOf(message);
    if (lane.messages.some(({ id }) => id === message.id)) return;
    lane.messages.push(message);
    this.#messages += 1;
    if (this.#messages > MAX_MESSAGES) this.#makeRoom();
    this.#pump();
  }

  /** Makes a last attempt with everything that waits, for so many milliseconds; what is left then is lost. To be called once. */
  async close(withinMs: number): Promise<void> {
    this.#phase = 'draining';
    this.#pausedUntil = 0;
    const empty = new Promise<void>((resolve) => (this.#onEmpty = resolve));
    for (const lane of this.#waiting) this.#makeReady(lane);
    this.#pump();
    await within(withinMs, empty).catch(() => undefined);
    this.#phase = 'closed';
    for (const urgency of URGENCIES) {
      for (const { messages } of this.#lanes[urgency].values())
        for (const message of messages) this.#lost(message, 'closed');
    }
  }

  #laneOf({ urgency, lane: name }: Message): Lane {
    const known = this.#lanes[urgency].get(name);
    if (known) return known;
    const lane = { name, urgency, messages: [], sending: false, attempts: 0, retryAt: 0 };
    this.#lanes[urgency].set(name, lane);
    this.#ready[urgency].add(lane);
    return lane;
  }

  /** Starts what can be started, and sees to it that somebody looks again. */
  #pump(): void {
    const now = this.#options.clock.now();
    while (this.#sending < this.#options.concurrency && now >= this.#pausedUntil) {
      const lane = this.#takeReady();
      const message = lane?.messages[0];
      if (!lane || !message) break;
      if (now < message.giveUpAt) void this.#attempt(lane, message);
      else {
        this.#lost(message, 'expired');
        this.#advance(lane);
      }
    }
    if (this.#waiting.size > 0 || now < this.#pausedUntil) {
      this.#stopTicking ??= this.#options.timers.every(TICK_MS, () => this.#tick());
    } else {
      this.#stopTicking?.();
      this.#stopTicking = null;
    }
    if (this.#messages === 0) this.#onEmpty();
  }

  #tick(): void {
    const now = this.#options.clock.now();
    for (const lane of this.#waiting) if (now >= lane.retryAt) this.#makeReady(lane);
    this.#pump();
  }

  async #attempt(lane: Lane, message: Message): Promise<void> {
    this.#sending += 1;
    lane.sending = true;
    lane.attempts += 1;
    const failure = await this.#options.deliver(message);
    this.#sending -= 1;
    lane.sending = false;
    if (this.#phase === 'closed') return;
    if (failure === null || this.#failed(lane, message, failure)) this.#advance(lane);
    else this.#waiting.add(lane);
    this.#pump();
  }

  /** @returns whether the message is given up */
  #failed(
    lane: Lane,
    { type, giveUpAt }: Message,
    { reason, httpStatus, refused, retryAfterMs }: PostFailure,
  ): boolean {
    const isOpen = this.#phase === 'open';
    const now = this.#options.clock.now();
    if (isOpen) this.#pausedUntil = Math.max(this.#pausedUntil, now + Math.min(retryAfterMs, MAX_PAUSE_MS));
    lane.retryAt = Math.max(now + delayMs(lane), this.#pausedUntil);
    const lost = refused || !isOpen || lane.retryAt >= giveUpAt;
    this.#options.onFailure({ type, reason, httpStatus, lost });
    return lost;
  }

  /** Done with the first message of the lane, one way or the other. */
  #advance(lane: Lane): void {
    lane.messages.shift();
    lane.attempts = 0;
    this.#messages -= 1;
    if (lane.messages.length === 0) this.#lanes[lane.urgency].delete(lane.name);
    else this.#ready[lane.urgency].add(lane);
  }

  #makeReady(lane: Lane): void {
    this.#waiting.delete(lane);
    this.#ready[lane.urgency].add(lane);
  }

  /** The least urgent that has waited longest goes; what is under way stays. */
  #makeRoom(): void {
    for (const urgency of URGENCIES.toReversed()) {
      for (const lane of this.#lanes[urgency].values()) {
        const [dropped] = lane.messages.splice(lane.sending ? 1 : 0, 1);
        if (!dropped) continue;
        this.#messages -= 1;
        this.#lost(dropped, 'overflow');
        if (lane.messages.length > 0) return;
        this.#lanes[urgency].delete(lane.name);
        this.#ready[urgency].delete(lane);
        this.#waiting.delete(lane);
        return;
      }
    }
  }

  #takeReady(): Lane | undefined {
    for (const urgency of URGENCIES) {
      const [lane] = this.#ready[urgency];
      if (lane && this.#ready[urgency].delete(lane)) return lane;
    }
    return undefined;
  }

  #lost({ type }: Message, reason: DeliveryFailure['reason']): void {
    this.#options.onFailure({ type, reason, httpStatus: null, lost: true });
  }
}

/** Doubles with each attempt; the jitter takes off up to half, so that what failed together does not come back together. */
function delayMs({ urgency, attempts }: Lane): number {
  return Math.min(MAX_DELAY_MS[urgency], FIRST_DELAY_MS * 2 ** (attempts - 1)) * (1 - Math.random() / 2);
}
