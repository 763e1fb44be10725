import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { hostInUrl } from '../../src/relay/addresses.js';
import { fillPattern, isAddressPattern, isIceServerUrl, isTurnUrl } from '../../src/relay/ice-server-url.js';

describe('a URL of an ICE server', () => {
  it.each([
    'turn:turn.example.com',
    'turn:turn.example.com:3478',
    'turn:turn.example.com:3478?transport=udp',
    'turns:turn.example.com:443?transport=tcp',
    'TURN:turn.example.com',
    'turn:192.0.2.1:80?transport=tcp',
    'turn:[2001:db8::1]:80?transport=tcp',
    'turn:[0:0:0:0:0:0:0:1]:80',
    'turn:[::ffff:192.0.2.1]',
    'stun:stun.example.com:3478',
    'stuns:stun.example.com',
  ])('may be %s', (url) => {
    expect(isIceServerUrl(url)).toBe(true);
  });

  it.each([
    ['another scheme', 'https://turn.example.com'],
    ['no scheme', 'turn.example.com:3478'],
    ['no host', 'turn:'],
    ['an authority', 'turn://turn.example.com'],
    ['a path', 'turn:turn.example.com/path'],
    ['user information', 'turn:user@turn.example.com'],
    ['a fragment', 'turn:turn.example.com#1'],
    ['an empty fragment', 'turn:turn.example.com#'],
    ['an unknown transport', 'turn:turn.example.com?transport=sctp'],
    ['an upper-case transport', 'turn:turn.example.com?transport=UDP'],
    ['two parameters', 'turn:turn.example.com?transport=udp&x=1'],
    ['an empty query', 'turn:turn.example.com?'],
    ['a query where STUN has none', 'stun:stun.example.com?transport=udp'],
    ['a port that is too big', 'turn:192.0.2.1:65536'],
    ['a port that is no number', 'turn:turn.example.com:http'],
    ['IPv6 without brackets', 'turn:2001:db8::1:443?transport=udp'],
    ['a zone id', 'turn:[fe80::1%25eth0]:80'],
    ['an unfilled pattern', 'turn:%s:80'],
    ['an address that is none', 'turn:256.1.1.1'],
    ['a line break', 'turn:turn.example\n.com'],
    ['a space before', ' turn:turn.example.com'],
    ['a backslash', 'turn:turn.example.com\\path'],
    ['nothing', ''],
  ])('is refused with %s', (_, url) => {
    expect(isIceServerUrl(url)).toBe(false);
  });

  it('is a TURN URL only with a scheme of TURN', () => {
    expect(isTurnUrl('turns:turn.example.com')).toBe(true);
    expect(isTurnUrl('stun:turn.example.com')).toBe(false);
  });

  it('is judged without throwing, whatever the text', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.string().map((s) => `turn:${s}`),
        ),
        (text) => {
          // What is accepted holds nothing that the URL parser would have changed on the way.
          return !isIceServerUrl(text) || /^[!-~]+$/.test(text);
        },
      ),
      { numRuns: 5_000 },
    );
  });
});

describe('a pattern of URLs by address', () => {
  it('makes a valid URL with every IPv4 and every IPv6 address', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.ipV4(), fc.ipV6()),
        fc.constantFrom('turn:{ip}', 'turn:{ip}:3478?transport=udp', 'turns:{ip}:443?transport=tcp'),
        (address, pattern) => {
          expect(isAddressPattern(pattern)).toBe(true);
          expect(isTurnUrl(fillPattern(pattern, hostInUrl(address)!))).toBe(true);
        },
      ),
    );
  });

  it.each([
    'turn:turn.example.com',
    'turn:{ip}:{ip}',
    'turn:{ip}{ip}',
    'turn:[{ip}]:80',
    'turn:{ip}.example.com',
    'turn:a{ip}',
    'turn:{ip}80',
    'turn:turn.example.com?transport={ip}',
    'turn:{IP}:80',
    'stun:{ip}:3478',
    '{ip}',
  ])('is not %s', (pattern) => {
    expect(isAddressPattern(pattern)).toBe(false);
  });
});
