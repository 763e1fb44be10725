import type { Clock } from '../ports.js';
import type { AccountIndex, IndexedCall, PlaceHolder, StartClaim } from '../call/ports.js';
import { steadyTime } from './steady.js';

interface Entry {
  readonly callId: string;
  readonly at: number;
  /** What it has in its log, if that is more than calls need. */
  bytes: number;
  /** When its log went; null while it is held. */
  retiredAt: number | null;
}

interface Account {
  /** In the order in which they were entered. */
  readonly calls: Map<string, Entry>;
  /** Calls that it started and that are open, each with when it took its place. */
  readonly places: Map<string, number>;
}

const DAY_MS = 24 * 60 * 60 * 1000;
const KEPT_MS = 2 * DAY_MS;
const CLAIM_MS = 10 * 60 * 1000;

interface Claim {
  readonly claim: StartClaim;
  readonly until: number;
}

/** Which calls the accounts have, in this process. */
export class MemoryAccountIndex implements AccountIndex {
  readonly #now: () => number;
  readonly #accounts = new Map<string, Account>();
  /** Of starts that may come to nothing, and of those that came to a call. In the order in which they go. */
  readonly #claims = new Map<string, Claim>();
  readonly #kept = new Map<string, Claim>();
  /** Retired entries, in that order. */
  readonly #retired: { readonly accountId: string; readonly entry: Entry }[] = [];

  constructor(clock: Clock) {
    this.#now = steadyTime(clock);
  }

  enter(accountIds: readonly string[], callId: string): Promise<void> {
    for (const accountId of accountIds)
      this.#open(accountId).calls.set(callId, { callId, at: this.#now(), bytes: 0, retiredAt: null });
    return Promise.resolve();
  }

  retire(accountIds: readonly string[], callId: string): Promise<void> {
    this.#forget();
    for (const accountId of accountIds) {
      const entry = this.#accounts.get(accountId)?.calls.get(callId);
      if (!entry || entry.retiredAt !== null) continue;
      entry.retiredAt = this.#now();
      this.#retired.push({ accountId, entry });
    }
    return Promise.resolve();
  }

  live(accountId: string): Promise<readonly IndexedCall[]> {
    return Promise.resolve(this.#all(accountId).filter((entry) => entry.live));
  }

  recent(accountId: string, past: number): Promise<readonly IndexedCall[]> {
    this.#forget();
    let left = past;
    const newestFirst = this.#all(accountId).reverse();
    return Promise.resolve(newestFirst.filter(({ live }) => live || left-- > 0));
  }

  claimStart(accountId: string, startKey: string, claim: StartClaim): Promise<StartClaim> {
    const now = this.#now();
    for (const claims of [this.#claims, this.#kept])
      for (const [key, { until }] of claims) {
        if (until > now) break;
        claims.delete(key);
      }
    const key = JSON.stringify([accountId, startKey]);
    const claimed = (this.#kept.get(key) ?? this.#claims.get(key))?.claim ?? claim;
    if (claimed === claim) this.#claims.set(key, { claim, until: now + CLAIM_MS });
    return Promise.resolve(claimed);
  }

  keepStart(accountId: string, startKey: string, claim: StartClaim): Promise<void> {
    const key = JSON.stringify([accountId, startKey]);
    this.#claims.delete(key);
    this.#kept.delete(key);
    this.#kept.set(key, { claim, until: this.#now() + KEPT_MS });
    return Promise.resolve();
  }

  takeBytes(accountId: string, callId: string, bytes: number, limit: number): Promise<readonly string[] | null> {
    const calls = this.#accounts.get(accountId)?.calls ?? new Map<string, Entry>();
    const others = [...calls.values()].filter((entry) => entry.callId !== callId && entry.retiredAt === null);
    if (others.reduce((sum, entry) => sum + entry.bytes, bytes) > limit)
      return Promise.resolve(others.sort((a, b) => b.bytes - a.bytes).map((entry) => entry.callId));
    const own = calls.get(callId);
    if (own) own.bytes = bytes;
    return Promise.resolve(null);
  }

  takePlace(accountId: string, callId: string, places: number): Promise<readonly PlaceHolder[] | null> {
    const taken = this.#open(accountId).places;
    if (!taken.has(callId) && taken.size >= places)
      return Promise.resolve([...taken].map(([holder, at]) => ({ callId: holder, at })));
    taken.set(callId, this.#now());
    return Promise.resolve(null);
  }

  freePlace(accountId: string, callId: string): Promise<void> {
    this.#accounts.get(accountId)?.places.delete(callId);
    this.#close(accountId);
    return Promise.resolve();
  }

  #open(accountId: string): Account {
    const account = this.#accounts.get(accountId) ?? { calls: new Map(), places: new Map() };
    this.#accounts.set(accountId, account);
    return account;
  }

  #all(accountId: string): IndexedCall[] {
    const now = this.#now();
    const entries = [...(this.#accounts.get(accountId)?.calls.values() ?? [])];
    return entries.map(({ callId, at, retiredAt }) => ({ callId, at, ageMs: now - at, live: retiredAt === null }));
  }

  #forget(): void {
    const before = this.#now() - DAY_MS;
    for (let first = this.#retired[0]; first && (first.entry.retiredAt ?? 0) <= before; first = this.#retired[0]) {
      this.#retired.shift();
      const calls = this.#accounts.get(first.accountId)?.calls;
      // It may have been entered again since.
      if (calls?.get(first.entry.callId) === first.entry) calls.delete(first.entry.callId);
      this.#close(first.accountId);
    }
  }

  #close(accountId: string): void {
    const account = this.#accounts.get(accountId);
    if (account && account.calls.size === 0 && account.places.size === 0) this.#accounts.delete(accountId);
  }
}
