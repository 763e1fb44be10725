import { describe, expect, it } from '@jest/globals';
import { Turns } from '../../src/call/turns.js';
import { SetClock, settled } from '../support/clock.js';

describe('turns', () => {
  it('let moves of one call go in the order in which they came, and other calls by', async () => {
    const turns = new Turns(new SetClock());
    const log: string[] = [];
    let release = (): void => undefined;
    const first = turns.take('a', async () => {
      await new Promise<void>((resolve) => (release = resolve));
      log.push('a1');
    });
    const rest = ['a2', 'a3'].map((name) => turns.take('a', async () => void log.push(name)));
    await turns.take('b', async () => void log.push('b'));
    expect(log).toEqual(['b']);
    release();
    await Promise.all([first, ...rest]);
    expect(log).toEqual(['b', 'a1', 'a2', 'a3']);
  });

  it('pass on when one fails', async () => {
    const turns = new Turns(new SetClock());
    const failed = turns.take('a', () => Promise.reject(new Error('no')));
    const next = turns.take('a', () => Promise.resolve('done'));
    await expect(failed).rejects.toThrow('no');
    expect(await next).toBe('done');
  });

  it('are not waited for when one is stuck', async () => {
    const clock = new SetClock();
    const turns = new Turns(clock);
    void turns.take('a', () => new Promise(() => undefined));
    let passed = false;
    void turns.take('a', async () => void (passed = true));
    await settled();
    expect(passed).toBe(false);
    await clock.advance(100);
    expect(passed).toBe(true);
  });

  it('in a long line are waited for, however long, while each is over in time', async () => {
    const clock = new SetClock();
    const turns = new Turns(clock);
    let [under, most] = [0, 0];
    const moves = Array.from({ length: 20 }, () =>
      turns.take('a', async () => {
        under += 1;
        most = Math.max(most, under);
        await clock.wait(60);
        under -= 1;
      }),
    );
    for (let n = 0; n < 20; n += 1) {
      await settled();
      await clock.advance(60);
    }
    await Promise.all(moves);
    expect(most).toBe(1);
  });

  it('are each waited for as long, behind several that are stuck', async () => {
    const clock = new SetClock();
    const turns = new Turns(clock);
    const begun: number[] = [];
    for (const n of [1, 2, 3]) void turns.take('a', () => (begun.push(n), new Promise(() => undefined)));
    for (const expected of [[1], [1, 2], [1, 2, 3]]) {
      await settled();
      expect(begun).toEqual(expected);
      await clock.advance(100);
    }
  });
});
