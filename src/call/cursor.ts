import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { DeviceRef } from './call.js';
import { freshBytes } from './ids.js';

/** Calls that one cursor names at most. */
export const CURSOR_CALLS = 16;

/** Where a device is in the logs of its calls. */
export interface Cursor {
  /** Calls entered in the account's index up to here, Unix milliseconds, that are over and not named below are dealt with. */
  readonly since: number;
  /** The last position handled of each call: at most {@link CURSOR_CALLS}. */
  readonly positions: readonly (readonly [callId: string, position: number])[];
}

/** Makes cursors that only their own device can use, and only as they were given out. */
export interface CursorSeal {
  seal(cursor: Cursor, device: DeviceRef): string;
  /** @returns null: forged, foreign, or sealed under a key that is gone. That is no error: the device starts over. */
  open(sealed: string, device: DeviceRef): Cursor | null;
}

const IV_BYTES = 12;
const TAG_BYTES = 16;
/** Longer than any cursor of ours. */
const MAX_LENGTH = 4096;

const dataOf = ({ accountId, deviceId }: DeviceRef): Buffer => Buffer.from(JSON.stringify([accountId, deviceId]));

function unseal(key: Uint8Array, sealed: Buffer, device: DeviceRef): Cursor | null {
  try {
    const iv = sealed.subarray(0, IV_BYTES);
    const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES });
    decipher.setAAD(dataOf(device));
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    const body = sealed.subarray(IV_BYTES, -TAG_BYTES);
    const text = Buffer.concat([decipher.update(body), decipher.final()]).toString('utf8');
    const [since, positions] = JSON.parse(text) as [Cursor['since'], Cursor['positions']];
    return { since, positions };
  } catch {
    return null;
  }
}

/**
 * AES-256-GCM (NIST SP 800-38D) with a random 96-bit IV; the account and the device are authenticated along.
 *
 * @param keys 32 bytes each, the same on every node: the first one seals, each of them opens
 */
export function cursorSeal(keys: readonly [Uint8Array, ...Uint8Array[]]): CursorSeal {
  return {
    seal({ since, positions }, device) {
      const iv = freshBytes(IV_BYTES);
      const cipher = createCipheriv('aes-256-gcm', keys[0], iv, { authTagLength: TAG_BYTES });
      cipher.setAAD(dataOf(device));
      const body = Buffer.concat([cipher.update(JSON.stringify([since, positions]), 'utf8'), cipher.final()]);
      return Buffer.concat([iv, body, cipher.getAuthTag()]).toString('base64url');
    },
    open(sealed, device) {
      if (sealed.length > MAX_LENGTH) return null;
      const bytes = Buffer.from(sealed, 'base64url');
      if (bytes.length < IV_BYTES + TAG_BYTES) return null;
      for (const key of keys) {
        const cursor = unseal(key, bytes, device);
        if (cursor !== null) return cursor;
      }
      return null;
    },
  };
}
