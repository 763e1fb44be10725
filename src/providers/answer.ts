import { z } from 'zod';

/** The parts that answers of providers are made of. */

/** No control characters: these values end up in other programs' headers, logs and configuration. */
const PRINTABLE = /^\P{Cc}+$/u;

/** USERNAME of STUN: fewer than 509 bytes (RFC 8489, section 14.3). */
export const username = z
  .string()
  .regex(PRINTABLE)
  .refine((text) => Buffer.byteLength(text) < 509);

export const password = z.string().regex(PRINTABLE).max(1024);

export const ttlSeconds = z.int().min(1);

/** One URL or a list of them, as a list. */
export const urls = z.union([z.string().transform((url) => [url]), z.array(z.string())]);

/** ProviderCredentials. */
export const credentials = z.object({
  username,
  password,
  grantedTtlSeconds: ttlSeconds,
  urls: z.array(z.string()),
});
