import { OwnCrowd, type RedisError } from '../../src/redis/failure.js';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { deadlineIn } from '../../src/redis/deadline.js';
import { Turns } from '../../src/redis/turns.js';
import type { Release, TurnLimits } from '../../src/redis/turns.js';

const LIMITS: TurnLimits = {
  all: { atOnce: 8, waiting: 100 },
  account: { atOnce: 3, waiting: 20 },
  service: { atOnce: 5, waiting: 100 },
};

/** Takes turns in the names of parties, and notes who had one, in order. */
class Crowd {
  readonly turns = new Turns(LIMITS);
  readonly had: string[] = [];
  readonly held: { readonly name: string; readonly release: Release }[] = [];
  refused = 0;

  ask(name: string, count = 1): void {
    for (let n = 0; n < count; n++) {
      try {
        const turn = this.turns.take(name === 'service' ? null : name, deadlineIn(60_000));
        if (typeof turn === 'function') this.#hold(name, turn);
        else void turn.then((release) => this.#hold(name, release));
      } catch (error) {
        expect(error instanceof OwnCrowd || (error as RedisError).reason === 'crowded').toBe(true);
        this.refused++;
      }
    }
  }

  async finish(count: number): Promise<void> {
    for (const { release } of this.held.splice(0, count)) release();
    await nextTurn();
  }

  /** Nothing is left waiting: its time would be up in the middle of another test. */
  async end(): Promise<void> {
    while (this.held.length > 0) await this.finish(3);
    expect(this.turns.waiting).toBe(0);
  }

  #hold(name: string, release: Release): void {
    this.had.push(name);
    this.held.push({ name, release });
  }
}

describe('turns at a shared connection', () => {
  it('an account that asks for much has its share, and others are served in their round', async () => {
    const crowd = new Crowd();
    crowd.ask('greedy', 23);
    expect(crowd.had).toEqual(['greedy', 'greedy', 'greedy']);
    for (const name of ['a', 'b', 'c', 'd']) crowd.ask(name, 2);
    await nextTurn();
    // Eight at once: none of the others waits for more than those before it.
    expect(crowd.had).toHaveLength(8);
    await crowd.finish(8);
    expect(crowd.had.slice(0, 16).filter((name) => name !== 'greedy')).toHaveLength(8);
    await crowd.end();
  });

  it('more than may wait is refused at once, for an account and for all together', async () => {
    const crowd = new Crowd();
    crowd.ask('greedy', 25);
    expect(crowd.refused).toBe(2);
    crowd.ask('other');
    expect(crowd.had.at(-1)).toBe('other');
    for (let n = 0; n < 8; n++) crowd.ask(`a${n}`, 23);
    expect(crowd.turns.waiting).toBe(100);
    const { refused } = crowd;
    const { parties } = crowd.turns;
    crowd.ask('new');
    expect(crowd.refused).toBe(refused + 1);
    // Who was refused is not remembered: a crowd of accounts would be held for ever.
    expect(crowd.turns.parties).toBe(parties);
    await crowd.end();
    expect(crowd.turns.parties).toBe(0);
  });

  it('who waits for too long is told so, and nobody waits behind it', async () => {
    const turns = new Turns({ ...LIMITS, all: { atOnce: 1, waiting: 10 } });
    const first = turns.take('a', deadlineIn(60_000)) as Release;
    await expect(turns.take('b', deadlineIn(5))).rejects.toMatchObject({ reason: 'timeout' });
    const next = turns.take('c', deadlineIn(60_000));
    first();
    (await next)();
    first();
    const again = turns.take('d', deadlineIn(60_000)) as Release;
    expect(again).toBeInstanceOf(Function);
    const last = turns.take('e', deadlineIn(60_000));
    expect(last).toBeInstanceOf(Promise);
    again();
    (await last)();
  });

  it('never go beyond a bound, leave nobody out, and leave nothing behind', async () => {
    const step = fc.oneof(
      fc.record({ ask: fc.constantFrom('a', 'b', 'c', 'd', 'service'), count: fc.nat(12) }),
      fc.record({ finish: fc.nat(8) }),
    );
    const within = ({ held }: Crowd): void => {
      expect(held.length).toBeLessThanOrEqual(8);
      for (const name of ['a', 'b', 'c', 'd'])
        expect(held.filter((each) => each.name === name).length).toBeLessThanOrEqual(3);
    };
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const crowd = new Crowd();
        let asked = 0;
        for (const each of steps) {
          if ('ask' in each) {
            crowd.ask(each.ask, each.count);
            asked += each.count;
          } else await crowd.finish(each.finish);
          within(crowd);
        }
        while (crowd.held.length > 0) {
          await crowd.finish(1);
          within(crowd);
        }
        expect(crowd.had.length + crowd.refused).toBe(asked);
        expect(crowd.turns.waiting).toBe(0);
      }),
      { numRuns: 60 },
    );
  });
});
