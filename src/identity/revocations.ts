import type { Clock } from '../ports.js';
import { actingForAll } from './acting.js';
import { RecentlyUsed } from './recently-used.js';
import type { Sessions } from './session.js';

/** A device that was removed from its account. */
export interface Revocation {
  readonly accountId: string;
  readonly deviceId: string;
  /** Tokens issued up to then are refused: Unix milliseconds. */
  readonly at: number;
}

/** What makes a revocation the same when it is asked for again. */
export interface RevocationRequest {
  /** Of two with one id, on whatever nodes, only the first counts; as long as {@link REQUESTS_KEPT_MS}. */
  readonly id?: string;
  /** When it was asked for, Unix milliseconds: sessions that began after that stay. Now when left out. */
  readonly at?: number;
}

/** Longer than a signed request is good for, before and after its time. */
export const REQUESTS_KEPT_MS = 15 * 60 * 1000;

/** How nodes tell each other which devices were revoked. Each method throws SignalingError CALL_UNAVAILABLE. */
export interface RevocationLog {
  /** The time by which all nodes go, Unix milliseconds; and of a request that came before under this id: when that was. */
  begin(id: string | null): Promise<{ readonly now: number; readonly before: number | null }>;
  /** Resolves when every node will hear of it. */
  add(revocation: Revocation): Promise<void>;
  /** A request has been carried out as of a moment; from now on `begin` knows it. */
  done(id: string, at: number): Promise<void>;
  /** @returns what was added since the last time, at first all that is kept; some of it may come again */
  news(): Promise<readonly Revocation[]>;
}

/** What this node refuses, and all others with it. */
export interface SharedRevocations {
  /** Hears of devices that were revoked elsewhere. To be called every second, and before a session is let in. */
  learn(): Promise<void>;
  /**
   * Refuses the device's tokens up to now, or up to the time of the request; resolves when every node will.
   *
   * @param end ends what the device has open; not called for a request that was carried out before
   * @returns false for such a one
   */
  revoke(accountId: string, deviceId: string, request: RevocationRequest, end: () => Promise<void>): Promise<boolean>;
}

/** @param log left out: there is no other node */
export function shareRevocations(
  sessions: Pick<Sessions, 'revoke'>,
  log: RevocationLog | undefined,
  clock: Clock,
): SharedRevocations {
  const shared = log ?? createLocalLog(clock);
  let running: Promise<void> | null = null;
  let next: Promise<void> | null = null;
  const ask = async (): Promise<void> => {
    for (const { accountId, deviceId, at } of await actingForAll(() => shared.news()))
      sessions.revoke(accountId, deviceId, at);
  };
  return {
    // However many sockets come at once: what is asked already may have been read before, the one after it was not.
    learn: () => {
      if (running === null) return (running = ask().finally(() => (running = null)));
      next ??= running
        .catch(() => undefined)
        .then(() => {
          next = null;
          return (running = ask().finally(() => (running = null)));
        });
      return next;
    },
    revoke: async (accountId, deviceId, { id, at: asked = Infinity }, end) => {
      const { now, before } = await shared.begin(id ?? null).catch((error: unknown) => {
        // Here at least it counts at once, while the others cannot be told.
        sessions.revoke(accountId, deviceId, Math.min(clock.now(), asked));
        throw error;
      });
      if (before !== null) return false;
      const at = Math.min(now, asked);
      sessions.revoke(accountId, deviceId, at);
      await shared.add({ accountId, deviceId, at });
      await end();
      if (id !== undefined) await shared.done(id, at);
      return true;
    },
  };
}

/** Far more requests than are signed in the time for which they are good. */
const REQUESTS_REMEMBERED = 10_000;

function createLocalLog(clock: Clock): RevocationLog {
  const requests = new RecentlyUsed<{ readonly at: number; readonly doneAt: number }>(REQUESTS_REMEMBERED);
  return {
    begin: (id) => {
      const known = id === null ? undefined : requests.get(id);
      const isKept = known !== undefined && clock.elapsed() - known.doneAt < REQUESTS_KEPT_MS;
      return Promise.resolve({ now: clock.now(), before: isKept ? known.at : null });
    },
    add: () => Promise.resolve(),
    done: (id, at) => Promise.resolve(requests.set(id, { at, doneAt: clock.elapsed() })),
    news: () => Promise.resolve([]),
  };
}
