import type { OnWait } from '../call/signaller.js';
import { systemClock } from '../ports.js';

/** Time that an operation spent on something that its client has yet to send: none of it is ours. */
export interface Waiting {
  /** To be called when that begins. */
  readonly onWait: OnWait;
  /** In milliseconds, so far. */
  totalMs(): number;
}

export function createWaiting(): Waiting {
  let total = 0;
  return {
    onWait: () => {
      const from = systemClock.elapsed();
      return () => (total += systemClock.elapsed() - from);
    },
    totalMs: () => total,
  };
}

/**
 * Measures the answer to an operation, on every transport in the same way.
 *
 * @param context of the operation; a host's own may hold nothing of ours
 * @returns the seconds since then, without those that the operation waited for its client
 */
export function startAnswerTime(context: unknown): () => number {
  const startedAt = systemClock.elapsed();
  const { callSignaling } = Object(context) as { readonly callSignaling?: { readonly waiting?: Waiting } };
  return () => (systemClock.elapsed() - startedAt - (callSignaling?.waiting?.totalMs() ?? 0)) / 1_000;
}
