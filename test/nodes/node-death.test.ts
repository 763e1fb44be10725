import { describe, expect, it } from '@jest/globals';
import { loseNodes } from './node-death.js';

describe('a node that is killed in the middle of a call', () => {
  it('costs no event and doubles none: the device goes on at another node, from its cursor', async () => {
    expect(await loseNodes(4)).toHaveLength(16);
  }, 300_000);
});
