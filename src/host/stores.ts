import { z } from 'zod';
import type { PermitDecision, RateLimiter } from '../ports.js';
import type { SharedCredentials } from '../relay/kept-credentials.js';
import { createCallback, type CallbackWatch } from './callback.js';
import { readAnswer } from './malformed.js';

/** Every operation takes a permit. */
const PERMITS_WAITING = { all: 10_000, lane: 64 };
/** Credentials from elsewhere are looked for when the time of a request is nearly up. */
const CREDENTIALS_TIMEOUT_MS = 500;

const DECISION = z.discriminatedUnion('granted', [
  z.object({ granted: z.literal(true), giveBack: z.custom<unknown>((value) => typeof value === 'function') }),
  z.object({ granted: z.literal(false), retryAfterMs: z.number().nonnegative() }),
]);
const SEALED = z.string().optional();

/** Makes a limiter of what a host gave; whatever goes wrong in it is CALL_UNAVAILABLE for the operation that asked. */
export function asRateLimiter(given: RateLimiter, watch: CallbackWatch): RateLimiter {
  const callback = createCallback({ name: 'rate-limiter', waiting: PERMITS_WAITING }, watch);
  return {
    take: (key, limit) =>
      callback.ask(
        key,
        () => given.take(key, { ...limit }),
        (answer): PermitDecision => {
          const decision = readAnswer(DECISION, answer);
          if (!decision.granted) return decision;
          const { giveBack } = answer as { giveBack(): unknown };
          // Nothing waits for it: what failed is told to the client at once.
          return {
            granted: true,
            giveBack: async () => callback.tell(key, () => Reflect.apply(giveBack, answer, [])),
          };
        },
      ),
    close: () => given.close(),
  };
}

/** Makes of a host's store one that keeps the port's promise: what it does not keep, or cannot give back, is not there. */
export function asSharedCredentials(given: SharedCredentials, watch: CallbackWatch): SharedCredentials {
  const callback = createCallback({ name: 'shared-credentials', timeoutMs: CREDENTIALS_TIMEOUT_MS }, watch);
  return {
    get: (key) =>
      callback
        .ask(
          key,
          () => given.get(key),
          (answer) => readAnswer(SEALED, answer),
        )
        .catch(() => undefined),
    set: async (key, value, ttlMs) => callback.tell(key, () => given.set(key, value, ttlMs)),
  };
}
