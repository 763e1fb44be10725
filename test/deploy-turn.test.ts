import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHmac, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { freePort } from '../src/server/development-turn.js';
import { ROOT, startProcess, type RunningProcess } from './support/process.js';
import { selfSigned } from './support/self-signed.js';
import { allocate, type TurnClient } from './support/turn-client.js';

const SECRET = 'turn-secret-of-the-deployment';
/** As behind a NAT (RFC 5737). */
const EXTERNAL_IP = '198.51.100.7';

let directory: string;
let turn: RunningProcess;
const clients: TurnClient[] = [];
let clientOf: (family: 4 | 6) => Promise<TurnClient>;
let tlsPort: number;
let ca: string;

/** deploy/turn as the composition starts it, on loopback. */
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'deploy-turn-'));
  const secretFile = join(directory, 'secret');
  writeFileSync(secretFile, `${SECRET}\n`);
  const addresses = ['127.0.0.1', '::1'];
  const port = await freePort(addresses);
  tlsPort = await freePort(addresses);
  const { key, cert } = selfSigned();
  ca = cert;
  writeFileSync(join(directory, 'key.pem'), key);
  writeFileSync(join(directory, 'cert.pem'), cert);
  turn = startProcess('sh', {
    args: [
      join(ROOT, 'deploy/turn/start.sh'),
      `--listening-port=${port}`,
      `--tls-listening-port=${tlsPort}`,
      ...addresses.flatMap((address) => [`--listening-ip=${address}`, `--relay-ip=${address}`]),
      '--log-file=stdout',
      `--pidfile=${join(directory, 'pid')}`,
      `--userdb=${join(directory, 'db')}`,
    ],
    env: {
      TURN_SECRET_FILE: secretFile,
      TURN_EXTERNAL_IP: `${EXTERNAL_IP}/127.0.0.1`,
      TURN_TLS_DIR: directory,
      TMPDIR: directory,
    },
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

  it('answers over TLS, with the certificate that it was given', async () => {
    // A Binding request, and the answer to it (RFC 8489, sections 5 and 6.3.3).
    const request = Buffer.concat([Buffer.from('000100002112a442', 'hex'), randomBytes(12)]);
    const ask = (trusted: string): Promise<string> =>
      new Promise((resolve, reject) => {
        const socket = connect({ host: '127.0.0.1', port: tlsPort, ca: trusted }, () => socket.write(request));
        socket.setTimeout(20_000, () => socket.destroy(new Error('no answer')));
        socket.once('error', reject).once('data', (answer: Buffer) => {
          resolve(answer.subarray(0, 2).toString('hex'));
          socket.destroy();
        });
      });
    expect(await ask(ca)).toBe('0101');
    await expect(ask(selfSigned().cert)).rejects.toThrow(/certificate|signature/i);
  });

  it('gives out its external address', async () => {
    expect((await clientOf(4)).relayed).toBe(EXTERNAL_IP);
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
