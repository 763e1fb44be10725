import type { JWK } from 'jose';
import { SignalingError } from '../errors.js';
import { ServiceError } from '../http/client.js';
import { within } from '../http/deadline.js';
import { createJsonClient, SERVICE_TIMEOUT_MS } from '../http/json-client.js';
import { systemClock, systemTimers, type Clock, type Timers } from '../ports.js';
import { readKeySet, type KeySet, type KeySource } from './keys.js';

/** From this age on keys are asked for again while they go on being used. */
const REFRESH_MS = 120_000;
/** From this age on they are not used before the login service was asked: a key withdrawn longer ago is believed no more. */
const STALE_MS = 300_000;
/** How often unknown key ids may make us ask. */
const COOLDOWN_MS = 30_000;
/** How long after a failure we ask again: twice as long after each, up to the second. */
const BACKOFF_MS = { first: 1_000, longest: 5_000 };
const TICK_MS = 500;
/** A slow answer comes after those who waited for it were sent away, and is there for the next: so long after the deadline. */
const LATE_FACTOR = 5;
/** Requests under way at most: one that is waited for, and one that is late. */
const UNDER_WAY = 2;

export interface RemoteKeysOptions {
  /** The login service's JSON Web Key Set (RFC 7517). */
  readonly url: string;
  readonly clock?: Clock;
  /** For asking without being asked. The system's when left out. */
  readonly timers?: Timers;
  /** How long keys are used while the login service is down, in seconds. */
  readonly keptSeconds: number;
  /** How long a token waits for keys, in milliseconds; 3,000 when left out. */
  readonly timeoutMs?: number;
  /** In production only https is spoken. */
  readonly production?: boolean;
  /** Told of each request that failed; the error carries nothing secret. Must not throw. */
  readonly onFailure?: (error: ServiceError) => void;
}

/**
 * The keys that a login service publishes. They are asked for at once and until they are there, again as they age, and when
 * a token names one that is not known; by one request at a time, however many wait. An answer that makes no sense changes
 * nothing, and one that comes late is taken all the same.
 *
 * @throws TypeError the URL cannot be used
 */
export function createRemoteKeys(options: RemoteKeysOptions): KeySource {
  const { url, production = false, clock = systemClock, timers = systemTimers, onFailure } = options;
  const { keptSeconds, timeoutMs = SERVICE_TIMEOUT_MS } = options;
  const client = createJsonClient({ url, production, timeoutMs: timeoutMs * LATE_FACTOR });
  const underWay: AbortController[] = [];
  let keys: KeySet = new Map();
  let fetchedAt = -Infinity;
  let triedAt = -Infinity;
  let failures = 0;
  /** What tokens wait for: until it has been answered, or is late. */
  let pending: Promise<void> | undefined;

  const ageMs = (): number => clock.elapsed() - fetchedAt;
  const areUsable = (): boolean => ageMs() < keptSeconds * 1_000;
  const known = (kid: string): readonly JWK[] | undefined => (areUsable() ? keys.get(kid) : undefined);
  const backoffMs = (): number => Math.min(BACKOFF_MS.longest, BACKOFF_MS.first * 2 ** (failures - 1));
  /** @param restMs how long an answer is left as it is */
  const isDue = (restMs: number): boolean => clock.elapsed() - triedAt >= (failures > 0 ? backoffMs() : restMs);

  function refresh(): Promise<void> {
    return (pending ??= ask().finally(() => {
      pending = undefined;
    }));
  }

  /** Never rejects. */
  async function ask(): Promise<void> {
    triedAt = clock.elapsed();
    const answered = fetchKeys(triedAt);
    try {
      await within(timeoutMs, answered);
    } catch (error) {
      failures += 1;
      onFailure?.(error instanceof ServiceError ? error : new ServiceError('connection', null));
    }
  }

  /** Goes on when it is late. @throws ServiceError */
  async function fetchKeys(askedAt: number): Promise<void> {
    const request = new AbortController();
    if (underWay.push(request) > UNDER_WAY) underWay.shift()?.abort();
    try {
      const next = readKeySet(await client.get(request.signal), keys);
      if (!next) throw new ServiceError('malformed', 200);
      if (askedAt < fetchedAt) return;
      keys = next;
      fetchedAt = askedAt;
      failures = 0;
    } finally {
      const index = underWay.indexOf(request);
      if (index >= 0) underWay.splice(index, 1);
    }
  }

  async function keysOf(kid: string | undefined): Promise<readonly JWK[]> {
    if (kid === undefined) throw new SignalingError('CALL_UNAUTHORIZED');
    const found = known(kid);
    if (isDue(COOLDOWN_MS) && (!found || ageMs() >= REFRESH_MS)) void refresh();
    // With the login service known to be down, nobody waits for it who has a key.
    if (found && (failures > 0 || ageMs() < STALE_MS)) return found;
    await pending;
    const keysNow = known(kid);
    if (keysNow) return keysNow;
    throw new SignalingError(failures > 0 ? 'CALL_UNAVAILABLE' : 'CALL_UNAUTHORIZED');
  }

  const asked = refresh();
  const stopAsking = timers.every(TICK_MS, () => {
    if (isDue(REFRESH_MS)) void refresh();
  });
  return {
    keysOf,
    state: () => (areUsable() ? (failures > 0 ? 'degraded' : 'ready') : 'unavailable'),
    asked,
    close: () => {
      stopAsking();
      return client.close();
    },
  };
}
