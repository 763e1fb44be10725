import { describe, expect, it } from '@jest/globals';
import { REQUESTS_KEPT_MS, shareRevocations } from '../../src/identity/revocations.js';
import type { RevocationLog } from '../../src/identity/revocations.js';
import { SetClock } from '../support/clock.js';

interface Told {
  readonly revoked: [string, string, number | undefined][];
  readonly ended: string[];
}

function node(log: RevocationLog | undefined, clock: SetClock) {
  const told: Told = { revoked: [], ended: [] };
  const sessions = {
    revoke: (account: string, device: string, at?: number) => void told.revoked.push([account, device, at]),
  };
  const shared = shareRevocations(sessions, log, clock);
  const revoke = (request: { readonly id?: string; readonly at?: number } = {}): Promise<boolean> =>
    shared.revoke('alice', 'phone', request, () => Promise.resolve(void told.ended.push('alice/phone')));
  return { ...told, revoke, learn: () => shared.learn() };
}

describe('a revocation', () => {
  it('goes by the time of the log, whatever the clock of the node says', async () => {
    for (const wrongBy of [-60_000, 60_000]) {
      const clock = new SetClock();
      const truth = clock.now();
      clock.setWall(wrongBy);
      const added: number[] = [];
      const log: RevocationLog = {
        begin: () => Promise.resolve({ now: truth, before: null }),
        add: ({ at }) => Promise.resolve(void added.push(at)),
        done: () => Promise.resolve(),
        news: () => Promise.resolve([]),
      };
      const { revoke, revoked } = node(log, clock);
      await revoke();
      expect(revoked).toEqual([['alice', 'phone', truth]]);
      expect(added).toEqual([truth]);
    }
  });

  it('with an id is carried out once, up to when it was asked for', async () => {
    const clock = new SetClock();
    const { revoke, revoked, ended } = node(undefined, clock);
    const at = clock.now();
    clock.jump(1_000);
    expect(await revoke({ id: 'msg_1', at })).toBe(true);
    clock.jump(4 * 60_000);
    expect(await revoke({ id: 'msg_1', at })).toBe(false);
    expect(revoked).toEqual([['alice', 'phone', at]]);
    expect(ended).toHaveLength(1);
    expect(await revoke({ id: 'msg_2', at: clock.now() + 60_000 })).toBe(true);
    expect(revoked.at(-1)).toEqual(['alice', 'phone', clock.now()]);
    clock.jump(REQUESTS_KEPT_MS);
    expect(await revoke({ id: 'msg_1', at })).toBe(true);
  });

  it('that failed half way is carried out when it is asked for again', async () => {
    const clock = new SetClock();
    const sessions = { revoke: () => undefined };
    const shared = shareRevocations(sessions, undefined, clock);
    const failing = (): Promise<void> => Promise.reject(new Error('down'));
    await expect(shared.revoke('alice', 'phone', { id: 'm' }, failing)).rejects.toThrow('down');
    expect(await shared.revoke('alice', 'phone', { id: 'm' }, () => Promise.resolve())).toBe(true);
  });

  it('is asked about once for all sockets that come at the same time, and once more for those that come later', async () => {
    let asked = 0;
    let answer: () => void = () => undefined;
    const log = {
      news: () => {
        asked++;
        return new Promise<readonly []>((resolve) => (answer = () => resolve([])));
      },
    } as unknown as RevocationLog;
    const { learn } = node(log, new SetClock());
    const first = learn();
    const later = Array.from({ length: 100 }, () => learn());
    expect(asked).toBe(1);
    answer();
    await first;
    await new Promise((done) => setImmediate(done));
    expect(asked).toBe(2);
    answer();
    await Promise.all(later);
    expect(asked).toBe(2);
  });
});
