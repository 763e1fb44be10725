// Whole calls over several server processes that share one Redis, caller and callee on different ones, beside one process that
// has everything in its own memory; what a call and a candidate cost Redis, and what a call occupies there. Needs redis-server.
import { fieldOf, interleaved, medianOf, QUICK, ratioOf, report, shown, spread, table } from './support/harness.mjs';
import { makeLogin, sharedSettings } from './support/login.mjs';
import { OURS, startLoad, startServer } from './support/processes.mjs';
import { startRedis } from './support/redis.mjs';

const TASKS = ['calls', 'candidates', 'latency'];
const { settings, env: loginEnv } = await makeLogin();
const stops = [];
const clusters = [await cluster('one process, memory', 1, false)];
for (const size of QUICK ? [2] : [1, 2, 4]) clusters.push(await cluster(`${size} on Redis`, size, true));
// Once for nothing, so that every process has compiled what it runs.
for (const { load } of clusters) for (const task of TASKS) await load.ask(task);
await interleaved(clusters, async ({ load, results }) => {
  for (const task of TASKS) results[task].push(await load.ask(task));
});
const two = clusters.find(({ name }) => name.startsWith('2'));
const families = await two.redis.bytesByFamily();
await Promise.all(stops.map((stop) => stop()));

/** Servers that share a Redis, or one that has none. */
async function cluster(name, size, onRedis) {
  const redis = onRedis ? await startRedis() : null;
  const env = redis ? { ...settings, ...sharedSettings(redis) } : settings;
  const servers = await Promise.all(Array.from({ length: size }, () => startServer(OURS, env)));
  const usage = async () => {
    const used = await Promise.all(servers.map((server) => server.usage()));
    return { ...(await redis?.counters()), servers: used.reduce((sum, { cpuMicros }) => sum + cpuMicros, 0) };
  };
  const load = await startLoad(
    new URL('./devices/load.mjs', import.meta.url),
    { PORTS: servers.map(({ port }) => port).join(), PAIRS: '25', BENCH_QUICK: process.env.BENCH_QUICK, ...loginEnv },
    { usage },
  );
  stops.push(load.stop, ...servers.map(({ stop }) => stop), ...(redis ? [redis.stop] : []));
  return { name, redis, load, results: Object.fromEntries(TASKS.map((task) => [task, []])) };
}

const [alone, ...joined] = clusters;
const of = (each, task, field) => fieldOf(each.results[task], field);
const commandsOf = (each, task) =>
  each.results[task].map(({ scripts, logReads, wakeUps }) => scripts + logReads + wakeUps);
const callsACpuSecond = (each) => of(each, 'calls', 'servers').map((micros) => 1e6 / micros);
const onRedis = (title, task) =>
  table(
    [
      title,
      'commands',
      'scripts',
      'log reads',
      'wake-ups',
      'commands in scripts',
      'CPU µs of Redis',
      'bytes in',
      'bytes out',
    ],
    joined.map((each) => [
      each.name,
      spread(commandsOf(each, task)),
      ...['scripts', 'logReads', 'wakeUps', 'inScripts', 'cpuMicros', 'bytesIn', 'bytesOut'].map((field) =>
        shown(medianOf(of(each, task, field))),
      ),
    ]),
  );
report(
  'Several nodes on one Redis (`nodes`)',
  [
    table(
      ['whole calls', 'a second', 'a CPU second of the servers', 'to memory', 'one candidate ms', 'p99 ms'],
      clusters.map((each) => [
        each.name,
        spread(of(each, 'calls', 'rate')),
        spread(callsACpuSecond(each)),
        shown(ratioOf(callsACpuSecond(each), callsACpuSecond(alone))),
        spread(of(each, 'latency', 'median')),
        spread(of(each, 'latency', 'p99')),
      ]),
    ),
    onRedis('Redis, of one whole call', 'calls'),
    onRedis('Redis, of one candidate', 'candidates'),
    table(
      ['keys in Redis after the run of two nodes', 'KiB'],
      [...families].map(([family, bytes]) => [`voip:${family}`, shown(bytes / 1_024)]),
    ),
  ],
  {
    callsOnRedisToMemory: ratioOf(callsACpuSecond(two), callsACpuSecond(alone)),
    commandsACandidate: medianOf(commandsOf(two, 'candidates')),
  },
);
