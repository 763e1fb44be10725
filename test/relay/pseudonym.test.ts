import { describe, expect, it } from '@jest/globals';
import { pseudonymOf } from '../../src/relay/pseudonym.js';

const KEY = Buffer.alloc(32, 7);
const MORNING = Date.UTC(2026, 0, 15, 0, 0, 0);
const NIGHT = Date.UTC(2026, 0, 15, 23, 59, 59, 999);

describe('the pseudonym of an account', () => {
  it('is the HMAC-SHA256 of account and UTC day', () => {
    // printf 'alice\0002026-01-15' | openssl dgst -sha256 -mac HMAC -macopt hexkey:0707... -binary | base64
    expect(pseudonymOf(KEY, 'alice', MORNING)).toBe('7B8hH_FANNpma3wCKI2BKpGpOr9WhO-3WTWgxxMI0hA');
  });

  it('stays the same all day and changes at midnight UTC', () => {
    expect(pseudonymOf(KEY, 'alice', NIGHT)).toBe(pseudonymOf(KEY, 'alice', MORNING));
    expect(pseudonymOf(KEY, 'alice', NIGHT + 1)).not.toBe(pseudonymOf(KEY, 'alice', NIGHT));
  });

  it('differs by account and by key', () => {
    expect(pseudonymOf(KEY, 'bob', MORNING)).not.toBe(pseudonymOf(KEY, 'alice', MORNING));
    expect(pseudonymOf(Buffer.alloc(32, 8), 'alice', MORNING)).not.toBe(pseudonymOf(KEY, 'alice', MORNING));
  });
});
