import { createCipheriv, createDecipheriv } from 'node:crypto';
import { freshBytes } from '../call/ids.js';
import { RedisError } from './failure.js';

/** A key to encrypt with, and the name under which values say that they need it: 1 to 32 characters. */
export interface EncryptionKey {
  readonly id: string;
  /** 32 bytes. */
  readonly key: Uint8Array;
}

/** Where a value is kept. It opens there and nowhere else. */
export interface Place {
  readonly key: string;
  readonly field: string;
  /** Its position in a log, or the version that it belongs to. */
  readonly position: number;
}

const ALGORITHM = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;

const boundTo = ({ key, field, position }: Place): Buffer => Buffer.from(JSON.stringify([key, field, position]));

/**
 * Encrypts what Redis keeps: AES-256-GCM (NIST SP 800-38D) with a random 96-bit IV, of which one key should not see more than
 * 2^32. The place of a value is authenticated along, so that values cannot be exchanged for one another.
 *
 * A sealed value is: length of the key's id, the id, IV, ciphertext, tag.
 */
export class Cipher {
  readonly #keys: ReadonlyMap<string, Uint8Array>;
  readonly #first: EncryptionKey;

  /** @param keys the first one encrypts, each of them decrypts */
  constructor(keys: readonly EncryptionKey[]) {
    const [first] = keys;
    if (first === undefined) throw new TypeError('an encryption key is required');
    for (const { id, key } of keys)
      if (key.length !== 32 || !/^[\x21-\x7e]{1,32}$/.test(id))
        throw new TypeError('an encryption key has 32 bytes and an id');
    this.#first = first;
    this.#keys = new Map(keys.map(({ id, key }) => [id, key]));
  }

  seal(text: string, place: Place): Buffer {
    const { id, key } = this.#first;
    const iv = freshBytes(IV_BYTES);
    const cipher = createCipheriv(ALGORITHM, key, iv, { authTagLength: TAG_BYTES });
    cipher.setAAD(boundTo(place));
    const body = [cipher.update(text, 'utf8'), cipher.final()];
    return Buffer.concat([Buffer.of(id.length), Buffer.from(id), iv, ...body, cipher.getAuthTag()]);
  }

  /** Whether it was sealed with the key that this node seals with. */
  isOfFirstKey(sealed: Buffer): boolean {
    return sealed.toString('latin1', 1, 1 + (sealed[0] ?? 0)) === this.#first.id;
  }

  /** @throws RedisError `undecipherable`: it is not what was sealed for this place, or its key has been retired */
  open(sealed: Buffer, place: Place): string {
    const ivAt = 1 + (sealed[0] ?? 0);
    const bodyAt = ivAt + IV_BYTES;
    const key = this.#keys.get(sealed.toString('latin1', 1, ivAt));
    if (key === undefined || sealed.length < bodyAt + TAG_BYTES) throw new RedisError('undecipherable');
    try {
      const decipher = createDecipheriv(ALGORITHM, key, sealed.subarray(ivAt, bodyAt), { authTagLength: TAG_BYTES });
      decipher.setAAD(boundTo(place));
      decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
      const body = decipher.update(sealed.subarray(bodyAt, -TAG_BYTES));
      return Buffer.concat([body, decipher.final()]).toString('utf8');
    } catch {
      throw new RedisError('undecipherable');
    }
  }
}
