import type { Clock, EventSink } from '../ports.js';
import { createSeldom } from './seldom.js';

/** How often one account's refusals are told, in milliseconds. */
const EVERY_MS = 1_000;

/**
 * In front of a sink: a client that asks on and on over its limit makes a refusal of each request, and would make a log
 * line and a webhook of each. They are told at most once a second an account, with how many they stand for.
 */
export function tellRefusalsSeldom(sink: EventSink, clock: Clock): EventSink {
  const refusals = createSeldom({
    everyMs: EVERY_MS,
    clock,
    // Accounts beyond those that are told apart are in the metrics only: their event would have no name to carry.
    tell: (accountId, count) => {
      if (accountId !== null) sink.emit({ event: 'call_relay.rate_limited', account_id: accountId }, count);
    },
  });
  return {
    emit: (event, count) => {
      if (event.event === 'call_relay.rate_limited') refusals.happened(event.account_id);
      else sink.emit(event, count);
    },
  };
}
