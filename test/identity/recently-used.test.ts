import { describe, expect, it } from '@jest/globals';
import { RecentlyUsed } from '../../src/identity/recently-used.js';

describe('a map of what was used recently', () => {
  it('forgets what was not used for longest when it is full', () => {
    const map = new RecentlyUsed<number>(3);
    for (const [value, key] of ['a', 'b', 'c'].entries()) map.set(key, value);
    map.get('a');
    map.set('b', 7);
    map.set('d', 3);
    expect(['a', 'b', 'c', 'd'].map((key) => map.get(key))).toEqual([0, 7, undefined, 3]);
  });

  it('holds no more than its capacity, however many are put in', () => {
    const map = new RecentlyUsed<number>(10);
    for (let i = 0; i < 1_000; i += 1) map.set(`key-${i}`, i);
    const held = Array.from({ length: 1_000 }, (_, i) => map.get(`key-${i}`)).filter((value) => value !== undefined);
    expect(held).toEqual([990, 991, 992, 993, 994, 995, 996, 997, 998, 999]);
  });
});
