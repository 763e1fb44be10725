/** Clients that connect wait for their turn: a few in each turn of the event loop, in order, bounded in number and time. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { createNewcomers } from '../../src/server/newcomers.js';
import { SetClock, settled } from '../support/clock.js';

const clock = new SetClock();
const create = (options = {}) => createNewcomers({ clock, max: 100, maxMs: 30_000, ...options });
let queue = create();
afterEach(() => queue.end());

describe('a queue of newcomers', () => {
  it('lets the first ones go at once, and the others a few in each turn of the event loop', async () => {
    queue = create();
    const went: number[] = [];
    for (let n = 0; n < 20; n += 1) void queue.turn('here').then(() => went.push(n));
    const counts: number[] = [];
    for (let n = 0; n < 3; n += 1) {
      await null;
      counts.push(went.length);
      await settled();
    }
    expect(counts).toEqual([8, 16, 20]);
    expect(went).toEqual(Array.from({ length: 20 }, (_, n) => n));
  });

  it('keeps the order while the first one may not go, and lets all go when it may', async () => {
    queue = create();
    let mayGo = false;
    const went: string[] = [];
    void queue.turn('here', () => mayGo).then(() => went.push('first'));
    void queue.turn('here').then(() => went.push('second'));
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(went).toEqual([]);
    mayGo = true;
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(went).toEqual(['first', 'second']);
  });

  it('refuses more than may wait at once, and those that have waited too long, and nobody else', async () => {
    queue = create({ max: 2, maxMs: 1_000 });
    const never = () => false;
    const first = queue.turn('here', never);
    const second = queue.turn('here', never);
    expect(await queue.turn('here', never)).toBe(false);
    await clock.advance(1_000);
    expect(await Promise.all([first, second])).toEqual([false, false]);
    expect(await queue.turn('here')).toBe(true);
  });

  it('goes by turns from each place: a crowd of one is not before the others', async () => {
    queue = create();
    const went: string[] = [];
    const come = (from: string): void => void queue.turn(from).then((mayGo) => mayGo && went.push(from));
    for (let n = 0; n < 80; n += 1) come('crowd');
    for (const from of ['one', 'two', 'one']) come(from);
    await null;
    expect(went).toEqual(Array(8).fill('crowd'));
    await settled();
    expect(went.slice(8)).toEqual(['crowd', 'one', 'two', 'crowd', 'one', 'crowd', 'crowd', 'crowd']);
    while (went.length < 83) await settled();
  });

  it('when it is full, has the last one of the largest crowd make room, and nobody of a place with fewer', async () => {
    queue = create({ max: 4 });
    const never = () => false;
    const crowd = Array.from({ length: 3 }, () => queue.turn('crowd', never));
    const others = [queue.turn('one', never), queue.turn('two', never)];
    expect(await crowd[2]).toBe(false);
    // Two of the crowd are left, and one each: no place has more than it.
    expect(await queue.turn('crowd', never)).toBe(false);
    queue.end();
    expect(await Promise.all([...crowd.slice(0, 2), ...others])).toEqual([true, true, true, true]);
  });

  it('lets all go when the server stops', async () => {
    queue = create();
    const waiting = Array.from({ length: 50 }, () => queue.turn('here', () => false));
    queue.end();
    expect(await Promise.all(waiting)).toEqual(waiting.map(() => true));
    expect(await queue.turn('here', () => false)).toBe(true);
  });
});
