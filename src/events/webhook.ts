import { quiet } from '../host/callback.js';
import { createReporter } from '../host/observed.js';
import type { SendWakeUp } from '../call/ports.js';
import {
  boolean,
  callable,
  checkGiven,
  clockCheck,
  milliseconds,
  readable,
  timers as someTimers,
  url as aUrl,
} from '../options.js';
import { systemClock, systemTimers, type Clock, type EventSink, type Timers } from '../ports.js';
import { eventMessage, wakeUpMessage } from './webhook-message.js';
import { createPoster } from './webhook-post.js';
import { WebhookQueue, type DeliveryFailure } from './webhook-queue.js';
import { signatureKey, signWebhook } from './webhook-signature.js';

const CONCURRENCY = 32;
const DRAIN_MS = 2_000;

export interface WebhookOptions {
  /** Where wake-ups and events are posted. */
  readonly url: string;
  /** Signs them: at least 24 bytes in base64, `whsec_` may stand before it. */
  readonly secret: string;
  readonly clock?: Clock;
  /** For the time between attempts. The system's when left out. */
  readonly timers?: Timers;
  /** In production only https is spoken. */
  readonly production?: boolean;
  /** Deadline of one attempt, in milliseconds; 1,000 when left out. */
  readonly timeoutMs?: number;
  /** Told of each attempt that failed and each message that was lost; carries nothing secret. */
  readonly onFailure?: (failure: DeliveryFailure) => void;
}

const OPTIONS = {
  url: aUrl,
  secret: readable(signatureKey),
  clock: clockCheck,
  timers: someTimers,
  production: boolean,
  timeoutMs: milliseconds,
  onFailure: callable,
} satisfies Record<keyof WebhookOptions, unknown>;

/** Neither `emit` nor `wakeUp` throws or waits. */
export interface Webhook extends EventSink {
  readonly wakeUp: SendWakeUp;
  /** Whether the last attempt failed, so that devices are woken late or not at all. */
  degraded(): boolean;
  /** Takes no more, and delivers what waits within two seconds, or not at all. */
  close(): Promise<void>;
}

/**
 * Posts wake-ups and events to one receiver as Standard Webhooks, at least once each unless they are given up: a wake-up when
 * nothing rings any more, an event after 15 minutes, anything that the receiver refuses with a 4xx other than 408 and 429, and
 * what there is no room for: of more than 10,000, the least urgent of the account that holds the most, or of all where none
 * holds more than 100. Accounts take turns, with at most 8 attempts each at the same time. What waits does not outlive this
 * process.
 *
 * A device's INVITE goes out before the CANCEL or MISSED of the same call, which waits until the INVITE is delivered or given
 * up and is sent in either case: an attempt that seemed to fail may have rung the device. The order holds for what one process
 * sends; the `timestamp` in the body tells it also where two processes had a part in the call.
 *
 * @throws OptionsError with every problem of the options
 */
export function createWebhook(options: WebhookOptions): Webhook {
  checkGiven('createWebhook', options, OPTIONS, ['url', 'secret']);
  const { url, clock = systemClock, timers = systemTimers, production = false, timeoutMs = 1_000 } = options;
  const key = signatureKey(options.secret);
  const poster = createPoster({ url, timeoutMs, production, connections: CONCURRENCY, now: () => clock.now() });
  const onFailure = quiet(options.onFailure);
  let degraded = false;
  const reporter = createReporter({
    name: 'webhook',
    affects: ['calls'],
    state: () => (degraded ? 'degraded' : 'ready'),
  });

  const queue = new WebhookQueue({
    clock,
    timers,
    concurrency: CONCURRENCY,
    deliver: async ({ id, body }) => {
      const failure = await poster.post(signWebhook(key, id, clock.now(), body), body);
      degraded = failure !== null;
      return failure;
    },
    onFailure: (failure) => {
      onFailure(failure);
      reporter.failed({ operation: failure.type, reason: failure.reason, httpStatus: failure.httpStatus });
    },
  });

  let closed: Promise<void> | null = null;
  async function close(): Promise<void> {
    await queue.close(DRAIN_MS);
    await poster.close();
  }

  return reporter.shownOn<Webhook>({
    // Given apart from the events, which may go elsewhere.
    wakeUp: reporter.shownOn<SendWakeUp>((wakeUp) => queue.add(wakeUpMessage(wakeUp, clock))),
    emit: (event) => queue.add(eventMessage(event, clock)),
    degraded: () => degraded,
    close: () => (closed ??= close()),
  });
}
