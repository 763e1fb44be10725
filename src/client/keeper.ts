import type { AnswerOptions } from './call.js';
import type { LiveCall } from './live-call.js';

/** Whom a call tells of itself. */
export interface CallKeeper {
  /** It is this call of the service from now on. */
  bound(call: LiveCall, callId: string): void;
  /** Whether it has to be shown as ringing may have changed. */
  changed(): void;
  /** @param told settles when the service has been told; null when it knows */
  over(call: LiveCall, told: Promise<unknown> | null): void;
  /** Whether one of the client's calls goes, or went, by this id. */
  knows(callId: string): boolean;
  /** Its user wants to go on with it here. Resolves when the service was asked, and never rejects. */
  rejoin(call: LiveCall, options: AnswerOptions): Promise<void>;
}
