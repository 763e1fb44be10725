/** Whose address counts, and which host, when proxies stand in between. */
import { describe, expect, it } from '@jest/globals';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { isSameHost } from '../../src/host/origin.js';
import { createProxies, networkOf } from '../../src/server/proxies.js';

const request = (remoteAddress: string, headers: IncomingHttpHeaders = {}) =>
  ({ headers, socket: { remoteAddress } }) as unknown as IncomingMessage;
const forwarded = (list: string) => ({ 'x-forwarded-for': list });

describe('the client of a request', () => {
  const proxies = createProxies(['10.0.0.0/8', '::1', 'fd00::/8']);

  it.each([
    ['a stranger, who may write what it likes', '203.0.113.9', forwarded('192.0.2.1'), '203.0.113.9'],
    ['a proxy that says nothing', '10.0.0.1', {}, '10.0.0.1'],
    ['a proxy', '10.0.0.1', forwarded('192.0.2.1'), '192.0.2.1'],
    ['a proxy of a client that lies', '10.0.0.1', forwarded('127.0.0.1, 10.9.9.9, 192.0.2.1'), '192.0.2.1'],
    ['two proxies', '10.0.0.1', forwarded('192.0.2.1, 10.0.0.2'), '192.0.2.1'],
    ['proxies only', '10.0.0.1', forwarded('10.0.0.3,10.0.0.2'), '10.0.0.3'],
    ['a proxy that comes mapped into IPv6', '::ffff:10.0.0.1', forwarded('2001:db8::5'), '2001:db8::5'],
    ['a proxy that writes ports', '10.0.0.1', forwarded('192.0.2.1:5000'), '192.0.2.1'],
    ['a proxy that writes ports of IPv6', '::1', forwarded('[2001:db8::5]:5000'), '2001:db8::5'],
    ['a proxy that writes no address', '10.0.0.1', forwarded('192.0.2.1, unknown'), '10.0.0.1'],
    ['a proxy whose list ends in nothing', '10.0.0.1', forwarded('192.0.2.1,'), '10.0.0.1'],
  ])('%s', (_name, peer, headers, client) => {
    expect(proxies.clientOf(request(peer, headers))).toBe(client);
  });

  it('is the peer where no proxy is named', () => {
    expect(createProxies(null).clientOf(request('127.0.0.1', forwarded('192.0.2.1')))).toBe('127.0.0.1');
  });

  it('is found in time that grows with the length of the header, not faster', () => {
    const cpuOf = (length: number): number => {
      const headers = forwarded('10.0.0.1,'.repeat(length));
      const started = process.cpuUsage();
      for (let n = 0; n < 20; n += 1)
        proxies.clientOf(request('10.0.0.1', forwarded(`${headers['x-forwarded-for']}10.0.0.1`)));
      return process.cpuUsage(started).user;
    };
    cpuOf(2_000);
    expect(cpuOf(8_000) / Math.max(1, cpuOf(1_000))).toBeLessThan(32);
  });
});

describe('what counts as one client', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0DB8:1:2::9', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ])('%s is %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});

describe('the host', () => {
  const proxies = createProxies(['10.0.0.1']);
  const hostOf = (peer: string, headers: IncomingHttpHeaders) =>
    proxies.hostOf(request(peer, { host: 'inner:8080', ...headers }));

  it('is the one that a trusted proxy was asked for, and nobody else may say so', () => {
    expect(hostOf('10.0.0.1', { 'x-forwarded-host': 'calls.example' })).toBe('calls.example');
    expect(hostOf('10.0.0.1', { 'x-forwarded-host': 'of-the-client, calls.example' })).toBe('calls.example');
    expect(hostOf('10.0.0.1', {})).toBe('inner:8080');
    expect(hostOf('10.0.0.2', { 'x-forwarded-host': 'calls.example' })).toBe('inner:8080');
  });

  it.each([
    ['https://calls.example', 'calls.example', true],
    ['https://calls.example', 'Calls.Example:443', true],
    ['https://calls.example', 'calls.example:80', true],
    ['http://calls.example:8080', 'calls.example:8080', true],
    ['http://[::1]:4000', '[::1]:4000', true],
    ['https://calls.example:8443', 'calls.example', false],
    ['https://calls.example', 'calls.example:8443', false],
    ['https://calls.example', 'calls.example.evil.example', false],
    ['capacitor://localhost', 'localhost', false],
    ['null', 'null', false],
    ['https://calls.example', undefined, false],
  ])('%s and host %s: the same is %s', (origin, host, isSame) => {
    expect(isSameHost(origin, host)).toBe(isSame);
  });
});
