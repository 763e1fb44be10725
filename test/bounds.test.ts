/** Everything in src that lives on and can grow, and what bounds it. */
import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { BOUNDS } from './support/bounds.js';
import { heldBy } from './support/held.js';

const SRC = new URL('../src/', import.meta.url);
const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => /\.tsx?$/.test(file));
const held = files.flatMap((file) =>
  heldBy(readFileSync(new URL(file, SRC), 'utf8')).map(({ name, kind }) => ({ key: `${file} ${name}`, kind })),
);

describe('what lives on and can grow', () => {
  it('has a bound in test/support/bounds.ts, and why', () => {
    const unknown = held.filter(({ key }) => !(key in BOUNDS));
    // Where nothing bounds it, bound it first: by a limit of src/limits.ts, by a time after which it is forgotten, or by what it
    // follows. Then say so in test/support/bounds.ts, in one line.
    const advice = unknown.map(
      ({ key, kind }) => `add to test/support/bounds.ts what bounds this ${kind}: '${key}': '…',`,
    );
    expect(advice).toEqual([]);
  });

  it('is all there: a line for something that is gone is taken out', () => {
    const known = new Set(held.map(({ key }) => key));
    expect(Object.keys(BOUNDS).filter((key) => !known.has(key))).toEqual([]);
  });

  it('has bounds that say something', () => {
    for (const [key, bound] of Object.entries(BOUNDS)) expect(`${key}: ${bound}`).toMatch(/: .{12,}$/);
  });
});

describe('the search for it', () => {
  const found = (source: string): readonly string[] => heldBy(source).map(({ name, kind }) => `${kind} ${name}`);

  it('finds fields, variables of a module, and what functions that live on use', () => {
    expect(found('class A { readonly #seen = new Map<string, number>(); }')).toEqual(['Map #seen']);
    expect(found('const seen = new Set(); export const add = (x) => seen.add(x);')).toEqual(['Set seen']);
    expect(found('function make() { const m = new Map(); return { put: (k) => m.set(k, 1) }; }')).toEqual(['Map m']);
    expect(found('class A { queue = []; put(x) { this.queue.push(x); } }')).toEqual(['array queue']);
    expect(found('class A { constructor() { this.byId = new WeakMap(); } }')).toEqual(['WeakMap byId']);
    expect(found('const cache = new Keyv({ store: new Map() });')).toEqual(['cache cache', 'Map store']);
    expect(found('const a = { list: [] }; a.list.push(1);')).toEqual(['array list']);
  });

  it('leaves out what goes with the function that made it, and tables', () => {
    expect(found('function f(xs) { const s = new Set(); for (const x of xs) s.add(x); return s.size; }')).toEqual([]);
    expect(found('function f(xs) { const out = []; xs.forEach((x) => out.push(x)); return out; }')).toEqual([]);
    expect(found("const NAMES = new Set(['a', 'b']); export const has = (x) => NAMES.has(x);")).toEqual([]);
    expect(found('class A { list = []; get first() { return this.list[0]; } }')).toEqual([]);
  });
});
