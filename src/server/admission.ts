import { createHash, timingSafeEqual } from 'node:crypto';

/**
 * RFC 6454: scheme, host and port. The scheme is not known behind a proxy, so host and port decide; and a proxy may write
 * the port of the scheme or leave it out, so 80 and 443 are the same as none.
 */
export function isSameHost(origin: string, host: string | undefined): boolean {
  if (host === undefined || !/^https?:/.test(origin) || !URL.canParse(origin)) return false;
  return withoutUsualPort(new URL(origin).host) === withoutUsualPort(host.trim().toLowerCase());
}

function withoutUsualPort(host: string): string {
  return host.replace(/:(?:80|443)$/, '');
}

/** Whether a page of this origin, whatever its port, comes from this machine. */
export function isLoopbackOrigin(origin: string): boolean {
  return URL.canParse(origin) && ['localhost', '127.0.0.1', '[::1]'].includes(new URL(origin).hostname);
}

/** Compares digests, so that neither the length nor a prefix of the secret can be timed. */
export function isSameSecret(given: string | string[] | undefined, secret: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return typeof given === 'string' && timingSafeEqual(digest(given), digest(secret));
}
