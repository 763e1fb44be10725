import { within } from '../http/deadline.js';
import type { Clock, Timers } from '../ports.js';
import { WebhookLanes, type Lane } from './webhook-lanes.js';
import type { Message, Urgency } from './webhook-message.js';
import type { PostFailure } from './webhook-post.js';

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

/**
 * Delivers each message at least once or gives it up: with exponential backoff and jitter until its time is up, in order
 * within a lane, urgent ones first, accounts by turns. It holds so many messages and no more, and nobody ever waits for it.
 */
export class WebhookQueue {
  readonly #options: QueueOptions;
  readonly #lanes = new WebhookLanes();
  #sending = 0;
  /** The receiver wants to be left alone until then, in milliseconds of the clock's `elapsed`. */
  #pausedUntil = -Infinity;
  #stopTicking: (() => void) | null = null;
  #phase: 'open' | 'draining' | 'closed' = 'open';
  #onEmpty: () => void = () => undefined;

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  /** A message that waits already is not taken twice. */
  add(message: Message): void {
    if (this.#phase !== 'open') return;
    const dropped = this.#lanes.add(message);
    if (dropped) this.#lost(dropped, 'overflow');
    this.#pump();
  }

  /** Makes a last attempt with everything that waits, for so many milliseconds; what is left then is lost. To be called once. */
  async close(withinMs: number): Promise<void> {
    this.#phase = 'draining';
    this.#pausedUntil = -Infinity;
    const empty = new Promise<void>((resolve) => (this.#onEmpty = resolve));
    this.#lanes.wake(Infinity);
    this.#pump();
    await within(withinMs, empty).catch(() => undefined);
    this.#phase = 'closed';
    for (const message of this.#lanes.all()) this.#lost(message, 'closed');
  }

  /** Starts what can be started, and sees to it that somebody looks again. */
  #pump(): void {
    const now = this.#options.clock.elapsed();
    while (this.#sending < this.#options.concurrency && now >= this.#pausedUntil) {
      const lane = this.#lanes.take();
      const message = lane?.messages[0];
      if (!lane || !message) break;
      if (now < message.giveUpAt) void this.#attempt(lane, message);
      else {
        this.#lost(message, 'expired');
        this.#lanes.advance(lane);
      }
    }
    if (this.#lanes.isWaiting || now < this.#pausedUntil) {
      this.#stopTicking ??= this.#options.timers.every(TICK_MS, () => this.#tick());
    } else {
      this.#stopTicking?.();
      this.#stopTicking = null;
    }
    if (this.#lanes.isEmpty) this.#onEmpty();
  }

  #tick(): void {
    this.#lanes.wake(this.#options.clock.elapsed());
    this.#pump();
  }

  async #attempt(lane: Lane, message: Message): Promise<void> {
    this.#sending += 1;
    lane.attempts += 1;
    const failure = await this.#options.deliver(message);
    this.#sending -= 1;
    if (this.#phase === 'closed') return;
    if (failure === null || this.#failed(lane, message, failure)) this.#lanes.advance(lane);
    else this.#lanes.retry(lane);
    this.#pump();
  }

  /** @returns whether the message is given up */
  #failed(
    lane: Lane,
    { type, giveUpAt }: Message,
    { reason, httpStatus, refused, retryAfterMs }: PostFailure,
  ): boolean {
    const isOpen = this.#phase === 'open';
    const now = this.#options.clock.elapsed();
    if (isOpen) this.#pausedUntil = Math.max(this.#pausedUntil, now + Math.min(retryAfterMs, MAX_PAUSE_MS));
    lane.retryAt = Math.max(now + delayMs(lane), this.#pausedUntil);
    const lost = refused || !isOpen || lane.retryAt >= giveUpAt;
    this.#options.onFailure({ type, reason, httpStatus, lost });
    return lost;
  }

  #lost({ type }: Message, reason: DeliveryFailure['reason']): void {
    this.#options.onFailure({ type, reason, httpStatus: null, lost: true });
  }
}

/** Doubles with each attempt; the jitter takes off up to half, so that what failed together does not come back together. */
function delayMs({ urgency, attempts }: Lane): number {
  return Math.min(MAX_DELAY_MS[urgency], FIRST_DELAY_MS * 2 ** (attempts - 1)) * (1 - Math.random() / 2);
}
