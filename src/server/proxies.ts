import type { IncomingMessage } from 'node:http';
import { isIP, isIPv4 } from 'node:net';
import { addressRanges } from './address-ranges.js';

/** Who asks, and under which name, when proxies stand in between. */
export interface Proxies {
  /**
   * The address of the client: of those that the request came through, from the last one on, the first that is no proxy
   * of ours. What a client writes into X-Forwarded-For stands before that and counts for nothing.
   */
  clientOf(request: Pick<IncomingMessage, 'headers' | 'socket'>): string;
  /** The host that the client named: X-Forwarded-Host where a proxy of ours says so, else Host. */
  hostOf(request: Pick<IncomingMessage, 'headers' | 'socket'>): string | undefined;
  /** Whether an address is that of a proxy of ours. */
  isOurs(address: string): boolean;
}

/** @param trusted ranges of the addresses of proxies (TRUST_PROXY); null: there are none */
export function createProxies(trusted: readonly string[] | null): Proxies {
  const ours = addressRanges(trusted ?? []);
  const peerOf = ({ socket }: Pick<IncomingMessage, 'socket'>): string => socket.remoteAddress ?? '';

  return {
    clientOf: (request) => {
      let client = peerOf(request);
      const hops = listOf(request.headers['x-forwarded-for']);
      while (ours.has(client)) {
        const before = addressOf(hops.pop());
        // Only proxies, or one that writes no address: then it is the client as far as can be told.
        if (before === null) break;
        client = before;
      }
      return client;
    },
    hostOf: (request) => {
      const given = ours.has(peerOf(request)) ? listOf(request.headers['x-forwarded-host']).pop() : undefined;
      return given ?? request.headers.host;
    },
    isOurs: (address) => ours.has(address),
  };
}

function listOf(header: string | string[] | undefined): string[] {
  return header === undefined
    ? []
    : String(header)
        .split(',')
        .map((entry) => entry.trim());
}

/** An address as proxies write it: alone, or with the port that they saw (`192.0.2.1:5000`, `[2001:db8::1]:5000`). */
function addressOf(text: string | undefined): string | null {
  if (text === undefined || isIP(text) !== 0) return text ?? null;
  const bare = text.startsWith('[') ? text.slice(1, text.indexOf(']')) : (text.split(':', 1)[0] ?? '');
  return isIP(bare) !== 0 ? bare : null;
}

/** What one client has of an address: an IPv4 address, or the /64 that an IPv6 network gives to one line (RFC 6177). */
export function networkOf(address: string): string {
  const [bare = ''] = address.split('%', 1);
  if (isIPv4(bare) || isIP(bare) === 0) return bare;
  const mapped = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i.exec(bare)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = '', tail] = bare.split('::');
  const before = head.split(':').filter((group) => group !== '');
  const after = (tail ?? '').split(':').filter((group) => group !== '');
  const zeros = Math.max(0, 8 - before.length - after.length);
  const groups = [...before, ...Array<string>(tail === undefined ? 0 : zeros).fill('0'), ...after];
  return `${groups
    .slice(0, 4)
    .map((group) => parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}
