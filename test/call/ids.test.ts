import { expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { contentHash } from '../../src/call/ids.js';

it('a content hash is 128 bits of SHA-256 as every version has written them: it is compared across an upgrade', () => {
  for (let n = 0; n < 500; n++) {
    const content = [`candidate:${n}`, null, { n }];
    const digest = createHash('sha256').update(JSON.stringify(content)).digest();
    expect(contentHash(...content)).toBe(digest.subarray(0, 16).toString('base64url'));
  }
});
