import type { Soon } from './soon.js';

/** Ports that more than one part of the domain needs. Those of one part live beside it. */

/** The two sources of time. Nothing else reads a clock, so that tests can set it. */
export interface Clock {
  /** Unix time in milliseconds, for what people and tokens are told. It may be set back or forward at any moment. */
  now(): number;
  /** Milliseconds since an arbitrary moment, for every duration and deadline. It never goes back. */
  elapsed(): number;
}

export const systemClock: Clock = { now: () => Date.now(), elapsed: () => performance.now() };

/** What happened, for whoever runs the service. Payload fields are the published ones; nothing else is ever added. */
export type RelayEvent =
  | { readonly event: 'call_relay.credentials_issued'; readonly account_id: string; readonly turn_ttl_seconds: number }
  | { readonly event: 'call_relay.rate_limited'; readonly account_id: string }
  | { readonly event: 'call_relay.provider_error'; readonly account_id: string; readonly http_status: number | null }
  | { readonly event: 'call_relay.escalated'; readonly error_rate: number };

/** A call began, was answered, or ended. Times in milliseconds: how long it rang, and how long media was up. */
export interface CallLifecycleEvent {
  readonly event: 'call.started' | 'call.answered' | 'call.ended';
  readonly callId: string;
  readonly callerAccountId: string;
  readonly calleeAccountId: string;
  readonly media: 'AUDIO' | 'VIDEO';
  /** Null until the call has ended. */
  readonly endReason: string | null;
  /** Null while it rings. */
  readonly ringMs: number | null;
  /** Null until the call has ended; 0 when media was never up. */
  readonly talkMs: number | null;
}

export type SignalingEvent = RelayEvent | CallLifecycleEvent;

/** Whose event it is: of a call the caller's, who can make many; null: of no account. */
export function accountOf(event: SignalingEvent): string | null {
  if ('callerAccountId' in event) return event.callerAccountId;
  return 'account_id' in event ? event.account_id : null;
}

/** Receives events. Must not throw and must not block: an event that cannot be taken is lost, a call never is. */
export interface EventSink {
  /** @param count how many events of this kind and content it stands for; 1 when left out */
  emit(event: SignalingEvent, count?: number): void;
}

/** At most `max` permits within `windowSeconds`, a fixed window that begins with the first permit taken. */
export interface RateLimit {
  readonly max: number;
  readonly windowSeconds: number;
}

/** A permit that was granted, or how long to wait for one. */
export type PermitDecision =
  | {
      readonly granted: true;
      /** Gives the permit back: within the same window only, at most once. */
      giveBack(): Promise<void>;
    }
  | { readonly granted: false; readonly retryAfterMs: number };

/** Counts permits atomically: of 1,000 concurrent takers at limit 20 exactly 20 are granted. */
export interface RateLimiter {
  /** @param key names what is counted, for example a bucket and an account. */
  take(key: string, limit: RateLimit): Soon<PermitDecision>;
  close(): Promise<void>;
}

/** Time that passes, so that tests can let it. */
export interface Timers {
  /** Calls `task` every `ms` milliseconds; returns what ends that. Keeps no process alive. */
  every(ms: number, task: () => void): () => void;
  wait(ms: number): Promise<void>;
}

export const systemTimers: Timers = {
  every(ms, task) {
    const timer = setInterval(task, ms);
    timer.unref();
    return () => clearInterval(timer);
  },
  wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};
