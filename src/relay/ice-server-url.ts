/** URLs of STUN and TURN servers, as browsers judge them: one bad URL makes RTCPeerConnection refuse them all. */

/** What may stand after the `?`, by scheme; null is no query at all (RFC 7064, RFC 7065). */
const QUERIES: Readonly<Record<string, readonly (string | null)[]>> = {
  'stun:': [null],
  'stuns:': [null],
  'turn:': [null, 'transport=udp', 'transport=tcp'],
  'turns:': [null, 'transport=udp', 'transport=tcp'],
};

/**
 * Whether a browser takes this URL in `RTCIceServer.urls`: "validate an ICE server URL" of W3C WebRTC. Stricter in one
 * point: what the URL parser would silently strip or rewrite (spaces, control characters, backslashes, bare `?` and
 * `#`) is refused, because the string is passed on as it stands.
 */
export function isIceServerUrl(text: string): boolean {
  if (!/^[\x21-\x7e]+$/.test(text) || /[#\\]/.test(text) || !URL.canParse(text)) return false;
  const { protocol, pathname } = new URL(text);
  const mark = text.indexOf('?');
  const query = mark < 0 ? null : text.slice(mark + 1);
  if (QUERIES[protocol]?.includes(query) !== true) return false;
  // For these schemes the parser leaves host and port in the path; they are judged as those of an https URL.
  return !/[/@]/.test(pathname) && URL.canParse(`https://${pathname}`);
}

/** Whether this is a `turn:` or `turns:` URL that a browser takes. */
export function isTurnUrl(text: string): boolean {
  return /^turns?:/i.test(text) && isIceServerUrl(text);
}

/** The scheme without TLS: the only one whose URLs browsers can use with an address in the place of the host name. */
export function isPlainTurnUrl(text: string): boolean {
  return /^turn:/i.test(text);
}

const PLACE = '{ip}';

/** A host of each family, to see whether a pattern makes a valid URL with either (RFC 5737, RFC 3849). */
const SAMPLE_HOSTS = ['192.0.2.1', '[2001:db8::1]'];

/** Whether a pattern holds `{ip}` exactly once, where the host stands, and makes a valid TURN URL with any address. */
export function isAddressPattern(pattern: string): boolean {
  return pattern.split(PLACE).length === 2 && SAMPLE_HOSTS.every((host) => isTurnUrl(fillPattern(pattern, host)));
}

/** @param host an address as it stands in URLs: IPv6 in brackets */
export function fillPattern(pattern: string, host: string): string {
  return pattern.replace(PLACE, () => host);
}
