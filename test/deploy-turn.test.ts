import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHmac } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../src/server/development-turn.js';
import { ROOT, startProcess, type RunningProcess } from './support/process.js';
import { allocate, type TurnClient } from './support/turn-client.js';

const SECRET = 'turn-secret-of-the-deployment';

let directory: string;
let turn: RunningProcess;
const clients: TurnClient[] = [];
let clientOf: (family: 4 | 6) => Promise<TurnClient>;

/** deploy/turn as the composition starts it, on loopback. */
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'deploy-turn-'));
  const secretFile = join(directory, 'secret');
  writeFileSync(secretFile, `${SECRET}\n`);
  const addresses = ['127.0.0.1', '::1'];
  const port = await freePort(addresses);
  turn = startProcess('sh', {
    args: [
      join(ROOT, 'deploy/turn/start.sh'),
      `--listening-port=${port}`,
      ...addresses.flatMap((address) => [`--listening-ip=${address}`, `--relay-ip=${address}`]),
      '--log-file=stdout',
      `--pidfile=${join(directory, 'pid')}`,
      `--userdb=${join(directory, 'db')}`,
    ],
    env: { TURN_SECRET_FILE: secretFile, TURN_TLS_DIR: directory, TMPDIR: directory },
  });
  const username = `${Math.floor(Date.now() / 1000) + 600}:somebody`;
  const credential = createHmac('sha1', SECRET).update(username).digest('base64');
  clientOf = async (family) => {
    const client = await allocate(port, { username, credential }, family);
    clients.push(client);
    return client;
  };
  // It answers: the script has become the TURN server.
  await clientOf(4);
}, 60_000);
afterAll(async () => {
  clients.forEach((client) => client.close());
  await turn.stop();
  rmSync(directory, { recursive: true });
});

describe('the TURN server of the deployment', () => {
  it('has its secret in no command line', () => {
    expect(readFileSync(`/proc/${turn.pid}/cmdline`, 'utf8')).toContain('turnserver');
    expect(readFileSync(`/proc/${turn.pid}/cmdline`, 'utf8')).not.toContain(SECRET);
    expect(readFileSync(`/proc/${turn.pid}/environ`, 'utf8')).not.toContain(SECRET);
  });

  it('relays to public addresses', async () => {
    // A permission is asked for and nothing is sent: these hosts hear nothing of it.
    expect(await (await clientOf(4)).permit('1.2.3.4')).toBeNull();
    expect(await (await clientOf(6)).permit('2606::1')).toBeNull();
  });

  it.each([
    '0.0.0.1',
    '10.0.0.1',
    '10.255.255.255',
    '100.64.0.1',
    '100.127.255.255',
    '127.0.0.1',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.8',
    '192.0.2.1',
    '192.88.99.1',
    '192.168.1.1',
    '198.18.0.1',
    '198.51.100.1',
    '203.0.113.1',
    '224.0.0.1',
    '239.255.255.250',
    '240.0.0.1',
    '255.255.255.255',
  ])('refuses to relay to %s', async (peer) => {
    expect(await (await clientOf(4)).permit(peer)).toBe(403);
  });

  it.each([
    '::1',
    '::ffff:a9fe:a9fe',
    '::a00:1',
    '64:ff9b::a9fe:a9fe',
    '64:ff9b:1::1',
    '100::1',
    '2001::1',
    '2001:db8::1',
    '2002:a9fe:a9fe::1',
    '3fff::1',
    'fc00::1',
    'fdff::1',
    'fe80::1',
    'fec0::1',
    'ff02::1',
  ])('refuses to relay to %s', async (peer) => {
    expect(await (await clientOf(6)).permit(peer)).toBe(403);
  });
});
