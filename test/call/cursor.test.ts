import { describe, it, expect } from '@jest/globals';
import fc from 'fast-check';
import { CURSOR_CALLS, cursorSeal } from '../../src/call/cursor.js';
import { cursorOf } from '../../src/call/track.js';
import type { Track } from '../../src/call/track.js';

const OLD = Buffer.alloc(32, 1);
const NEW = Buffer.alloc(32, 2);
const DEVICE = { accountId: 'alice', deviceId: 'phone' };
const CURSOR = { since: 1_893_456_000_000, positions: [['tag.call', 7] as const] };

describe('a cursor', () => {
  const seal = cursorSeal([OLD]);

  it('opens for its device as it was sealed, and shows nothing of what it holds', () => {
    const sealed = seal.seal(CURSOR, DEVICE);
    expect(seal.open(sealed, DEVICE)).toEqual(CURSOR);
    expect(sealed).toMatch(/^[\w-]+$/);
    expect(Buffer.from(sealed, 'base64url').toString('latin1')).not.toContain('tag');
  });

  it.each([
    ['another device', { ...DEVICE, deviceId: 'tablet' }],
    ['another account', { ...DEVICE, accountId: 'bob' }],
    ['a split of the names elsewhere', { accountId: 'alicep', deviceId: 'hone' }],
  ])('does not open for %s', (_, device) => {
    expect(seal.open(seal.seal(CURSOR, DEVICE), device)).toBeNull();
  });

  it('opens with a key that was rotated out, until that is gone', () => {
    const sealed = cursorSeal([OLD]).seal(CURSOR, DEVICE);
    expect(cursorSeal([NEW, OLD]).open(sealed, DEVICE)).toEqual(CURSOR);
    expect(cursorSeal([NEW]).open(sealed, DEVICE)).toBeNull();
  });

  it('does not open when any byte was changed, or any was cut off', () => {
    const bytes = Buffer.from(seal.seal(CURSOR, DEVICE), 'base64url');
    for (let n = 0; n < bytes.length; n++) {
      const forged = Buffer.from(bytes);
      forged.writeUInt8(bytes.readUInt8(n) ^ 1, n);
      expect(seal.open(forged.toString('base64url'), DEVICE)).toBeNull();
      expect(seal.open(bytes.subarray(0, n).toString('base64url'), DEVICE)).toBeNull();
    }
  });

  it('takes anything for a cursor without a fuss', () => {
    fc.assert(fc.property(fc.string({ maxLength: 5_000 }), (text) => seal.open(text, DEVICE) === null));
  });

  it('never looks the same twice', () => {
    expect(seal.seal(CURSOR, DEVICE)).not.toBe(seal.seal(CURSOR, DEVICE));
  });
});

describe('where a device is', () => {
  const track = (n: number, changes: Partial<Track> = {}): Track =>
    ({ callId: `call-${n}`, at: 1_000 + n, over: false, position: 1, head: 1, ...changes }) as Track;

  it('names 16 calls at most, leaving out those that are over and read, the oldest first', () => {
    const tracks = Array.from({ length: 20 }, (_, n) => track(n, { over: n < 10 }));
    const { since, positions } = cursorOf(tracks, 500);
    expect(positions).toHaveLength(CURSOR_CALLS);
    expect(positions.map(([callId]) => callId)).not.toContain('call-3');
    expect(positions.map(([callId]) => callId)).toContain('call-4');
    expect(since).toBe(1_003);
  });

  it('gives up the horizon rather than lose a call that goes on', () => {
    const tracks = Array.from({ length: 17 }, (_, n) => track(n));
    expect(cursorOf(tracks, 500).since).toBe(0);
  });
});
