import { BlockList, isIP, isIPv4 } from 'node:net';
import { LIMITS } from '../limits.js';

/** What an address is for. `public` may be reached from anywhere. */
export type AddressKind =
  'public' | 'documentation' | 'unspecified' | 'loopback' | 'link_local' | 'private' | 'multicast' | 'reserved';

type Range = readonly [kind: AddressKind, network: string, prefix: number];

/** IANA IPv4 special-purpose address registry (RFC 6890); the first row that fits counts. */
const IPV4: readonly Range[] = [
  ['unspecified', '0.0.0.0', 8],
  ['private', '10.0.0.0', 8],
  ['private', '100.64.0.0', 10], // carrier-grade NAT, RFC 6598
  ['loopback', '127.0.0.0', 8],
  ['link_local', '169.254.0.0', 16],
  ['private', '172.16.0.0', 12],
  ['documentation', '192.0.2.0', 24],
  ['reserved', '192.0.0.0', 24],
  ['reserved', '192.88.99.0', 24], // 6to4 relays, RFC 7526
  ['private', '192.168.0.0', 16],
  ['private', '198.18.0.0', 15], // benchmarks, RFC 2544
  ['documentation', '198.51.100.0', 24],
  ['documentation', '203.0.113.0', 24],
  ['multicast', '224.0.0.0', 4],
  ['reserved', '240.0.0.0', 4],
];

/** IANA IPv6 special-purpose address registry; what is not in 2000::/3 is reserved unless a row says otherwise. */
const IPV6: readonly Range[] = [
  ['unspecified', '::', 128],
  ['loopback', '::1', 128],
  ['private', '64:ff9b:1::', 48], // local-use NAT64, RFC 8215
  ['reserved', '2001::', 32], // Teredo: a tunnel to an IPv4 address of the writer's choice
  ['reserved', '2002::', 16], // 6to4, likewise; deprecated by RFC 7526
  ['documentation', '2001:db8::', 32],
  ['documentation', '3fff::', 20],
  ['reserved', '2001::', 23],
  ['public', '2000::', 3],
  ['private', 'fc00::', 7],
  ['link_local', 'fe80::', 10],
  ['private', 'fec0::', 10], // site-local, RFC 3879
  ['multicast', 'ff00::', 8],
];

/** Ranges whose last 32 bits are the IPv4 address that is meant: IPv4-mapped, and NAT64 (RFC 6052). */
const EMBEDDING = [rule(['reserved', '::ffff:0:0', 96]), rule(['reserved', '64:ff9b::', 96])];

const RULES = { ipv4: IPV4.map(rule), ipv6: IPV6.map(rule) };

interface Rule {
  readonly kind: AddressKind;
  readonly list: BlockList;
}

function rule([kind, network, prefix]: Range): Rule {
  const list = new BlockList();
  list.addSubnet(network, prefix, isIPv4(network) ? 'ipv4' : 'ipv6');
  return { kind, list };
}

/**
 * What the address is for; an address that stands for an IPv4 address is what that one is.
 *
 * @returns null for anything that is not an IP address, zone ids included: they mean nothing on another machine
 */
export function addressKind(address: string): AddressKind | null {
  const host = hostInUrl(address);
  if (host === null) return null;
  if (isIPv4(host)) return RULES.ipv4.find(({ list }) => list.check(host, 'ipv4'))?.kind ?? 'public';
  const ipv6 = host.slice(1, -1);
  if (EMBEDDING.some(({ list }) => list.check(ipv6, 'ipv6'))) return addressKind(embeddedIPv4(ipv6));
  return RULES.ipv6.find(({ list }) => list.check(ipv6, 'ipv6'))?.kind ?? 'reserved';
}

/** Whether clients out in the world may be sent there. Documentation addresses are harmless: nobody answers there. */
export function isReachable(address: string): boolean {
  const kind = addressKind(address);
  return kind === 'public' || kind === 'documentation';
}

/**
 * The address as it stands in a URL: IPv6 in brackets, in the one form of RFC 5952.
 *
 * @returns null for anything that is not an IP address, zone ids included
 */
export function hostInUrl(address: string): string | null {
  const family = isIP(address);
  if (family === 0 || address.includes('%')) return null;
  // The URL standard prints addresses by the rules of RFC 5952.
  return family === 4 ? address : new URL(`http://[${address}]`).hostname;
}

/** The first few of each family, in the given order: a browser asks each of them for a relay of its own. */
export function fewOfEachFamily(addresses: readonly string[]): readonly string[] {
  const given = { 4: 0, 6: 0 };
  return addresses.filter((address) => {
    const family = isIP(address);
    return (family === 4 || family === 6) && (given[family] += 1) <= LIMITS.relayAddressesPerFamily;
  });
}

/** The last 32 bits of an IPv6 address in the form of RFC 5952, where groups of zeros may be left out. */
function embeddedIPv4(ipv6: string): string {
  const groups = ipv6.replace(/::$/, ':0:0').split(':');
  const [high = 0, low = 0] = groups.slice(-2).map((group) => parseInt(group || '0', 16));
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}
