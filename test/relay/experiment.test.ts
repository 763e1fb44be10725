import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { enrolledIn, isEnrolled } from '../../src/relay/experiment.js';

const ACCOUNTS = Array.from({ length: 20_000 }, (_, i) => `account-${i}`);

function experiment(name: string, percentage: number, lists: { include?: string[]; exclude?: string[] } = {}) {
  return { name, percentage, include: [], exclude: [], ...lists };
}

describe('enrolment in an experiment', () => {
  it('takes the percentage of accounts that was asked for', () => {
    for (const percentage of [0.5, 5, 50]) {
      const share =
        ACCOUNTS.filter((id) => isEnrolled(experiment('turnBeta', percentage), id)).length / ACCOUNTS.length;
      expect(share * 100).toBeGreaterThan(percentage * 0.8);
      expect(share * 100).toBeLessThan(percentage * 1.2);
    }
  });

  it('takes nobody at 0 and everybody at 100', () => {
    expect(ACCOUNTS.some((id) => isEnrolled(experiment('turnBeta', 0), id))).toBe(false);
    expect(ACCOUNTS.every((id) => isEnrolled(experiment('turnBeta', 100), id))).toBe(true);
  });

  it('is independent between experiments, however alike their names', () => {
    for (const [a, b] of [
      ['turnBeta1', 'turnBeta2'],
      ['relayA', 'relayB'],
      ['turnBeta', 'turnBetb'],
    ] as const) {
      const inA = ACCOUNTS.filter((id) => isEnrolled(experiment(a, 10), id));
      const inBoth = inA.filter((id) => isEnrolled(experiment(b, 10), id));
      expect(inBoth.length / inA.length).toBeGreaterThan(0.06);
      expect(inBoth.length / inA.length).toBeLessThan(0.14);
    }
  });

  it('never drops an account when the percentage grows', () => {
    const percentage = fc.double({ min: 0, max: 100, noNaN: true });
    fc.assert(
      fc.property(fc.string(), percentage, percentage, (account, a, b) => {
        const [small, big] = [Math.min(a, b), Math.max(a, b)];
        return !isEnrolled(experiment('x', small), account) || isEnrolled(experiment('x', big), account);
      }),
    );
  });

  it('gives the same answer for ever', () => {
    // First 32 bits of SHA-256("turnBeta" NUL "alice") on a scale of 100, worked out by other means.
    expect(isEnrolled(experiment('turnBeta', 25.126), 'alice')).toBe(false);
    expect(isEnrolled(experiment('turnBeta', 25.127), 'alice')).toBe(true);
  });

  it('lets exclude beat include, and include beat the percentage', () => {
    const lists = { include: ['alice', 'bob'], exclude: ['bob', 'carol'] };
    expect(isEnrolled(experiment('x', 0, lists), 'alice')).toBe(true);
    expect(isEnrolled(experiment('x', 0, lists), 'bob')).toBe(false);
    expect(isEnrolled(experiment('x', 100, lists), 'carol')).toBe(false);
  });

  it('goes to the first experiment, in order of configuration, that takes the account', () => {
    const experiments = [experiment('none', 0), experiment('first', 100), experiment('second', 100)];
    expect(enrolledIn(experiments, 'alice')?.name).toBe('first');
    expect(enrolledIn([experiment('none', 0)], 'alice')).toBeUndefined();
  });
});
