import { createHmac, createSecretKey, timingSafeEqual, type KeyObject } from 'node:crypto';

/**
 * Signatures of Standard Webhooks 1.0.0 (https://www.standardwebhooks.com), the symmetric scheme `v1`: HMAC-SHA256 over
 * `id.timestamp.body`, sent in the headers `webhook-id`, `webhook-timestamp` and `webhook-signature`.
 */
const PREFIX = 'whsec_';
const KEY_BYTES = 24;
/** How far the clocks of the two sides may be apart, and for how long a request can be sent again, in seconds. */
const TOLERANCE_SECONDS = 5 * 60;

/**
 * The key in a secret: base64 (RFC 4648, section 4) of at least 24 random bytes, with or without `whsec_` before it.
 *
 * @throws TypeError it is not that; the error does not repeat it
 */
export function signatureKey(secret: string): KeyObject {
  const encoded = secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : secret;
  const key = Buffer.from(encoded, 'base64');
  // Node skips what is no base64, and would make a short key of a long passphrase.
  const isBase64 = withoutPadding(key.toString('base64')) === withoutPadding(encoded);
  if (!isBase64 || key.length < KEY_BYTES) {
    throw new TypeError(
      `a webhook secret must be at least ${KEY_BYTES} bytes in base64, ${PREFIX} may stand before it`,
    );
  }
  return createSecretKey(key);
}

function withoutPadding(base64: string): string {
  return base64.replace(/={1,2}$/, '');
}

/** The timestamp is that of the attempt, in Unix seconds. */
export type SignedHeaders = Readonly<Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string>>;

/**
 * @param id the same at every attempt
 * @param now of this attempt, Unix milliseconds
 */
export function signWebhook(key: KeyObject, id: string, now: number, body: string): SignedHeaders {
  const timestamp = String(Math.floor(now / 1_000));
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${mac(key, id, timestamp, body).toString('base64')}`,
  };
}

/**
 * Whether the request was signed with the key, at most five minutes ago or ahead. The same request again is as good: what
 * it asks for must be harmless to repeat.
 *
 * @param headers as Node gives them; of several signatures one has to be right (rotation of keys)
 * @param body the bytes that came, not what was parsed from them
 * @param now Unix milliseconds
 */
export function isSigned(
  key: KeyObject,
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
  body: Uint8Array,
  now: number,
): boolean {
  const id = headers['webhook-id'];
  const timestamp = headers['webhook-timestamp'];
  const signatures = headers['webhook-signature'];
  if (typeof id !== 'string' || typeof timestamp !== 'string' || typeof signatures !== 'string') return false;
  if (!/^\d{1,12}$/.test(timestamp)) return false;
  if (Math.abs(Math.floor(now / 1_000) - Number(timestamp)) > TOLERANCE_SECONDS) return false;

  const expected = mac(key, id, timestamp, body);
  return signatures.split(' ').some((signature) => {
    const given = Buffer.from(signature.startsWith('v1,') ? signature.slice(3) : '', 'base64');
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
}

function mac(key: KeyObject, id: string, timestamp: string, body: string | Uint8Array): Buffer {
  return createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest();
}
