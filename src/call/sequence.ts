import { SignalingError } from '../errors.js';
import type { Outbox, TakenSignal } from './call.js';

/** Signals of a device that are remembered: as many as it can have on the way at once. */
const REMEMBERED = 64;

/** A retry of a signal whose content is no longer remembered, and can only be believed. */
const FORGOTTEN: TakenSignal = { hash: '', descriptionId: null, stale: false };

/**
 * Puts a device's signals in order and tells retries from news (RFC 8838 18: exactly once, in order).
 *
 * @returns null: this is the next signal; else what came of the same signal the first time
 * @throws SignalingError CALL_SIGNAL_GAP: an earlier one is missing; CALL_SIGNAL_CONFLICT: the number was used for something
 *   else. Both say which number is expected.
 */
export function takenBefore(outbox: Outbox, clientSeq: number, hash: string): TakenSignal | null {
  const { nextSeq, taken } = outbox;
  if (clientSeq === nextSeq) return null;
  if (clientSeq > nextSeq) throw new SignalingError('CALL_SIGNAL_GAP', { expectedClientSeq: nextSeq });
  const signal = taken[taken.length - (nextSeq - clientSeq)] ?? FORGOTTEN;
  if (signal !== FORGOTTEN && signal.hash !== hash)
    throw new SignalingError('CALL_SIGNAL_CONFLICT', { expectedClientSeq: nextSeq });
  return signal;
}

/** Uses up the next number. */
export function take(outbox: Outbox, signal: TakenSignal): Outbox {
  return { ...outbox, nextSeq: outbox.nextSeq + 1, taken: [...outbox.taken, signal].slice(-REMEMBERED) };
}
