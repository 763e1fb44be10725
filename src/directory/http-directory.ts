import type { Keyv } from 'keyv';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { SignalingError } from '../errors.js';
import { RecentlyUsed } from '../identity/recently-used.js';
import type { Device, DeviceDirectory } from '../identity/viewer.js';
import { boolean, callable, checkGiven, clockCheck, milliseconds, objectWith, seconds, url } from '../options.js';
import { systemClock, type Clock } from '../ports.js';
import { quiet } from '../host/callback.js';
import { createReporter } from '../host/observed.js';
import { ServiceError } from '../http/client.js';
import { createJsonClient, SERVICE_TIMEOUT_MS } from '../http/json-client.js';
import { createBatches } from './batches.js';
import { CACHE_TIMEOUT_MS, createLastKnown, DEVICES, type Answer, type LastKnownOptions } from './last-known.js';

const ACCOUNTS_REMEMBERED = 50_000;

/** An object as it was parsed: an account may be called `__proto__`. */
const ANSWERS = z.object({
  accounts: z.custom<Readonly<Record<string, unknown>>>((value) => typeof value === 'object' && value !== null),
});

export interface HttpDirectoryOptions {
  /** Where device-management answers `POST {"accounts":["a1"]}`. */
  readonly url: string;
  /** Last known answers that outlive this process; none: they are kept in its memory only. */
  readonly cache?: Keyv;
  /** What an account is called in the cache. SHA-256 of its id when left out. */
  readonly cacheName?: LastKnownOptions['nameOf'];
  /** How long an answer is served without asking again; 60 when left out. */
  readonly freshSeconds?: number;
  /** How long an answer is used while the directory is down; 900 when left out. */
  readonly keptSeconds?: number;
  /** How long an account is waited for, in milliseconds; 3,000 when left out. */
  readonly timeoutMs?: number;
  /** In production only https is spoken. */
  readonly production?: boolean;
  /** Told of each request that failed; the error carries nothing secret. */
  readonly onFailure?: (error: ServiceError) => void;
  readonly clock?: Clock;
}

const OPTIONS = {
  url,
  cache: objectWith('a Keyv', 'get', 'set'),
  cacheName: callable,
  freshSeconds: seconds,
  keptSeconds: seconds,
  timeoutMs: milliseconds,
  production: boolean,
  onFailure: callable,
  clock: clockCheck,
} satisfies Record<keyof HttpDirectoryOptions, unknown>;

export interface HttpDirectory extends DeviceDirectory {
  readonly batches: true;
  /** Whether the last request failed, so that kept answers are in use. */
  degraded(): boolean;
  close(): Promise<void>;
}

/**
 * Device-management over HTTP. Accounts asked for at the same time share a request, and no failure: what fails with many is
 * asked again in parts. Answers are remembered, and kept for when it is down. What it says now always replaces what it said before: a removed device stays removed.
 *
 * @throws OptionsError with every problem of the options
 * @throws TypeError the URL cannot be used
 */
export function createHttpDirectory(options: HttpDirectoryOptions): HttpDirectory {
  checkGiven('createHttpDirectory', options, OPTIONS, ['url']);
  const { clock = systemClock, cache, cacheName, timeoutMs = SERVICE_TIMEOUT_MS } = options;
  const listener = quiet(options.onFailure);
  const reporter = createReporter({
    name: 'device-directory',
    affects: ['calls', 'relay'],
    state: () => (batches.degraded() ? 'degraded' : 'ready'),
  });
  const freshMs = (options.freshSeconds ?? 60) * 1_000;
  const keptMs = (options.keptSeconds ?? 900) * 1_000;
  const client = createJsonClient({ ...options, timeoutMs });
  const lastKnown = cache && createLastKnown({ cache, keptMs, clock, ...(cacheName && { nameOf: cacheName }) });
  const answers = new RecentlyUsed<Answer>(ACCOUNTS_REMEMBERED);
  /** What was last written to the cache: streams ask every few seconds, and mostly hear the same again. */
  const written = new RecentlyUsed<Answer>(ACCOUNTS_REMEMBERED);
  const batches = createBatches<Answer>({ ask, timeoutMs, clock });

  function onFailure(error: ServiceError): void {
    listener(error);
    reporter.failed({ operation: 'devicesOf', reason: error.reason, httpStatus: error.httpStatus });
  }

  async function devicesOf(accountId: string, maxAgeMs: number): Promise<readonly Device[]> {
    const known = answers.get(accountId);
    if (known && clock.elapsed() - known.askedAt < maxAgeMs) return known.devices;
    try {
      return (await batches.load(accountId)).devices;
    } catch {
      return (await kept(accountId)).devices;
    }
  }

  async function ask(accountIds: readonly string[], withinMs: number): Promise<readonly (Answer | ServiceError)[]> {
    const askedAt = clock.elapsed();
    try {
      const answer = ANSWERS.safeParse(await client.post({ accounts: accountIds }, withinMs));
      if (!answer.success) throw new ServiceError('malformed', 200);
      return accountIds.map((accountId) => take(accountId, answer.data.accounts, askedAt));
    } catch (error) {
      onFailure(error instanceof ServiceError ? error : new ServiceError('connection', null));
      throw error;
    }
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
      onFailure(failure);
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
    if (newest && clock.elapsed() - newest.askedAt < keptMs) return newest;
    throw new SignalingError('CALL_UNAVAILABLE');
  }

  return reporter.shownOn<HttpDirectory>({
    devicesOf: (accountIds, maxAgeMs = freshMs) =>
      Promise.all(accountIds.map((accountId) => devicesOf(accountId, maxAgeMs))),
    batches: true,
    // The cache is looked at when the time is up.
    timeoutMs: timeoutMs + 2 * CACHE_TIMEOUT_MS,
    degraded: () => batches.degraded(),
    close: () => client.close(),
  });
}
