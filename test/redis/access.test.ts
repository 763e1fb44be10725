import { afterEach, describe, expect, it } from '@jest/globals';

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CANARIES } from '../support/canaries.js';
import { startProcess } from '../support/process.js';
import { freePorts, startRedis } from '../support/redis.js';
import type { RedisServer } from '../support/redis.js';
import { selfSigned } from '../support/self-signed.js';
import { PATIENT, startNode } from './setup.js';
import type { Node } from './setup.js';

describe('a Redis server that is not open to everybody', () => {
  const stops: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop();
  });

  async function server(...args: readonly string[]): Promise<RedisServer> {
    const started = await startRedis({ args });
    stops.push(() => started.stop());
    return started;
  }

  function node(url: string): Node {
    const started = startNode(url, PATIENT);
    stops.push(() => started.close());
    return started;
  }

  it('is used with the password of the URL, and that is told to nobody', async () => {
    const { port } = await server('--requirepass', CANARIES.relaySecret);
    const right = node(`redis://:${CANARIES.relaySecret}@127.0.0.1:${port}`);
    const wrong = node(`redis://:${CANARIES.apiToken}@127.0.0.1:${port}`);
    const none = node(`redis://127.0.0.1:${port}`);
    await expect(right.presence.devicesOf('alice')).resolves.toEqual([]);
    for (const refused of [wrong, none]) {
      await expect(refused.presence.devicesOf('alice')).rejects.toMatchObject({ code: 'CALL_UNAVAILABLE' });
      expect(refused.failures).toEqual([{ operation: 'devices', reason: 'refused' }]);
      expect(refused.degraded()).toBe(true);
    }
  });

  it('is used in the database of the URL', async () => {
    const { port, command } = await server();
    await node(`redis://127.0.0.1:${port}/3`).presence.enter({ accountId: 'alice', deviceId: 'phone' }, 's', 1);
    expect(String(await command('INFO', 'keyspace'))).toContain('db3:keys=1');
  });

  it('that speaks TLS is used only with a certificate that somebody vouches for', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'redis-tls-'));
    stops.push(() => Promise.resolve(rmSync(directory, { recursive: true })));
    const { key, cert } = selfSigned();
    const [keyFile, certFile] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
    writeFileSync(keyFile, key);
    writeFileSync(certFile, cert);
    const [tlsPort] = await freePorts(1);
    const files = ['--tls-cert-file', certFile, '--tls-key-file', keyFile, '--tls-ca-cert-file', certFile];
    await server('--tls-port', `${tlsPort}`, '--tls-auth-clients', 'no', ...files);
    const url = `rediss://127.0.0.1:${tlsPort}`;
    const doubting = node(url);
    await expect(doubting.presence.nextEpoch()).rejects.toMatchObject({ code: 'CALL_UNAVAILABLE' });
    // A process can be told whom to trust only when it starts.
    const script = `
      const { createClient } = await import('@keyv/redis');
      const client = createClient({ socket: { host: '127.0.0.1', port: ${tlsPort}, tls: true } });
      await client.connect();
      console.log(await client.ping());
      client.destroy();`;
    const trusting = startProcess(process.execPath, {
      args: ['--input-type=module', '--eval', script],
      env: { NODE_EXTRA_CA_CERTS: certFile },
    });
    await trusting.printed(/PONG/);
    await trusting.ended;
  });
});
