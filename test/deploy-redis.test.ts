/** Redis as the composition starts it: its configuration, its users and its certificates, with paths of this machine. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createClient } from '@keyv/redis';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { aclRules } from '../src/redis/rights.js';
import { PATIENT, startNode } from './redis/setup.js';
import { composition, makeSecrets, readDeploy, type Secrets } from './support/composition.js';
import { startProcess, type RunningProcess } from './support/process.js';
import { freePorts } from './support/redis.js';

const { redis } = composition().services;
let secrets: Secrets;
let server: RunningProcess;
let port: number;
let tlsCa: string;

beforeAll(async () => {
  secrets = makeSecrets();
  [port = 0] = await freePorts(1);
  tlsCa = secrets.read('redis_ca.pem');
  const data = join(secrets.folder, 'data');
  mkdirSync(data);
  const file = join(secrets.folder, 'redis.conf');
  writeFileSync(file, secrets.placed(readDeploy('redis/redis.conf')).replace('dir /data', `dir ${data}`));
  const [program = '', ...args] = (redis?.command ?? []).map((arg) => arg.replace('/etc/redis/redis.conf', file));
  server = startProcess(program, { args: [...args, '--tls-port', `${port}`, '--bind', '127.0.0.1'] });
  await server.printed(/Ready to accept connections/);
});
afterAll(async () => {
  await server.stop();
  secrets.remove();
});

/** What a node is given, at the port that it has here. */
const url = (): string => secrets.read('redis_url').replace('redis:6379', `localhost:${port}`);

describe('the Redis of the composition', () => {
  it('is fit for calls, with the user and the certificate that the nodes are given', async () => {
    const node = startNode(url(), { ...PATIENT, tlsCa });
    expect(await node.inspect()).toEqual([]);
    await node.revocations.add({ accountId: 'alice', deviceId: 'old', at: 1 });
    expect(node.failures).toEqual([]);
    await node.close();
  });

  it('has the access list of the README', () => {
    expect(readDeploy('redis/users.acl')).toContain(`user voip on >PASSWORD ${aclRules()}\n`);
    expect(secrets.read('redis_users')).not.toContain('PASSWORD');
  });

  it('refuses another password', async () => {
    const node = startNode(url().replace(/voip:\w+@/, `voip:${'0'.repeat(64)}@`), { ...PATIENT, tlsCa });
    expect(await node.inspect()).toEqual(['Redis refuses the user or the password of REDIS_URL']);
    await node.close();
  });

  it('answers nobody without TLS, or to whom its certificate is unknown', async () => {
    for (const other of [
      { port, host: 'localhost' },
      { port, host: 'localhost', tls: true as const },
    ]) {
      const client = createClient({ socket: { ...other, reconnectStrategy: false, connectTimeout: 5_000 } });
      client.on('error', () => undefined);
      await expect(client.connect()).rejects.toThrow();
    }
  });

  it('tells whether it is up by its health check, and whoever asks that nothing else', () => {
    const [, command = '', ...args] = redis?.healthcheck?.test ?? [];
    const [ping, ...options] = args.map((arg) => secrets.placed(arg)).reverse();
    const ask = (...words: readonly string[]) =>
      spawnSync(command, ['-p', `${port}`, ...options.reverse(), ...words], { encoding: 'utf8' });
    expect(ask(String(ping))).toMatchObject({ status: 0, stdout: 'PONG\n' });
    options.reverse();
    expect(ask('get', 'voip:keys').stderr + ask('get', 'voip:keys').stdout).toContain('NOPERM');
  });
});
