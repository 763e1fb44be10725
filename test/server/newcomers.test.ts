/** Clients that connect wait for their turn: a few in each turn of the event loop, in order, bounded in number and time. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { createNewcomers } from '../../src/server/newcomers.js';
import { SetClock } from '../support/clock.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const clock = new SetClock();
const create = (options = {}) => createNewcomers({ clock, max: 100, maxMs: 30_000, ...options });
let queue = create();
afterEach(() => queue.end());

describe('a queue of newcomers', () => {
  it('lets the first ones go at once, and the others a few in each turn of the event loop', async () => {
    queue = create();
    const went: number[] = [];
    for (let n = 0; n < 20; n += 1) void queue.turn().then(() => went.push(n));
    const counts: number[] = [];
    for (let n = 0; n < 3; n += 1) {
      await null;
      counts.push(went.length);
      await turn();
    }
    expect(counts).toEqual([8, 16, 20]);
    expect(went).toEqual(Array.from({ length: 20 }, (_, n) => n));
  });

  it('keeps the order while the first one may not go, and lets all go when it may', async () => {
    queue = create();
    let mayGo = false;
    const went: string[] = [];
    void queue.turn(() => mayGo).then(() => went.push('first'));
    void queue.turn().then(() => went.push('second'));
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(went).toEqual([]);
    mayGo = true;
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(went).toEqual(['first', 'second']);
  });

  it('refuses more than may wait at once, and those that have waited too long, and nobody else', async () => {
    queue = create({ max: 2, maxMs: 1_000 });
    const never = () => false;
    const first = queue.turn(never);
    const second = queue.turn(never);
    expect(await queue.turn(never)).toBe(false);
    await clock.advance(1_000);
    expect(await Promise.all([first, second])).toEqual([false, false]);
    expect(await queue.turn()).toBe(true);
  });

  it('lets all go when the server stops', async () => {
    queue = create();
    const waiting = Array.from({ length: 50 }, () => queue.turn(() => false));
    queue.end();
    expect(await Promise.all(waiting)).toEqual(waiting.map(() => true));
    expect(await queue.turn(() => false)).toBe(true);
  });
});
