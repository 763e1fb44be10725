import type { LiveCall } from './live-call.js';

/** Whom a call tells of itself. */
export interface CallKeeper {
  /** It is this call of the service from now on. */
  bound(call: LiveCall, callId: string): void;
  /** Whether it has to be shown as ringing may have changed. */
  changed(): void;
  /** @param told settles when the service has been told; null when it knows */
  over(call: LiveCall, told: Promise<unknown> | null): void;
}
