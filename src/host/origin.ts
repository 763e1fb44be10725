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
  return !origins.includes(origin) && !isOfHost(origin, host);
}

function isOfHost(origin: string, host: LoginHeaders[string]): boolean {
  if (typeof host !== 'string' || !URL.canParse(origin)) return false;
  const { protocol, host: own } = new URL(origin);
  // The origin leaves the scheme's own port out, and the Host header may name it.
  return URL.canParse(`${protocol}//${host}`) && new URL(`${protocol}//${host}`).host === own;
}
