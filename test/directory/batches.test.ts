import { beforeEach, describe, expect, it } from '@jest/globals';
import { createBatches, type Batches } from '../../src/directory/batches.js';
import { SetClock } from '../support/clock.js';

const ACCOUNTS = Array.from({ length: 40 }, (_, i) => `a${i}`);

let clock: SetClock;
let asked: (readonly string[])[];
/** Accounts that make every request fail in which they are. */
let poison: Set<string>;
let batches: Batches<string>;
beforeEach(() => {
  clock = new SetClock();
  asked = [];
  poison = new Set();
  batches = createBatches<string>({
    clock,
    timeoutMs: 3_000,
    ask: (accountIds) => {
      asked.push(accountIds);
      if (accountIds.some((accountId) => poison.has(accountId))) return Promise.reject(new Error('too large'));
      return Promise.resolve(accountIds.map((accountId) => `of ${accountId}`));
    },
  });
});

/** What each account is answered; null where it failed. */
const load = (accounts: readonly string[]): Promise<readonly (string | null)[]> =>
  Promise.all(accounts.map((accountId) => batches.load(accountId).catch(() => null)));
const answers = (accounts: readonly string[]): readonly (string | null)[] =>
  accounts.map((accountId) => (poison.has(accountId) ? null : `of ${accountId}`));

describe('accounts that are asked about at the same time', () => {
  it.each([[['a0']], [['a20']], [['a39', 'a0']], [['a1', 'a11', 'a21']]])(
    'are all answered but %j, which spoil each request that they are in',
    async (bad) => {
      for (const accountId of bad) poison.add(accountId);
      expect(await load(ACCOUNTS)).toEqual(answers(ACCOUNTS));
      expect(batches.degraded()).toBe(false);
      // One request, its four parts, and one for each account of a part that failed.
      expect(asked).toHaveLength(1 + 4 + 10 * new Set(bad.map((id) => Math.floor(Number(id.slice(1)) / 10))).size);
    },
  );

  it('are spoiled once: from then on the account is asked about apart', async () => {
    poison.add('a20');
    await load(ACCOUNTS);
    asked = [];
    expect(await load(ACCOUNTS)).toEqual(answers(ACCOUNTS));
    expect(asked.filter((accountIds) => accountIds.includes('a20'))).toEqual([['a20']]);
    const others = ACCOUNTS.filter((accountId) => accountId !== 'a20');
    expect(asked.flat().filter((accountId) => accountId !== 'a20')).toHaveLength(others.length);
  });

  it('are answered however often one of them fails, which is left alone for a second after three times', async () => {
    poison.add('a20');
    for (let time = 0; time < 10; time += 1) expect(await load(ACCOUNTS)).toEqual(answers(ACCOUNTS));
    expect(asked.filter((accountIds) => accountIds.length === 1 && accountIds[0] === 'a20')).toHaveLength(3);
    await clock.advance(1_000);
    poison.clear();
    expect(await load(['a20'])).toEqual(['of a20']);
  });

  it('cost five requests and no more when none of them is answered', async () => {
    for (const accountId of ACCOUNTS) poison.add(accountId);
    expect(await load(ACCOUNTS)).toEqual(answers(ACCOUNTS));
    expect(asked).toHaveLength(5);
    expect(batches.degraded()).toBe(true);
  });
});
