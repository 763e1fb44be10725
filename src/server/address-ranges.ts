import { BlockList, isIP } from 'node:net';

/** Ranges of IP addresses. An IPv4 address is found whether it comes as it is or mapped into IPv6. */
export interface AddressRanges {
  has(address: string): boolean;
}

/** Whether a text is one: `10.0.0.0/8`, `fd00::/8`, or an address alone. */
export function isAddressRange(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/');
  const family = isIP(address);
  if (family === 0 || address.includes('%') || more.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= widthOf(family));
}

/** @param ranges each as {@link isAddressRange} wants it */
export function addressRanges(ranges: readonly string[]): AddressRanges {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', bits] = range.split('/');
    const family = isIP(address);
    list.addSubnet(address, Number(bits ?? widthOf(family)), familyName(family));
  }
  return {
    has: (address) => {
      const family = isIP(address);
      return family !== 0 && list.check(address, familyName(family));
    },
  };
}

const widthOf = (family: number): number => (family === 4 ? 32 : 128);
const familyName = (family: number): 'ipv4' | 'ipv6' => (family === 4 ? 'ipv4' : 'ipv6');
