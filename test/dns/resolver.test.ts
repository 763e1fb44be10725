import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DnsAddressResolver, type DnsResolverOptions } from '../../src/dns/resolver.js';
import { manualClock, recordingMetrics } from '../relay/recorders.js';
import { type FakeDns, type FakeRecords, startFakeDns } from '../support/fake-dns.js';

const HOST = 'turn.example.com';

let dns: FakeDns;

beforeEach(async () => {
  dns = await startFakeDns();
});
afterEach(() => dns.close());

function resolverWith(options: Partial<DnsResolverOptions> = {}) {
  const clock = manualClock();
  const metrics = recordingMetrics();
  const resolver = new DnsAddressResolver({
    servers: [dns.address],
    allowPrivate: false,
    metrics,
    clock,
    deadlineMs: 1_000,
    ...options,
  });
  return { resolver, clock, metrics };
}

/** Where the deadline itself is waited for. */
const SOON = { deadlineMs: 300 };

const records = (ttlSeconds: number, ...addresses: string[]): FakeRecords => ({ ttlSeconds, addresses });
const ipv4 = records(60, '203.0.113.1', '203.0.113.2');
const ipv6 = records(60, '2001:db8::1');

describe('the addresses of a relay', () => {
  it('are those of A and then AAAA, in the order of the server', async () => {
    dns.setZone({ [HOST]: { A: ipv4, AAAA: ipv6 } });
    const { resolver, metrics } = resolverWith();
    expect(await resolver.resolve(HOST)).toEqual(['203.0.113.1', '203.0.113.2', '2001:db8::1']);
    expect([...dns.queries].sort()).toEqual([`A ${HOST}`, `AAAA ${HOST}`]);
    expect([...metrics.lines].sort()).toEqual(['dns 4 resolved', 'dns 6 resolved']);
  });

  it.each<[string, FakeRecords | undefined, string]>([
    ['has no addresses', undefined, 'dns 6 empty'],
    ['fails', 'servfail', 'dns 6 failed'],
    ['is silent', 'silent', 'dns 6 timeout'],
    ['gives private ones only', records(60, 'fd00::1'), 'dns 6 filtered'],
  ])('are the IPv4 ones when IPv6 %s', async (_, answer, line) => {
    dns.setZone({ [HOST]: { A: ipv4, ...(answer === undefined ? {} : { AAAA: answer }) } });
    const { resolver, metrics } = resolverWith(answer === 'silent' ? SOON : {});
    expect(await resolver.resolve(HOST)).toEqual(['203.0.113.1', '203.0.113.2']);
    expect(metrics.count(line)).toBe(1);
  });

  it.each<[string, FakeRecords | undefined, string]>([
    ['has no addresses', undefined, 'dns 4 empty'],
    ['fails', 'servfail', 'dns 4 failed'],
    ['is silent', 'silent', 'dns 4 timeout'],
  ])('are the IPv6 ones when IPv4 %s', async (_, answer, line) => {
    dns.setZone({ [HOST]: { AAAA: ipv6, ...(answer === undefined ? {} : { A: answer }) } });
    const { resolver, metrics } = resolverWith(answer === 'silent' ? SOON : {});
    expect(await resolver.resolve(HOST)).toEqual(['2001:db8::1']);
    expect(metrics.count(line)).toBe(1);
  });

  it.each<[string, FakeRecords]>([
    ['the name does not exist', 'nxdomain'],
    ['the server fails', 'servfail'],
    ['the server is silent', 'silent'],
  ])('are none when %s', async (_, answer) => {
    dns.setZone({ [HOST]: { A: answer, AAAA: answer } });
    const { resolver } = resolverWith(answer === 'silent' ? SOON : {});
    expect(await resolver.resolve(HOST)).toEqual([]);
  });

  it('are not asked for at a next server when the time is over', async () => {
    const silent = await Promise.all([startFakeDns(), startFakeDns(), startFakeDns()]);
    silent.forEach((server) => server.setZone({ [HOST]: { A: 'silent', AAAA: 'silent' } }));
    dns.setZone({ [HOST]: { A: ipv4, AAAA: ipv6 } });
    const servers = [...silent.map(({ address }) => address), dns.address];
    expect(await resolverWith({ ...SOON, servers }).resolver.resolve(HOST)).toEqual([]);
    expect(dns.queries).toEqual([]);
    await Promise.all(silent.map((server) => server.close()));
  });

  it('are asked for at the next server when one is silent', async () => {
    const silent = await startFakeDns();
    silent.setZone({ [HOST]: { A: 'silent', AAAA: 'silent' } });
    dns.setZone({ [HOST]: { A: ipv4 } });
    const { resolver } = resolverWith({ servers: [silent.address, dns.address] });
    expect(await resolver.resolve(HOST)).toEqual(['203.0.113.1', '203.0.113.2']);
    await silent.close();
  });

  it('are none when no server listens', async () => {
    const gone = await startFakeDns();
    await gone.close();
    const { resolver } = resolverWith({ servers: [gone.address] });
    expect(await resolver.resolve(HOST)).toEqual([]);
  });

  it('leave out loopback, link-local, private and multicast ones, however they are written', async () => {
    dns.setZone({
      [HOST]: {
        A: records(60, '127.0.0.1', '10.0.0.1', '169.254.169.254', '224.0.0.1', '100.64.0.1', '203.0.113.1'),
        AAAA: records(60, '::1', 'fe80::1', 'ff02::1', '::ffff:a00:1', '64:ff9b::7f00:1', '2001:db8::1'),
      },
    });
    expect(await resolverWith().resolver.resolve(HOST)).toEqual(['203.0.113.1', '2001:db8::1']);
  });

  it('include private ones where the configuration allows it', async () => {
    dns.setZone({ [HOST]: { A: records(60, '10.0.0.1'), AAAA: records(60, 'fd00::1') } });
    expect(await resolverWith({ allowPrivate: true }).resolver.resolve(HOST)).toEqual(['10.0.0.1', 'fd00::1']);
  });

  it('are at most four of a family, each once', async () => {
    const many = Array.from({ length: 12 }, (_, i) => `203.0.113.${1 + Math.floor(i / 2)}`);
    dns.setZone({ [HOST]: { A: records(60, ...many) } });
    expect(await resolverWith().resolver.resolve(HOST)).toEqual([
      '203.0.113.1',
      '203.0.113.2',
      '203.0.113.3',
      '203.0.113.4',
    ]);
  });
});

describe('an answer of DNS', () => {
  it('is used again until its TTL is over', async () => {
    dns.setZone({ [HOST]: { A: records(60, '203.0.113.1'), AAAA: records(60, '2001:db8::1') } });
    const { resolver, clock } = resolverWith();
    await resolver.resolve(HOST);
    dns.setZone({ [HOST]: { A: records(60, '203.0.113.9') } });
    clock.advance(55_000);
    expect(await resolver.resolve(HOST)).toEqual(['203.0.113.1', '2001:db8::1']);
    expect(dns.queries).toHaveLength(2);
    clock.advance(5_000);
    expect(await resolver.resolve(HOST)).toEqual(['203.0.113.9']);
    expect(dns.queries).toHaveLength(4);
  });

  it('is used again for the smallest TTL among its records, and for 300 s at most', async () => {
    dns.setZone({ [HOST]: { A: records(86_400, '203.0.113.1') } });
    const { resolver, clock } = resolverWith();
    await resolver.resolve(HOST);
    clock.advance(295_000);
    await resolver.resolve(HOST);
    expect(dns.queries).toHaveLength(2);
    clock.advance(5_000);
    await resolver.resolve(HOST);
    expect(dns.queries).toHaveLength(4);
  });

  it('of TTL 0 is not kept', async () => {
    dns.setZone({ [HOST]: { A: records(0, '203.0.113.1'), AAAA: records(60, '2001:db8::1') } });
    const { resolver } = resolverWith();
    await resolver.resolve(HOST);
    await resolver.resolve(HOST);
    expect([...dns.queries].sort()).toEqual([`A ${HOST}`, `A ${HOST}`, `AAAA ${HOST}`]);
  });

  it('that there are no addresses of a family is kept as long as those of the other', async () => {
    dns.setZone({ [HOST]: { A: ipv4 } });
    const { resolver, clock } = resolverWith();
    await resolver.resolve(HOST);
    clock.advance(55_000);
    await resolver.resolve(HOST);
    expect(dns.queries).toHaveLength(2);
    clock.advance(5_000);
    await resolver.resolve(HOST);
    expect(dns.queries).toHaveLength(4);
  });

  it('that is a failure is never kept, and does not make the other family be asked again', async () => {
    dns.setZone({ [HOST]: { A: ipv4, AAAA: 'servfail' } });
    const { resolver } = resolverWith();
    await resolver.resolve(HOST);
    dns.setZone({ [HOST]: { A: 'servfail', AAAA: ipv6 } });
    expect(await resolver.resolve(HOST)).toEqual(['203.0.113.1', '203.0.113.2', '2001:db8::1']);
    expect(dns.queries.filter((query) => query === `A ${HOST}`)).toHaveLength(1);
  });

  it('is asked for once by all who want it at the same time', async () => {
    dns.setZone({ [HOST]: { A: records(0, '203.0.113.1') } });
    const { resolver } = resolverWith();
    const answers = await Promise.all(Array.from({ length: 50 }, () => resolver.resolve(HOST)));
    expect(new Set(answers.map(String))).toEqual(new Set(['203.0.113.1']));
    expect(dns.queries).toHaveLength(2);
  });

  it('goes when too many other hosts were asked for', async () => {
    const hosts = Array.from({ length: 101 }, (_, i) => `turn${i}.example.com`);
    dns.setZone(Object.fromEntries(hosts.map((host) => [host, { A: ipv4 }])));
    const { resolver } = resolverWith();
    for (const host of hosts) await resolver.resolve(host);
    await resolver.resolve(hosts[100]!);
    expect(dns.queries).toHaveLength(202);
    await resolver.resolve(hosts[0]!);
    expect(dns.queries).toHaveLength(204);
  });
});
