import { describe, expect, it } from '@jest/globals';
import { loseNodes, median } from './node-death.js';

describe('nodes that are killed in the middle of calls, 200 times', () => {
  it('cost no event and double none', async () => {
    const gaps = await loseNodes(200);
    expect(gaps).toHaveLength(800);
    process.stdout.write(`without a stream after a kill: median ${median(gaps).toFixed(0)} ms\n`);
  }, 1_800_000);
});
