import type { Clock } from '../ports.js';
import type { Sessions } from './session.js';

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

/** What this node refuses, and all others with it. */
export interface SharedRevocations {
  /** Hears of devices that were revoked elsewhere. To be called every second. */
  learn(): Promise<void>;
  /** Refuses the device's tokens up to now; resolves when every node will. */
  revoke(accountId: string, deviceId: string): Promise<void>;
}

/** @param log undefined: there is no other node */
export function shareRevocations(
  sessions: Pick<Sessions, 'revoke'>,
  log: RevocationLog | undefined,
  clock: Clock,
): SharedRevocations {
  return {
    learn: async () => {
      for (const { accountId, deviceId, at } of (await log?.news()) ?? []) sessions.revoke(accountId, deviceId, at);
    },
    revoke: async (accountId, deviceId) => {
      const at = clock.now();
      sessions.revoke(accountId, deviceId, at);
      await log?.add({ accountId, deviceId, at });
    },
  };
}
