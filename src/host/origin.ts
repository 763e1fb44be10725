import type { LoginHeaders } from '../identity/login.js';

/** What browsers say of requests that no other site can have made (W3C Fetch Metadata, section 2.2). */
const OWN_SITES: readonly unknown[] = [undefined, 'same-origin', 'none'];

/**
 * Whether a page of another site makes this request: of another host than the one asked, and not of a listed origin
 * (RFC 6454; RFC 6455, section 10.2). What is no browser sends neither header, and has no cookies of anybody else.
 */
export function isForeignPage(headers: LoginHeaders, origins: readonly string[]): boolean {
  const { origin, host } = headers;
  if (origin === undefined) return !OWN_SITES.includes(headers['sec-fetch-site']);
  if (typeof origin !== 'string') return true;
  return !origins.includes(origin) && !(typeof host === 'string' && isSameHost(origin, host));
}

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
