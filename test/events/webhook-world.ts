import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { WakeUp } from '../../src/call/ports.js';
import type { DeliveryFailure } from '../../src/events/webhook-queue.js';
import { createWebhook, type Webhook, type WebhookOptions } from '../../src/events/webhook.js';
import { SetClock } from '../support/clock.js';
import { startFakeWebhook, type FakeWebhook } from '../support/fake-webhook.js';

export const SECRET = `whsec_${Buffer.alloc(32, 5).toString('base64')}`;

/** A webhook and its receiver, with a clock to set. */
export interface WebhookWorld {
  readonly clock: SetClock;
  readonly receiver: FakeWebhook;
  readonly webhook: Webhook;
  readonly failures: DeliveryFailure[];
  /** Another process with the same settings. */
  another(options?: Partial<WebhookOptions>): Webhook;
  /** An invitation that was just sent out, for a minute to come. */
  wakeUp(changes?: Partial<WakeUp>): WakeUp;
  /**
   * Waits until something holds. Meanwhile the clock goes on in steps, but stands still while a request is under way: what goes
   * over a socket takes real time. @throws Error it did not come about
   */
  until(condition: () => boolean, stepMs?: number): Promise<void>;
  /** When attempts began, Unix seconds, oldest first. */
  attemptedAt(): readonly number[];
  close(): Promise<void>;
}

export async function startWebhookWorld(options: Partial<WebhookOptions> = {}): Promise<WebhookWorld> {
  const clock = new SetClock();
  const receiver = await startFakeWebhook();
  const failures: DeliveryFailure[] = [];
  const opened: Webhook[] = [];
  const underWay = countRequests();
  const another: WebhookWorld['another'] = (own) => {
    const onFailure = (failure: DeliveryFailure): void => void failures.push(failure);
    const fixed = { url: receiver.url, secret: SECRET, clock, timers: clock, onFailure };
    // A deadline that a busy machine does not pass.
    const given = { ...fixed, timeoutMs: 10_000, ...options, ...own };
    opened.push(createWebhook(given));
    return opened.at(-1)!;
  };

  return {
    clock,
    receiver,
    webhook: another(),
    failures,
    another,
    wakeUp: (changes) => ({
      kind: 'INVITE',
      callId: 'call-1',
      accountId: 'bob',
      deviceId: 'phone',
      media: 'AUDIO',
      reason: null,
      expiresAt: clock.now() + 60_000,
      ...changes,
    }),
    until: async (condition, stepMs = 0) => {
      const deadline = Date.now() + 10_000;
      while (!condition()) {
        if (Date.now() > deadline) throw new Error(`did not come about: ${condition.toString()}`);
        if (stepMs > 0 && underWay.count === 0) await clock.advance(stepMs);
        else await new Promise((resolve) => setTimeout(resolve, 1));
      }
    },
    attemptedAt: () => receiver.requests.map(({ headers }) => Number(headers['webhook-timestamp'])),
    close: async () => {
      // What hangs is let go, so that nothing is waited for.
      receiver.reply = () => 410;
      await receiver.close();
      await Promise.all(opened.map((webhook) => webhook.close()));
      underWay.stop();
    },
  };
}

/** Requests that the HTTP client has begun and not ended, as it tells by its diagnostics channels. */
function countRequests(): { readonly count: number; stop(): void } {
  let count = 0;
  const more = (): void => void (count += 1);
  const fewer = (): void => void (count -= 1);
  const channels = { 'undici:request:create': more, 'undici:request:trailers': fewer, 'undici:request:error': fewer };
  for (const [name, onMessage] of Object.entries(channels)) subscribe(name, onMessage);
  return {
    get count() {
      return count;
    },
    stop: () => {
      for (const [name, onMessage] of Object.entries(channels)) unsubscribe(name, onMessage);
    },
  };
}
