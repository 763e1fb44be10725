// A redis-server of the bench's own, and what it says of its work.
import { createClient } from '@keyv/redis';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';

const HOST = '127.0.0.1';
/** Of what a server sends; all other commands are run by its scripts. A script is one EVALSHA, or one EVAL the first time. */
const SENT = { scripts: ['evalsha', 'eval'], logReads: ['lrange'], wakeUps: ['publish'] };
/** What the bench asks itself. */
const OWN = ['info', 'scan', 'memory|usage'];

async function freePort() {
  const server = createServer().listen(0, HOST);
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** @returns url, counters(), usedBytes(), bytesByFamily(), stop() */
export async function startRedis() {
  const port = await freePort();
  const child = spawn('redis-server', ['--port', port, '--bind', HOST, '--save', '', '--appendonly', 'no'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  await new Promise((resolve, reject) => {
    child.once('error', reject).once('exit', (code) => reject(new Error(`redis-server ended with ${code}`)));
    createInterface({ input: child.stdout }).on('line', (line) => line.includes('Ready to accept') && resolve());
  });
  const client = createClient({ socket: { host: HOST, port } });
  await client.connect();
  const info = async () => {
    const text = String(await client.sendCommand(['INFO', 'all']));
    return new Map(text.split('\r\n').map((line) => [line.split(':')[0], line.slice(line.indexOf(':') + 1)]));
  };
  return {
    url: `redis://${HOST}:${port}`,
    counters: async () => countersOf(await info()),
    usedBytes: async () => Number((await info()).get('used_memory')),
    /** Bytes of keys (MEMORY USAGE, all elements), by what stands between the first two colons of their names. */
    bytesByFamily: async () => {
      const families = new Map();
      for await (const keys of client.scanIterator({ COUNT: 1_000 })) {
        const sizes = await Promise.all(
          keys.map((key) => client.sendCommand(['MEMORY', 'USAGE', key, 'SAMPLES', '0'])),
        );
        keys.forEach((key, i) => {
          const family = String(key).split(':')[1];
          families.set(family, (families.get(family) ?? 0) + Number(sizes[i] ?? 0));
        });
      }
      return families;
    },
    stop: async () => {
      client.destroy();
      process.off('exit', kill);
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      await gone;
    },
  };
}

/** Numbers that only grow. */
function countersOf(info) {
  const calls = new Map(
    [...info]
      .filter(([name]) => name.startsWith('cmdstat_'))
      .map(([name, value]) => [name.slice('cmdstat_'.length), Number(/^calls=(\d+)/.exec(value)[1])]),
  );
  const sum = (names) => names.reduce((total, name) => total + (calls.get(name) ?? 0), 0);
  const counters = Object.fromEntries(Object.entries(SENT).map(([kind, names]) => [kind, sum(names)]));
  return {
    ...counters,
    inScripts: sum([...calls.keys()]) - sum([...Object.values(SENT).flat(), ...OWN]),
    cpuMicros: (Number(info.get('used_cpu_user')) + Number(info.get('used_cpu_sys'))) * 1e6,
    bytesIn: Number(info.get('total_net_input_bytes')),
    bytesOut: Number(info.get('total_net_output_bytes')),
  };
}
