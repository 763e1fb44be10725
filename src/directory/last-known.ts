import { createHash } from 'node:crypto';
import type { Keyv } from 'keyv';
import { z } from 'zod';
import type { Device } from '../identity/viewer.js';
import { textAtOnce } from '../host/listeners.js';
import { settled } from '../host/settle.js';
import { OPAQUE_ID } from '../limits.js';
import { within } from '../http/deadline.js';
import type { Clock } from '../ports.js';

/** A cache that does not answer in this time counts as empty. */
export const CACHE_TIMEOUT_MS = 200;
/** By how much another node's clock may be ahead of ours. */
const AHEAD_MS = 60_000;

export const DEVICES = z
  .array(
    z
      .object({ id: z.string().regex(OPAQUE_ID), name: z.string().nullable().default(null), active: z.boolean() })
      .readonly(),
  )
  .readonly();

/** What the directory said of one account, and when it was asked, in milliseconds of the clock's `elapsed`. */
export interface Answer {
  readonly devices: readonly Device[];
  readonly askedAt: number;
}

/**
 * As it lies in the cache, with `askedAt` in Unix milliseconds: it is read by other processes. The account stands in the value
 * too, so that nobody with access to the cache can give one account's devices to another.
 */
const ENTRY = z.object({ account: z.string(), devices: DEVICES, askedAt: z.number() });

/** Answers that outlive this process, or are shared with others. Losing them is harmless; neither method throws. */
export interface LastKnown {
  get(accountId: string): Promise<Answer | undefined>;
  set(accountId: string, answer: Answer): Promise<void>;
}

export interface LastKnownOptions {
  readonly cache: Keyv;
  readonly clock: Clock;
  /** How long an answer is worth keeping, in milliseconds. */
  readonly keptMs: number;
  /** What an account is called in the cache; no id is readable there. SHA-256 when left out, an HMAC hides more. */
  readonly nameOf?: (accountId: string) => string;
}

/** Keeps answers in a Keyv, which encrypts them where it leaves the process. */
export function createLastKnown({ cache, keptMs, clock, nameOf = sha256 }: LastKnownOptions): LastKnown {
  const keyOf = (accountId: string): string => {
    const name = textAtOnce(() => nameOf(accountId));
    if (name === null) throw new TypeError('the account has no name in the cache');
    return `devices:${name}`;
  };

  /** A dead Redis lets its client wait for seconds. */
  const attempt = <Result>(work: () => unknown, read: (answer: unknown) => Result): Promise<Result | undefined> =>
    within(
      CACHE_TIMEOUT_MS,
      Promise.resolve()
        .then(() => settled(work()))
        .then(read),
    ).catch(() => undefined);

  return {
    get: async (accountId) => {
      const entry = await attempt(
        () => cache.get<unknown>(keyOf(accountId)),
        (answer) => ENTRY.parse(answer),
      );
      if (entry?.account !== accountId) return undefined;
      const ageMs = clock.now() - entry.askedAt;
      // From the future: one of the clocks was set, and nothing tells how old it is.
      if (ageMs < -AHEAD_MS) return undefined;
      return { devices: entry.devices, askedAt: clock.elapsed() - Math.max(0, ageMs) };
    },
    set: async (accountId, answer) => {
      const { devices, askedAt } = answer;
      const entry = { account: accountId, devices, askedAt: clock.now() - (clock.elapsed() - askedAt) };
      await attempt(
        () => cache.set(keyOf(accountId), entry, keptMs),
        () => undefined,
      );
    },
  };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
