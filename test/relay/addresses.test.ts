import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isIPv6 } from 'node:net';
import { addressKind, hostInUrl, isReachable } from '../../src/relay/addresses.js';

describe('the kind of an address', () => {
  it.each([
    ['8.8.8.8', 'public'],
    ['192.0.2.1', 'documentation'],
    ['198.51.100.7', 'documentation'],
    ['203.0.113.7', 'documentation'],
    ['0.0.0.0', 'unspecified'],
    ['127.0.0.1', 'loopback'],
    ['127.255.255.255', 'loopback'],
    ['169.254.169.254', 'link_local'],
    ['10.0.0.1', 'private'],
    ['172.15.255.255', 'public'],
    ['172.16.0.0', 'private'],
    ['172.31.255.255', 'private'],
    ['172.32.0.0', 'public'],
    ['192.168.1.1', 'private'],
    ['100.63.255.255', 'public'],
    ['100.64.0.1', 'private'],
    ['100.127.255.255', 'private'],
    ['198.18.0.1', 'private'],
    ['224.0.0.1', 'multicast'],
    ['239.255.255.255', 'multicast'],
    ['240.0.0.1', 'reserved'],
    ['255.255.255.255', 'reserved'],
    ['2606:4700::1111', 'public'],
    ['2001:db8::1', 'documentation'],
    ['::', 'unspecified'],
    ['::1', 'loopback'],
    ['0:0:0:0:0:0:0:1', 'loopback'],
    ['fe80::1', 'link_local'],
    ['febf::1', 'link_local'],
    ['fc00::1', 'private'],
    ['fdff::1', 'private'],
    ['fec0::1', 'private'],
    ['ff02::1', 'multicast'],
    ['::ffff:127.0.0.1', 'loopback'],
    ['::ffff:7f00:1', 'loopback'],
    ['::ffff:10.0.0.0', 'private'],
    ['::ffff:0.0.0.0', 'unspecified'],
    ['::FFFF:8.8.8.8', 'public'],
    ['64:ff9b::10.0.0.1', 'private'],
    ['64:ff9b::169.254.169.254', 'link_local'],
    ['64:ff9b::', 'unspecified'],
    ['64:ff9b::1', 'unspecified'],
    ['64:ff9b::8.8.8.8', 'public'],
    ['64:ff9b:1::8.8.8.8', 'private'],
    ['2002:7f00:1::', 'reserved'],
    ['2001::1', 'reserved'],
    ['::7f00:1', 'reserved'],
    ['4000::1', 'reserved'],
  ])('of %s is %s', (address, kind) => {
    expect(addressKind(address)).toBe(kind);
  });

  it.each(['', 'turn.example.com', '1.2.3', '01.2.3.4', 'fe80::1%eth0', '[::1]', '::1 ', '1.2.3.4:80'])(
    'does not exist for %j',
    (text) => {
      expect(addressKind(text)).toBeNull();
      expect(hostInUrl(text)).toBeNull();
      expect(isReachable(text)).toBe(false);
    },
  );

  it('of an IPv4 address within an IPv6 address is the kind of the IPv4 address', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.constantFrom('::ffff:', '64:ff9b::', '0:0:0:0:0:ffff:'), (ipv4, prefix) => {
        expect(addressKind(prefix + ipv4)).toBe(addressKind(ipv4));
      }),
    );
  });

  it('does not depend on how the address is written', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 }), (groups) => {
        const full = groups.map((group) => group.toString(16).padStart(4, '0').toUpperCase()).join(':');
        const host = hostInUrl(full)!;
        expect(host).toMatch(/^\[[0-9a-f:]+\]$/);
        expect(isIPv6(host.slice(1, -1))).toBe(true);
        expect(hostInUrl(host.slice(1, -1))).toBe(host);
        expect(addressKind(host.slice(1, -1))).toBe(addressKind(full));
      }),
    );
  });
});

describe('an address in a URL', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['2600:1901:8120:e0:0:1d:0:0', '[2600:1901:8120:e0:0:1d::]'],
    ['2001:DB8:0:0:0:0:0:1', '[2001:db8::1]'],
    ['2001:db8:0:1:1:1:1:1', '[2001:db8:0:1:1:1:1:1]'],
    ['2001:db8:0:0:1:0:0:1', '[2001:db8::1:0:0:1]'],
  ])('%s is written %s (RFC 5952)', (address, host) => {
    expect(hostInUrl(address)).toBe(host);
  });
});
