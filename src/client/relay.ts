import type { CallRelayQuery } from './generated/types.js';

interface Credentials {
  readonly iceServers: RTCIceServer[];
  /** Times of this device's own clock, which need not be right. */
  readonly fetchedAt: number;
  readonly refreshAt: number;
  readonly expiresAt: number;
}

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

  /** Milliseconds until they should be asked for again. */
  get refreshInMs(): number {
    return Math.max(0, (this.#credentials?.refreshAt ?? 0) - Date.now());
  }

  /**
   * @param atMostOldMs older ones are refreshed first, where the service allows it
   * @returns what there is; no relay, when no credentials could be had
   */
  async get(atMostOldMs = Infinity): Promise<RTCIceServer[]> {
    const now = Date.now();
    const kept = this.#credentials;
    if (!kept || now >= kept.refreshAt || now - kept.fetchedAt > atMostOldMs) {
      this.#fetching ??= this.#fetch().finally(() => (this.#fetching = null));
      await this.#fetching;
    }
    const { iceServers = [], expiresAt = 0 } = this.#credentials ?? {};
    return [...this.#others, ...(Date.now() < expiresAt ? iceServers : [])];
  }

  async #fetch(): Promise<void> {
    try {
      const { callRelay } = await this.#ask();
      if (!callRelay) return;
      const { turnTtlSeconds, refreshAfter, expiresAt } = callRelay;
      const now = Date.now();
      const ttlMs = turnTtlSeconds * 1_000;
      // Only differences of the service's times are used.
      const refreshMs = ttlMs - (Date.parse(expiresAt) - Date.parse(refreshAfter));
      this.#credentials = {
        fetchedAt: now,
        refreshAt: now + refreshMs,
        expiresAt: now + ttlMs,
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
