import { describe, expect, it } from '@jest/globals';
import { LIMITS } from '../../src/limits.js';
import { hasTooManyValues } from '../../src/server/json-values.js';

const MOST = LIMITS.messageValues;
const keys = (n: number): object => Object.fromEntries(Array.from({ length: n }, (_, i) => [`k${i}`, i]));

describe('the values of a JSON text', () => {
  it.each([
    ['members', JSON.stringify(keys(MOST / 2)), JSON.stringify(keys(MOST / 2 + 1))],
    ['items', JSON.stringify(Array(MOST + 1).fill(0)), JSON.stringify(Array(MOST + 2).fill(0))],
    ['texts', JSON.stringify(Array(MOST + 1).fill('"')), JSON.stringify(Array(MOST + 2).fill('\\'))],
    ['lists in each other', '['.repeat(MOST) + ']'.repeat(MOST), '['.repeat(MOST + 1) + ']'.repeat(MOST + 1)],
    ['what is no JSON', '""'.repeat(2 * MOST + 2), '""'.repeat(2 * MOST + 3)],
  ])('are bounded: %s', (_what, most, more) => {
    expect(hasTooManyValues(most)).toBe(false);
    expect(hasTooManyValues(more)).toBe(true);
  });

  it.each([
    ['as it is', ':,[{'.repeat(MOST)],
    ['after a quote', '"' + ':,[{'.repeat(MOST)],
    ['after a backslash', '\\' + ':,[{'.repeat(MOST) + '\\'],
    ['after a backslash and a quote', '\\"' + ':,[{'.repeat(MOST) + '\\\\"'],
  ])('are not what stands in a text: %s', (_what, text) => {
    expect(hasTooManyValues(JSON.stringify({ text }))).toBe(false);
  });

  it('are enough for the largest message a client needs', () => {
    const candidate = { candidate: 'x:,', sdpMid: '0', sdpMLineIndex: 0, usernameFragment: 'abcd' };
    const candidates = Array.from({ length: LIMITS.candidatesPerMutation }, () => candidate);
    const reference = { __typename: 'Call', id: 'a:b' };
    const representations = Array.from({ length: LIMITS.entityRepresentations }, () => reference);
    expect(hasTooManyValues(JSON.stringify({ query: '', variables: { candidates } }))).toBe(false);
    expect(hasTooManyValues(JSON.stringify({ query: '', variables: { representations } }))).toBe(false);
  });

  it('end with the text, whole or not', () => {
    for (const text of ['', '"', '"\\', '"\\"', '{"a', '\\']) expect(hasTooManyValues(text)).toBe(false);
  });
});
