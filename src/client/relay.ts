import type { CallRelayQuery } from './generated/types.js';
import { ageMs, moment } from './time.js';
import type { Moment } from './time.js';

interface Credentials {
  readonly iceServers: readonly RTCIceServer[];
  readonly fetched: Moment;
  /** Milliseconds from then on. */
  readonly refreshMs: number;
  readonly ttlMs: number;
}

/** Milliseconds between two tries to refresh them, unless they live too shortly for it. */
const RETRY_MS = 60_000;
const RETRY_LEAST_MS = 1_000;

/** The account's TURN credentials: kept until they should be refreshed, and as long as they are good where that fails. */
export class RelayCredentials {
  readonly #ask: () => Promise<CallRelayQuery>;
  readonly #others: readonly RTCIceServer[];
  #credentials: Credentials | null = null;
  #fetching: Promise<void> | null = null;

  /**
   * @param ask runs `callRelay`
   * @param others servers that are always there
   */
  constructor(ask: () => Promise<CallRelayQuery>, others: readonly RTCIceServer[] = []) {
    this.#ask = ask;
    this.#others = others;
  }

  /** Milliseconds until they should be asked for: again, where the last try gave none. */
  get refreshInMs(): number {
    const kept = this.#credentials;
    if (!kept) return RETRY_MS;
    const dueMs = kept.refreshMs - ageMs(kept.fetched);
    return dueMs > 0 ? dueMs : Math.min(RETRY_MS, Math.max(kept.ttlMs / 10, RETRY_LEAST_MS));
  }

  /**
   * @param atMostOldMs older ones are refreshed first, where the service allows it
   * @returns what there is, for the caller to keep; no relay, when no credentials could be had
   */
  async get(atMostOldMs = Infinity): Promise<RTCIceServer[]> {
    const before = this.#credentials;
    if (!before || ageMs(before.fetched) >= Math.min(before.refreshMs, atMostOldMs)) {
      this.#fetching ??= this.#fetch().finally(() => (this.#fetching = null));
      await this.#fetching;
    }
    const kept = this.#credentials;
    const relay = kept && ageMs(kept.fetched) < kept.ttlMs ? kept.iceServers : [];
    // Copies: the peer connection of React Native writes into what it is given.
    return [...this.#others, ...relay].map((server) => ({ ...server }));
  }

  async #fetch(): Promise<void> {
    // From before they were asked for: they are never used longer than they are good.
    const fetched = moment();
    try {
      const { callRelay } = await this.#ask();
      if (!callRelay) return;
      const { turnTtlSeconds, refreshAfter, expiresAt } = callRelay;
      const ttlMs = turnTtlSeconds * 1_000;
      // Only differences of the service's times are used.
      const refreshMs = ttlMs - (Date.parse(expiresAt) - Date.parse(refreshAfter));
      this.#credentials = {
        fetched,
        refreshMs,
        ttlMs,
        iceServers: callRelay.iceServers.map(({ urls, username, credential }) => ({
          urls,
          ...(username !== null && { username }),
          ...(credential !== null && { credential }),
        })),
      };
    } catch {
      // What is kept goes on being used, or none for now: it is asked again when it is needed again.
    }
  }
}
