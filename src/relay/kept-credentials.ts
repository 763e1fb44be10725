import { z } from 'zod';
import { RecentlyUsed } from '../identity/recently-used.js';
import type { Clock } from '../ports.js';
import type { RelayUrls } from './config.js';
import type { ProviderCredentials } from './ports.js';

/** What a provider minted for a device, and the relay that it is for. */
export interface Kept {
  readonly minted: ProviderCredentials;
  readonly relay: RelayUrls;
  /** `control`, or the experiment's name. */
  readonly arm: string;
}

/** Where credentials are kept for other nodes and later processes; it seals what it is given. Neither method rejects. */
export interface SharedCredentials {
  get(key: string): Promise<string | undefined>;
  /** @param ttlMs how long it is kept at most */
  set(key: string, value: string, ttlMs: number): Promise<unknown>;
}

/** As it is shared; `at` in Unix milliseconds, as other processes read it. */
const ENTRY = z.object({
  kept: z.object({
    minted: z.object({
      username: z.string(),
      password: z.string(),
      grantedTtlSeconds: z.number(),
      urls: z.array(z.string()),
    }),
    relay: z.object({
      urls: z.array(z.string()),
      urlsWithIps: z.array(z.string()),
      hostname: z.string().nullable(),
    }),
    arm: z.string(),
  }),
  at: z.number(),
});

/** Devices whose credentials this process holds, some 500 bytes each. */
const MOST = 10_000;
/** Credentials with less left than this are no help. */
const MIN_LEFT_SECONDS = 60;
/** By how much another node's clock may be ahead of ours. */
const AHEAD_MS = 60_000;

/**
 * The last credentials of each device, for the time in which no provider answers. They are given to the same device only,
 * and are told with the life that is left to them: at first the whole one, as more is asked of a provider than clients are told.
 */
export class KeptCredentials {
  readonly #here = new RecentlyUsed<{ readonly kept: Kept; readonly at: number }>(MOST);
  readonly #clock: Clock;
  readonly #shared: SharedCredentials | null;

  constructor(clock: Clock, shared: SharedCredentials | null) {
    this.#clock = clock;
    this.#shared = shared;
  }

  put(key: string, kept: Kept): void {
    const usableMs = (kept.minted.grantedTtlSeconds - MIN_LEFT_SECONDS) * 1_000;
    if (usableMs <= 0) return;
    this.#here.set(key, { kept, at: this.#clock.elapsed() });
    void this.#shared?.set(key, JSON.stringify({ kept, at: this.#clock.now() }), usableMs);
  }

  /** @returns what this process holds, its `grantedTtlSeconds` being what is left */
  here(key: string): Kept | null {
    const found = this.#here.get(key);
    return found ? withLifeLeft(found.kept, this.#clock.elapsed() - found.at) : null;
  }

  /** Looks beyond this process too, which takes a moment. */
  async anywhere(key: string): Promise<Kept | null> {
    const here = this.here(key);
    if (here !== null || this.#shared === null) return here;
    const entry = entryIn(await this.#shared.get(key));
    if (entry === null) return null;
    const ageMs = this.#clock.now() - entry.at;
    // From the future: one of the clocks was set, and nothing tells how old they are.
    return ageMs < -AHEAD_MS ? null : withLifeLeft(entry.kept, Math.max(0, ageMs));
  }
}

/** @returns null: nothing is kept, or what is there is of another make */
function entryIn(text: string | undefined): { readonly kept: Kept; readonly at: number } | null {
  try {
    return ENTRY.parse(JSON.parse(text ?? 'null'));
  } catch {
    return null;
  }
}

function withLifeLeft(kept: Kept, ageMs: number): Kept | null {
  const left = kept.minted.grantedTtlSeconds - Math.ceil(ageMs / 1_000);
  return left < MIN_LEFT_SECONDS ? null : { ...kept, minted: { ...kept.minted, grantedTtlSeconds: left } };
}
