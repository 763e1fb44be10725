import { RecentlyUsed } from '../identity/recently-used.js';
import type { Clock } from '../ports.js';
import { createPatience, FAILURES_IN_A_ROW, PAUSE_MS } from './patience.js';

/** Accounts in one request; and in those that follow one that failed, so that a failure stays with whom it belongs to. */
const SIZES = [100, 10, 1] as const;
const SUSPECTS_REMEMBERED = 10_000;
/** Failed requests that are asked again in parts at the same time: the directory may be down, and is not to drown. */
const SPLIT_AT_ONCE = 8;

export interface BatchesOptions<Answer> {
  /**
   * Asks about accounts, each named once.
   *
   * @param timeoutMs how long an answer is of use
   * @param maxAgeMs how old an answer may be; undefined: as it comes
   * @returns an answer or a failure for each
   * @throws anything: no account was answered
   */
  readonly ask: (
    accountIds: readonly string[],
    timeoutMs: number,
    maxAgeMs: number | undefined,
  ) => Promise<readonly (Answer | Error)[]>;
  /** How long an account is waited for, parts and all, in milliseconds. */
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/** Accounts that are asked about at the same time share requests, and no failure. */
export interface Batches<Answer> {
  /** @throws whatever `ask` threw or gave for this account, or an Error: it is left alone for now */
  load(accountId: string, maxAgeMs?: number): Promise<Answer>;
  /** Whether nobody was answered the last time. */
  degraded(): boolean;
}

interface Wanted<Answer> {
  readonly accountId: string;
  readonly maxAgeMs: number | undefined;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/** An account that was in a request that failed, since its last answer. */
interface Suspect {
  /** In requests of how many it is asked about, as an index of SIZES. */
  readonly level: number;
  /** How often it failed on its own. */
  readonly failures: number;
  readonly failedAt: number;
}

export function createBatches<Answer>({ ask, timeoutMs, clock }: BatchesOptions<Answer>): Batches<Answer> {
  const suspects = new RecentlyUsed<Suspect>(SUSPECTS_REMEMBERED);
  /** Asked about and not answered yet, by account and age; each for `timeoutMs` at most. */
  const underWay = new Map<string, Promise<Answer>>();
  let gathered: Wanted<Answer>[] = [];
  let splitting = 0;
  const patience = createPatience(clock);
  const leftAlone = (): Error => new Error('left alone after failures');

  function load(accountId: string, maxAgeMs?: number): Promise<Answer> {
    const key = `${maxAgeMs ?? ''}:${accountId}`;
    const known = underWay.get(key);
    const failures = suspects.get(accountId)?.failures ?? 0;
    if (known && (patience.isOver() || failures >= FAILURES_IN_A_ROW)) return Promise.reject(leftAlone());
    if (known) return known;
    const promise = new Promise<Answer>((resolve, reject) => {
      gathered.push({ accountId, maxAgeMs, resolve, reject });
      // What others ask for in this turn of the event loop goes along.
      if (gathered.length === 1) setImmediate(send);
    }).finally(() => underWay.delete(key));
    underWay.set(key, promise);
    return promise;
  }

  function send(): void {
    const wanted = gathered;
    gathered = [];
    for (const maxAgeMs of new Set(wanted.map((one) => one.maxAgeMs))) {
      for (const [level, size] of SIZES.entries()) {
        const own = wanted.filter(
          (one) => one.maxAgeMs === maxAgeMs && (suspects.get(one.accountId)?.level ?? 0) === level,
        );
        for (const group of inParts(own, size)) void deliver(group);
      }
    }
  }

  async function deliver(group: readonly Wanted<Answer>[]): Promise<void> {
    const [{ accountId } = { accountId: '' }] = group;
    const before = group.length === 1 ? suspects.get(accountId) : undefined;
    const isLeftAlone = before && before.failures >= FAILURES_IN_A_ROW && clock.elapsed() - before.failedAt < PAUSE_MS;
    if (isLeftAlone || !patience.admits()) {
      for (const { reject } of group) reject(leftAlone());
      return;
    }
    if (await tryAll(group, clock.elapsed() + timeoutMs)) patience.answered();
    // One account that fails again on its own says nothing about the others.
    else if (!before?.failures) patience.failed();
  }

  /** Settles each of them. @returns whether anybody was answered */
  async function tryAll(group: readonly Wanted<Answer>[], until: number): Promise<boolean> {
    const failure = await tryOnce(group, until);
    if (failure === null) return true;
    const size = SIZES.find((smaller) => smaller < group.length);
    if (size === undefined || until - clock.elapsed() <= 0 || splitting >= SPLIT_AT_ONCE) {
      giveUp(group, failure.error);
      return false;
    }
    splitting += 1;
    try {
      return await tryParts(inParts(group, size), until);
    } finally {
      splitting -= 1;
    }
  }

  /** With no part answered it is not for anybody in it that the directory fails: smaller ones would fare no better. */
  async function tryParts(parts: readonly (readonly Wanted<Answer>[])[], until: number): Promise<boolean> {
    const failures = await Promise.all(parts.map((part) => tryOnce(part, until)));
    const isDown = failures.every((failure) => failure !== null);
    await Promise.all(
      parts.map(async (part, index) => {
        const failure = failures[index];
        if (!failure) return;
        if (isDown || part.length === 1) giveUp(part, failure.error);
        else await tryParts(inParts(part, 1), until);
      }),
    );
    return !isDown;
  }

  /** @returns null: each was answered, or failed for itself */
  async function tryOnce(group: readonly Wanted<Answer>[], until: number): Promise<{ readonly error: unknown } | null> {
    try {
      const answers = await ask(
        group.map(({ accountId }) => accountId),
        Math.max(1, until - clock.elapsed()),
        group[0]?.maxAgeMs,
      );
      for (const [index, { accountId, resolve, reject }] of group.entries()) {
        const answer = answers[index];
        suspects.delete(accountId);
        if (answer === undefined || answer instanceof Error) reject(answer);
        else resolve(answer);
      }
      return null;
    } catch (error) {
      return { error };
    }
  }

  function giveUp(group: readonly Wanted<Answer>[], error: unknown): void {
    const level = SIZES.findIndex((size) => size < group.length);
    for (const { accountId, reject } of group) {
      const alone = group.length === 1;
      const count = (suspects.get(accountId)?.failures ?? 0) + (alone ? 1 : 0);
      suspects.set(accountId, { level: alone ? SIZES.length - 1 : level, failures: count, failedAt: clock.elapsed() });
      reject(error);
    }
  }

  return { load, degraded: () => patience.failures() > 0 };
}

function inParts<Item>(items: readonly Item[], size: number): readonly (readonly Item[])[] {
  const parts: (readonly Item[])[] = [];
  for (let from = 0; from < items.length; from += size) parts.push(items.slice(from, from + size));
  return parts;
}
