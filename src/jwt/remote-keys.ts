import type { JWK } from 'jose';
import { createJsonClient, ServiceError } from '../http/json-client.js';
import { SignalingError } from '../errors.js';
import type { Clock } from '../ports.js';
import { readKeySet, type KeySet, type KeySource, type KeyState } from './keys.js';

/** From this age on keys are asked for again while they go on being used. */
const REFRESH_MS = 120_000;
/** From this age on they are not used before the login service was asked: a key withdrawn longer ago is believed no more. */
const STALE_MS = 300_000;
/** How often unknown key ids may make us ask. */
const COOLDOWN_MS = 30_000;
/** How often a login service that is down is tried. */
const RETRY_MS = 2_000;

export interface RemoteKeysOptions {
  /** The login service's JSON Web Key Set (RFC 7517). */
  readonly url: string;
  readonly clock: Clock;
  /** How long keys are used while the login service is down, in seconds. */
  readonly keptSeconds: number;
  /** Deadline of one request, in milliseconds; 1,000 when left out. */
  readonly timeoutMs?: number;
  /** In production only https is spoken. */
  readonly production?: boolean;
  /** Told of each request that failed; the error carries nothing secret. */
  readonly onFailure?: (error: ServiceError) => void;
}

/**
 * The keys that a login service publishes. They are asked for at once, again as they age, and when a token names one that
 * is not known; by one request at a time, however many wait. An answer that makes no sense changes nothing.
 *
 * @throws TypeError the URL cannot be used
 */
export function createRemoteKeys({ clock, keptSeconds, onFailure, ...service }: RemoteKeysOptions): KeySource {
  const client = createJsonClient(service);
  let keys: KeySet = new Map();
  let fetchedAt = -Infinity;
  let triedAt = -Infinity;
  let failing = false;
  let pending: Promise<void> | undefined;

  function refresh(): Promise<void> {
    return (pending ??= fetchKeys().finally(() => {
      pending = undefined;
    }));
  }

  /** Never rejects. */
  async function fetchKeys(): Promise<void> {
    const askedAt = (triedAt = clock.now());
    try {
      const next = readKeySet(await client.get(), keys);
      if (!next) throw new ServiceError('malformed', 200);
      keys = next;
      fetchedAt = askedAt;
      failing = false;
    } catch (error) {
      failing = true;
      onFailure?.(error instanceof ServiceError ? error : new ServiceError('connection', null));
    }
  }

  const ageMs = (): number => clock.now() - fetchedAt;
  const known = (kid: string): readonly JWK[] | undefined =>
    ageMs() < keptSeconds * 1_000 ? keys.get(kid) : undefined;

  async function keysOf(kid: string | undefined): Promise<readonly JWK[]> {
    if (kid === undefined) throw new SignalingError('CALL_UNAUTHORIZED');
    const found = known(kid);
    const due = clock.now() - triedAt >= (failing ? RETRY_MS : COOLDOWN_MS);
    if (due && (!found || ageMs() >= REFRESH_MS)) void refresh();
    // With the login service known to be down, nobody waits for it who has a key.
    if (found && (failing || ageMs() < STALE_MS)) return found;
    await pending;
    const keysNow = known(kid);
    if (keysNow) return keysNow;
    throw new SignalingError(failing ? 'CALL_UNAVAILABLE' : 'CALL_UNAUTHORIZED');
  }

  const state = (): KeyState => {
    if (keys.size === 0 || ageMs() >= keptSeconds * 1_000) return 'unavailable';
    return failing ? 'degraded' : 'ready';
  };
  return { keysOf, state, asked: refresh(), close: () => client.close() };
}
