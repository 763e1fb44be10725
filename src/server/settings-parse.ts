import { z } from 'zod';
import { isAddressRange } from './address-ranges.js';
import { signatureKey } from '../events/webhook-signature.js';
import { readRedisUrl } from '../redis/url.js';

/**
 * Parsers of setting values: from the text of an environment variable to what the program works with. Messages complete
 * the sentence "NAME must be …" and never repeat the value, which may be a secret.
 */

const text = (shape: RegExp, wanted: string) => z.string().regex(shape, { error: wanted });

const PRINTABLE = /^[\x21-\x7e]{1,512}$/;

/** A host name or an address without brackets. */
export const host = text(/^[0-9A-Za-z][0-9A-Za-z.:_-]{0,252}$|^::[0-9A-Fa-f.:]*$/, 'a host name or an IP address');

export const wholeNumber = (min: number, max: number) =>
  text(/^\d{1,10}$/, `a whole number from ${min} to ${max}`)
    .transform(Number)
    .refine((value) => value >= min && value <= max, { error: `a whole number from ${min} to ${max}` });

/** How long one request to another service may take, in milliseconds. */
export const deadline = wholeNumber(100, 30_000);

export const oneOf = <const T extends readonly [string, ...string[]]>(...words: T) =>
  z.enum(words, { error: `one of ${words.join(', ')}` });

/** `on` or `off`. */
export const onOff = z.enum(['on', 'off'], { error: 'on or off' }).transform((word) => word === 'on');

/** A secret, a claim's name, an issuer: anything that fits into one HTTP header or one claim. */
export const word = text(PRINTABLE, 'at most 512 printable ASCII characters without spaces');

/** A secret that a gateway shows as it is: as long as those of webhooks are, written as text. */
export const gatewaySecret = text(/^[\x21-\x7e]{24,512}$/, '24 to 512 printable ASCII characters without spaces');

/** A secret of Standard Webhooks. */
export const webhookSecret = z.string().refine(isWebhookSecret, {
  error: 'at least 24 bytes in base64, whsec_ may stand before it',
});

export const path = text(/^[^\0]{1,4096}$/, 'the path of a file');

/** http: or https:, without credentials, which would end up in logs and in other servers' access logs. */
export const httpUrl = z.string().refine(isHttpUrl, { error: 'an http or https URL without user name and fragment' });

const commaSeparated = z.string().transform((list) => list.split(',').map((entry) => entry.trim()));

/** Origins (RFC 6454, section 6.2), comma separated: of web pages, and of apps and extensions that show pages of their own. */
export const origins = commaSeparated.refine((list) => list.every(isOrigin), {
  error:
    'origins such as https://app.example.com or capacitor://localhost, each written out without *, comma separated',
});

/** Ranges of IP addresses (RFC 4632, RFC 4291), comma separated; an address alone is a range of one. */
export const addressRanges = commaSeparated.refine((list) => list.every(isAddressRange), {
  error: 'IP addresses or ranges such as 10.0.0.0/8, comma separated',
});

/** 32 bytes. Named, as declarations would write Buffer with a type argument otherwise, which TypeScript before 5.7 does not know. */
export interface Key extends Buffer {
  readonly length: 32;
}

/** Base64 (RFC 4648, section 4) of 32 bytes. */
export const key = text(/^[A-Za-z0-9+/]{43}=$/, '32 bytes in base64').transform(decode);

export interface NamedKey {
  readonly id: string;
  readonly key: Key;
}

/** `id:base64,id:base64`; ids are told apart, and the first one encrypts. */
export const namedKeys = z
  .string()
  .regex(/^[\w-]{1,32}:[A-Za-z0-9+/]{43}=(?:,[\w-]{1,32}:[A-Za-z0-9+/]{43}=)*$/, {
    error: 'id:base64 pairs of 32 bytes each, comma separated',
  })
  .transform((list): readonly NamedKey[] =>
    list.split(',').map((pair) => {
      const [id = '', encoded = ''] = pair.split(':');
      return { id, key: decode(encoded) };
    }),
  )
  .refine((keys) => new Set(keys.map(({ id }) => id)).size === keys.length, { error: 'keys with different ids' });

/** One server, a cluster or a set of Sentinels; credentials may stand before the hosts. */
export const redisUrl = z.string().superRefine((url, context) => {
  const read = readRedisUrl(url);
  if (typeof read === 'string') context.addIssue({ code: 'custom', message: read });
});

/** Its length was seen by the shape of the text. */
function decode(base64: string): Key {
  return Buffer.from(base64, 'base64') as Buffer as Key;
}

function isHttpUrl(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, username, password, hash } = new URL(value);
  return (protocol === 'http:' || protocol === 'https:') && username === '' && password === '' && hash === '';
}

/** Schemes of which no page has an origin: one of these in a list is a mistake. */
const NO_ORIGINS: ReadonlySet<string> = new Set(['about', 'blob', 'data', 'file', 'ftp', 'javascript', 'ws', 'wss']);

function isOrigin(value: string): boolean {
  // To the URL standard it is a letter like any other, and to browsers no host has it.
  if (value.includes('*')) return false;
  if (isHttpUrl(value)) return new URL(value).origin === value;
  // To the URL standard other schemes have no origin: it is what their browsers send as one.
  const [, scheme = 'file'] = /^([a-z][a-z\d+.-]{0,63}):\/\/[\w.-]{1,253}(?::\d{1,5})?$/.exec(value) ?? [];
  return !scheme.startsWith('http') && !NO_ORIGINS.has(scheme);
}

function isWebhookSecret(secret: string): boolean {
  try {
    signatureKey(secret);
    return true;
  } catch {
    return false;
  }
}
