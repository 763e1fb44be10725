import { describe, expect, it } from '@jest/globals';
import { createCipheriv, randomBytes } from 'node:crypto';
import { Cipher } from '../../src/redis/cipher.js';
import type { Place } from '../../src/redis/cipher.js';
import { RedisError } from '../../src/redis/failure.js';
import { CANARIES } from '../support/canaries.js';

const keyOf = (id: string): { id: string; key: Buffer } => ({ id, key: randomBytes(32) });
const [K1, K2] = [keyOf('2029'), keyOf('2030')];
const PLACE: Place = { key: 'voip:call:{pair}:call', field: 'call', position: 3 };

/** What opening comes to: the text, or why it could not be opened. */
function outcomeOf(cipher: Cipher, sealed: Buffer, place = PLACE): string {
  try {
    return cipher.open(sealed, place);
  } catch (error) {
    if (error instanceof RedisError) return error.reason;
    throw error;
  }
}

describe('what Redis keeps', () => {
  const cipher = new Cipher([K1]);

  it('is opened where it was sealed, as it was', () => {
    for (const text of ['', 'v=0\r\n', 'ünïcode \u0000 text', 'x'.repeat(70_000)])
      expect(outcomeOf(cipher, cipher.seal(text, PLACE))).toBe(text);
  });

  it('does not show what it says, nor that two say the same', () => {
    const sealed = cipher.seal(CANARIES.sdp, PLACE);
    expect(sealed.includes(CANARIES.sdp)).toBe(false);
    expect(cipher.seal(CANARIES.sdp, PLACE).equals(sealed)).toBe(false);
  });

  it.each<[string, Partial<Place>]>([
    ['call', { key: 'voip:call:{pair}:other' }],
    ['pair', { key: 'voip:call:{riap}:call' }],
    ['field', { field: 'record' }],
    ['position', { position: 4 }],
  ])('cannot be put in the place of what stands under another %s', (_, change) => {
    expect(outcomeOf(cipher, cipher.seal('text', PLACE), { ...PLACE, ...change })).toBe('undecipherable');
  });

  it('cannot be changed, not by one bit and not at any place', () => {
    const sealed = cipher.seal('text', PLACE);
    for (let at = 0; at < sealed.length; at++) {
      const changed = Buffer.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(outcomeOf(cipher, changed)).toBe('undecipherable');
    }
  });

  it('cannot be cut short, not even to a tag that the algorithm would allow', () => {
    const sealed = cipher.seal('text', PLACE);
    for (let length = 0; length < sealed.length; length++)
      expect(outcomeOf(cipher, sealed.subarray(0, length))).toBe('undecipherable');
    // An empty text whose tag is only 4 bytes, made with the right key: GCM knows such tags, and they can be guessed.
    const iv = randomBytes(12);
    const short = createCipheriv('aes-256-gcm', K1.key, iv, { authTagLength: 4 });
    short.setAAD(Buffer.from(JSON.stringify([PLACE.key, PLACE.field, PLACE.position])));
    const body = short.final();
    const forged = Buffer.concat([Buffer.of(K1.id.length), Buffer.from(K1.id), iv, body, short.getAuthTag()]);
    expect(outcomeOf(cipher, forged)).toBe('undecipherable');
  });

  it('is opened with the key that it was sealed with as long as that is in the ring', () => {
    const old = new Cipher([K1]).seal('text', PLACE);
    const rotated = new Cipher([K2, K1]);
    expect(outcomeOf(rotated, old)).toBe('text');
    const fresh = rotated.seal('text', PLACE);
    expect(outcomeOf(new Cipher([K2]), fresh)).toBe('text');
    expect(outcomeOf(new Cipher([K2]), old)).toBe('undecipherable');
    expect(outcomeOf(new Cipher([{ id: K1.id, key: K2.key }]), old)).toBe('undecipherable');
  });

  it('needs keys of 256 bits with a name', () => {
    expect(() => new Cipher([])).toThrow(TypeError);
    expect(() => new Cipher([{ id: 'short', key: randomBytes(16) }])).toThrow(TypeError);
    expect(() => new Cipher([{ id: 'x'.repeat(33), key: randomBytes(32) }])).toThrow(TypeError);
  });
});
