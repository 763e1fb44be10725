import DataLoader from 'dataloader';
import type { Keyv } from 'keyv';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { SignalingError } from '../errors.js';
import { RecentlyUsed } from '../identity/recently-used.js';
import type { Device, DeviceDirectory } from '../identity/viewer.js';
import type { Clock } from '../ports.js';
import { createJsonClient, ServiceError } from '../http/json-client.js';
import { createLastKnown, DEVICES, type Answer, type LastKnownOptions } from './last-known.js';

const ACCOUNTS_PER_REQUEST = 100;
const ACCOUNTS_REMEMBERED = 50_000;
/** After this many failures in a row the directory is left alone for PAUSE_MS, and nobody waits for it. */
const FAILURES_IN_A_ROW = 3;
const PAUSE_MS = 1_000;

/** An object as it was parsed: an account may be called `__proto__`. */
const ANSWERS = z.object({
  accounts: z.custom<Readonly<Record<string, unknown>>>((value) => typeof value === 'object' && value !== null),
});

export interface HttpDirectoryOptions {
  /** Where device-management answers `POST {"accounts":["a1"]}`. */
  readonly url: string;
  readonly clock: Clock;
  /** Last known answers that outlive this process; none: they are kept in its memory only. */
  readonly cache?: Keyv;
  /** What an account is called in the cache. SHA-256 of its id when left out. */
  readonly cacheName?: LastKnownOptions['nameOf'];
  /** How long an answer is served without asking again; 60 when left out. */
  readonly freshSeconds?: number;
  /** How long an answer is used while the directory is down; 900 when left out. */
  readonly keptSeconds?: number;
  /** Deadline of one request, in milliseconds; 1,000 when left out. */
  readonly timeoutMs?: number;
  /** In production only https is spoken. */
  readonly production?: boolean;
  /** Told of each request that failed; the error carries nothing secret. */
  readonly onFailure?: (error: ServiceError) => void;
}

export interface HttpDirectory extends DeviceDirectory {
  /** Whether the last request failed, so that kept answers are in use. */
  degraded(): boolean;
  close(): Promise<void>;
}

/**
 * Device-management over HTTP. Accounts asked for at the same time share a request; answers are remembered, and kept for
 * when it is down. What it says now always replaces what it said before: a removed device stays removed.
 *
 * @throws TypeError the URL cannot be used
 */
export function createHttpDirectory(options: HttpDirectoryOptions): HttpDirectory {
  const { clock, cache, cacheName, onFailure } = options;
  const freshMs = (options.freshSeconds ?? 60) * 1_000;
  const keptMs = (options.keptSeconds ?? 900) * 1_000;
  const client = createJsonClient(options);
  const lastKnown = cache && createLastKnown({ cache, keptMs, ...(cacheName && { nameOf: cacheName }) });
  const answers = new RecentlyUsed<Answer>(ACCOUNTS_REMEMBERED);
  /** What was last written to the cache: streams ask every few seconds, and mostly hear the same again. */
  const written = new RecentlyUsed<Answer>(ACCOUNTS_REMEMBERED);
  let failures = 0;
  let failedAt = 0;

  /** The loader's cache holds only what is under way, so that later callers join it. */
  const loader = new DataLoader<string, Answer>(
    async (accountIds) => {
      try {
        return await ask(accountIds);
      } finally {
        for (const accountId of accountIds) loader.clear(accountId);
      }
    },
    { maxBatchSize: ACCOUNTS_PER_REQUEST },
  );

  async function devicesOf(accountId: string, maxAgeMs: number): Promise<readonly Device[]> {
    const known = answers.get(accountId);
    if (known && clock.now() - known.askedAt < maxAgeMs) return known.devices;
    try {
      return (await loader.load(accountId)).devices;
    } catch {
      return (await kept(accountId)).devices;
    }
  }

  async function ask(accountIds: readonly string[]): Promise<readonly (Answer | ServiceError)[]> {
    const askedAt = clock.now();
    if (failures >= FAILURES_IN_A_ROW && askedAt - failedAt < PAUSE_MS) {
      return accountIds.map(() => new ServiceError('connection', null));
    }
    try {
      const answer = ANSWERS.safeParse(await client.post({ accounts: accountIds }));
      if (!answer.success) throw new ServiceError('malformed', 200);
      failures = 0;
      return accountIds.map((accountId) => take(accountId, answer.data.accounts, askedAt));
    } catch (error) {
      const failure = error instanceof ServiceError ? error : new ServiceError('connection', null);
      if (failure.reason === 'too_large' && accountIds.length > 1) return askInHalves(accountIds);
      failures += 1;
      failedAt = clock.now();
      onFailure?.(failure);
      return accountIds.map(() => failure);
    }
  }

  /** Many accounts with many devices each do not fit into one answer. */
  async function askInHalves(accountIds: readonly string[]): Promise<readonly (Answer | ServiceError)[]> {
    const middle = Math.ceil(accountIds.length / 2);
    const halves = [accountIds.slice(0, middle), accountIds.slice(middle)];
    return (await Promise.all(halves.map(ask))).flat();
  }

  /** One account whose entry is missing or malformed takes nothing from the others. */
  function take(
    accountId: string,
    accounts: Readonly<Record<string, unknown>>,
    askedAt: number,
  ): Answer | ServiceError {
    const devices = DEVICES.safeParse(Object.hasOwn(accounts, accountId) ? accounts[accountId] : undefined);
    if (!devices.success) {
      const failure = new ServiceError('malformed', 200);
      onFailure?.(failure);
      return failure;
    }
    const answer = { devices: devices.data, askedAt };
    answers.set(accountId, answer);
    write(accountId, answer);
    return answer;
  }

  function write(accountId: string, answer: Answer): void {
    const before = written.get(accountId);
    const recent = before && answer.askedAt - before.askedAt < freshMs;
    if (!lastKnown || (recent && isDeepStrictEqual(before.devices, answer.devices))) return;
    written.set(accountId, answer);
    void lastKnown.set(accountId, answer);
  }

  /** The newest answer there is, here or in the cache: another process may have heard later that a device was removed. */
  async function kept(accountId: string): Promise<Answer> {
    const newest = [answers.get(accountId), await lastKnown?.get(accountId)]
      .filter((answer) => answer !== undefined)
      .reduce<Answer | undefined>((best, next) => (best && best.askedAt >= next.askedAt ? best : next), undefined);
    if (newest && clock.now() - newest.askedAt < keptMs) return newest;
    throw new SignalingError('CALL_UNAVAILABLE');
  }

  return {
    devicesOf: (accountIds, maxAgeMs = freshMs) =>
      Promise.all(accountIds.map((accountId) => devicesOf(accountId, maxAgeMs))),
    degraded: () => failures > 0,
    close: () => client.close(),
  };
}
