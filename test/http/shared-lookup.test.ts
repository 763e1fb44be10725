import { describe, expect, it } from '@jest/globals';
import type { LookupFunction } from 'node:net';
import { createSharedLookup } from '../../src/http/shared-lookup.js';

describe('a name lookup that connections share', () => {
  const addressOf = (lookup: LookupFunction): Promise<unknown> =>
    new Promise((resolve, reject) =>
      lookup('localhost', { all: true }, (error, addresses) => (error ? reject(error) : resolve(addresses))),
    );

  it('is under way once for all who wait, and begun again for those who come later', async () => {
    const answers: Parameters<LookupFunction>[2][] = [];
    const lookup = createSharedLookup((_hostname, _options, callback) => answers.push(callback));
    const first = Promise.all([addressOf(lookup), addressOf(lookup), addressOf(lookup)]);
    expect(answers).toHaveLength(1);
    answers[0]!(null, [{ address: '192.0.2.1', family: 4 }]);
    expect(await first).toEqual(Array(3).fill([{ address: '192.0.2.1', family: 4 }]));

    const second = addressOf(lookup);
    expect(answers).toHaveLength(2);
    answers[1]!(new Error('no such name'), []);
    await expect(second).rejects.toThrow('no such name');
  });

  it('is the system’s when no other is given', async () => {
    const addresses = await addressOf(createSharedLookup());
    expect(addresses).toEqual(expect.arrayContaining([expect.objectContaining({ address: expect.any(String) })]));
  });
});
