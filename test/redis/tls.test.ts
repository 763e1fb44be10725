import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RedisOptions } from '../../src/redis/adapters.js';
import { CANARIES } from '../support/canaries.js';
import { eventually, startProcess } from '../support/process.js';
import { freePorts, startRedis, startRedisCluster } from '../support/redis.js';
import { redisTls } from '../support/redis-tls.js';
import type { RedisTls } from '../support/redis-tls.js';
import { selfSigned } from '../support/self-signed.js';
import { PATIENT, startNode } from './setup.js';

const PASSWORD = CANARIES.relaySecret;

/** Whether calls can be had: something is kept, read and told. */
async function serves(url: string, changes: Partial<RedisOptions>): Promise<boolean> {
  const node = startNode(url, { ...PATIENT, operationMs: 3_000, ...changes });
  const heard: (string | null)[] = [];
  try {
    await node.presence.enter({ accountId: 'alice', deviceId: 'phone' }, 's', 1);
    await node.wakeBus.subscribe('alice', (callId) => heard.push(callId));
    node.wakeBus.wake(['alice'], 'call');
    await eventually(() => heard.includes('call'));
    return (await node.presence.devicesOf('alice')).length === 1;
  } catch {
    return false;
  } finally {
    await node.close();
  }
}

describe('Redis over TLS, with a certificate of a private authority', () => {
  let directory: string;
  let tls: RedisTls;
  const stops: (() => Promise<unknown>)[] = [];
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'redis-tls-'));
    tls = redisTls(directory);
  });
  afterAll(async () => {
    for (const stop of stops.reverse()) await stop();
    rmSync(directory, { recursive: true });
  });

  /** With the authority that vouches for it, with none, and with another one. */
  async function expectOnlyTrusted(url: string, changes: Partial<RedisOptions> = {}): Promise<void> {
    expect(await serves(url, { ...changes, tlsCa: tls.ca })).toBe(true);
    expect(await serves(url, changes)).toBe(false);
    const tlsCa = selfSigned().cert;
    expect(await serves(url, { ...changes, tlsCa })).toBe(false);
    const node = startNode(url, { ...PATIENT, ...changes, tlsCa });
    // Before anything is known of it, it may take longer than one look.
    await eventually(async () => (await node.inspect()).length > 0);
    expect(node.problems()).toEqual([
      expect.stringMatching(/^The certificate of Redis is not trusted: REDIS_TLS_CA_FILE/),
    ]);
    await node.close();
  }

  it('is used as one server', async () => {
    const [port] = await freePorts(1);
    const server = await startRedis({ args: ['--tls-port', `${port}`, ...tls.args] });
    stops.push(() => server.stop());
    await expectOnlyTrusted(`rediss://127.0.0.1:${port}`);
  });

  it('is used as a cluster', async () => {
    const cluster = await startRedisCluster({ tls: tls.args });
    stops.push(() => cluster.stop());
    expect(cluster.url).toMatch(/^rediss\+cluster:/);
    await expectOnlyTrusted(cluster.url);
  }, 60_000);

  it('is used behind Sentinels, who have users of their own', async () => {
    const [masterPort, sentinelPort] = await freePorts(2);
    const master = await startRedis({ args: ['--tls-port', `${masterPort}`, '--tls-replication', 'yes', ...tls.args] });
    stops.push(() => master.stop());
    const file = join(directory, 'sentinel.conf');
    const lines = [
      ...['port 0', `tls-port ${sentinelPort}`, 'bind 127.0.0.1', 'tls-replication yes'],
      ...Object.entries(tls.settings).map(([name, value]) => `${name} ${value}`),
      `sentinel monitor calls 127.0.0.1 ${masterPort} 1`,
      'user default off',
      `user watcher on >${PASSWORD} +sentinel`,
    ];
    writeFileSync(file, `${lines.join('\n')}\n`);
    const sentinel = startProcess('redis-server', { args: [file, '--sentinel'] });
    stops.push(() => sentinel.stop());
    await sentinel.printed(/\+monitor master/);
    const url = `rediss+sentinel://127.0.0.1:${sentinelPort}/calls`;
    await expectOnlyTrusted(url, { sentinel: { username: 'watcher', password: PASSWORD } });
    for (const wrong of [{}, { password: PASSWORD }, { username: 'watcher', password: CANARIES.apiToken }])
      expect(await serves(url, { tlsCa: tls.ca, sentinel: wrong })).toBe(false);
  }, 60_000);

  it('refuses an authority that is no certificate, by name', () => {
    expect(() => startNode('rediss://127.0.0.1', { tlsCa: 'no certificate' })).toThrow(
      'tlsCa must be a certificate (PEM)',
    );
    expect(() => startNode('redis://127.0.0.1', { tlsCa: tls.ca })).toThrow(
      'tlsCa must be left out where url is not one with rediss: nothing would be encrypted',
    );
  });
});

describe('a Redis Cluster on IPv6', () => {
  it.each([
    ['::1', { host: '::1' }],
    ['::ffff:127.0.0.1', { args: ['--cluster-announce-ip', '::ffff:127.0.0.1'] }],
  ])(
    'is used on %s',
    async (host, options) => {
      const cluster = await startRedisCluster(options);
      const slots = JSON.stringify(await cluster.primaries[0]?.command('CLUSTER', 'SLOTS'));
      expect(slots).toContain(`"${host}"`);
      expect(await serves(cluster.url, {})).toBe(true);
      await cluster.stop();
    },
    60_000,
  );
});
