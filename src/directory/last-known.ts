import { createHash } from 'node:crypto';
import type { Keyv } from 'keyv';
import { z } from 'zod';
import type { Device } from '../identity/viewer.js';
import { OPAQUE_ID } from '../limits.js';
import { within } from '../http/deadline.js';

/** A cache that does not answer in this time counts as empty. */
const CACHE_TIMEOUT_MS = 200;

export const DEVICES = z
  .array(
    z
      .object({ id: z.string().regex(OPAQUE_ID), name: z.string().nullable().default(null), active: z.boolean() })
      .readonly(),
  )
  .readonly();

/** What the directory said of one account, and when it was asked (Unix milliseconds). */
export interface Answer {
  readonly devices: readonly Device[];
  readonly askedAt: number;
}

/** The account stands in the value too, so that nobody with access to the cache can give one account's devices to another. */
const ENTRY = z.object({ account: z.string(), devices: DEVICES, askedAt: z.number() });

/** Answers that outlive this process, or are shared with others. Losing them is harmless; neither method throws. */
export interface LastKnown {
  get(accountId: string): Promise<Answer | undefined>;
  set(accountId: string, answer: Answer): Promise<void>;
}

export interface LastKnownOptions {
  readonly cache: Keyv;
  /** How long an answer is worth keeping, in milliseconds. */
  readonly keptMs: number;
  /** What an account is called in the cache; no id is readable there. SHA-256 when left out, an HMAC hides more. */
  readonly nameOf?: (accountId: string) => string;
}

/** Keeps answers in a Keyv, which encrypts them where it leaves the process. */
export function createLastKnown({ cache, keptMs, nameOf = sha256 }: LastKnownOptions): LastKnown {
  const keyOf = (accountId: string): string => `devices:${nameOf(accountId)}`;

  /** A dead Redis lets its client wait for seconds. */
  const attempt = <Result>(work: () => Promise<Result>): Promise<Result | undefined> =>
    within(CACHE_TIMEOUT_MS, Promise.resolve().then(work)).catch(() => undefined);

  return {
    get: async (accountId) => {
      const entry = ENTRY.safeParse(await attempt(() => cache.get<unknown>(keyOf(accountId))));
      if (!entry.success || entry.data.account !== accountId) return undefined;
      const { devices, askedAt } = entry.data;
      return { devices, askedAt };
    },
    set: async (accountId, answer) => {
      await attempt(() => cache.set(keyOf(accountId), { account: accountId, ...answer }, keptMs));
    },
  };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
