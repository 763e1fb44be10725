/** A device that was removed from its account. */
export interface Revocation {
  readonly accountId: string;
  readonly deviceId: string;
  /** Tokens issued up to then are refused: Unix milliseconds by the clock of the node that was told. */
  readonly at: number;
}

/** How nodes tell each other which devices were revoked. Each method throws SignalingError CALL_UNAVAILABLE. */
export interface RevocationLog {
  /** Resolves when every node will hear of it. */
  add(revocation: Revocation): Promise<void>;
  /** @returns what was added since the last time, at first all that is kept; some of it may come again */
  news(): Promise<readonly Revocation[]>;
}
