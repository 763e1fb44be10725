import { createHash, timingSafeEqual } from 'node:crypto';

/** RFC 6454: scheme, host and port; the scheme is not known behind a proxy, so host and port decide. */
export function isSameHost(origin: string, host: string | undefined): boolean {
  return URL.canParse(origin) && new URL(origin).host === host;
}

/** Compares digests, so that neither the length nor a prefix of the secret can be timed. */
export function isSameSecret(given: string | string[] | undefined, secret: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return typeof given === 'string' && timingSafeEqual(digest(given), digest(secret));
}
