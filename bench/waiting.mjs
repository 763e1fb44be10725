// What a device costs that only waits, in memory and on Redis; and many that come all at once to one process, of which none may
// be refused. Needs redis-server for the half of it.
import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { medianOf, QUICK, report, ROUNDS, shown, spread, table } from './support/harness.mjs';
import { makeLogin, sharedSettings } from './support/login.mjs';
import { OURS, startLoad, startServer } from './support/processes.mjs';
import { startRedis } from './support/redis.mjs';

const CROWD = new URL('./devices/crowd.mjs', import.meta.url);
// A window holds each device's ping at least once: they come after 10 to 15 s of silence.
const WINDOW_MS = 15_000;
const [FIRST, DEVICES, WINDOWS] = QUICK ? [100, 500, 1] : [200, 2_000, Math.min(ROUNDS, 3)];
const { settings, env } = await makeLogin();
const fileLimit = Number(/Max open files\s+(\d+)/.exec(readFileSync('/proc/self/limits', 'utf8'))[1]);
const ATONCE = Math.min(QUICK ? 2_000 : 15_000, fileLimit - 1_000);

const stores = [await measured('memory', null), await measured('Redis', await startRedis())];
const crowd = await allAtOnce();

/** One server, and what it uses with devices beside what it uses without. */
async function measured(name, redis) {
  const server = await startServer(OURS, redis ? { ...settings, ...sharedSettings(redis) } : settings);
  const load = await startLoad(CROWD, env);
  const sent = async () => {
    const counters = await redis?.counters();
    return counters ? counters.scripts + counters.logReads + counters.wakeUps : 0;
  };
  const window = async () => {
    const [cpu, commands, at] = [(await server.usage()).cpuMicros, await sent(), performance.now()];
    await wait(WINDOW_MS);
    const seconds = (performance.now() - at) / 1_000;
    return { cpu: ((await server.usage()).cpuMicros - cpu) / seconds, commands: ((await sent()) - commands) / seconds };
  };
  await wait(1_000);
  const empty = await window();
  // The first ones have the server compile and allocate what is not a device's.
  await load.ask({ task: 'connect', devices: FIRST, ports: [server.port] });
  const [memory, used] = [await server.memory(), await server.usage()];
  const came = await load.ask({ task: 'connect', devices: DEVICES, ports: [server.port] });
  const connectMicros = ((await server.usage()).cpuMicros - used.cpuMicros) / DEVICES;
  const { rss, heapUsed } = await server.memory();
  const windows = [];
  for (let round = 0; round < WINDOWS; round += 1) windows.push(await window());
  await load.stop();
  await server.stop();
  await redis?.stop();
  const all = FIRST + DEVICES;
  return {
    name,
    came,
    connectMicros,
    kib: (rss - memory.rss) / DEVICES / 1_024,
    heapKib: (heapUsed - memory.heapUsed) / DEVICES / 1_024,
    micros: windows.map(({ cpu }) => (cpu - empty.cpu) / all),
    commands: windows.map(({ commands }) => (commands - empty.commands) / all),
    empty,
  };
}

async function allAtOnce() {
  const server = await startServer(OURS, settings);
  const load = await startLoad(CROWD, env);
  const before = await server.usage();
  const came = await load.ask({ task: 'connect', devices: ATONCE, ports: [server.port] });
  const micros = ((await server.usage()).cpuMicros - before.cpuMicros) / ATONCE;
  await load.stop();
  await server.stop();
  return { ...came, micros };
}

const [memory, redis] = stores;
const counted = (counts) =>
  Object.entries(counts)
    .map(([what, many]) => `${many} × ${what}`)
    .join(', ') || 'none';
report(
  'Devices that wait (`waiting`)',
  [
    table(
      [
        'a device that waits',
        'CPU µs/s of the server',
        'resident KiB',
        'heap KiB',
        'Redis commands/s',
        'CPU µs to connect',
      ],
      stores.map(({ name, micros, kib, heapKib, commands, connectMicros }) => [
        name,
        spread(micros),
        shown(kib),
        shown(heapKib),
        name === 'memory' ? '-' : spread(commands.map((each) => Math.max(0, each))),
        shown(connectMicros),
      ]),
    ),
    `Of ${shown(FIRST + DEVICES)} devices on one process, after what the process uses without any (on Redis ${shown(redis.empty.commands)} commands/s); memory after a garbage collection.`,
    table(
      ['all at once, one process', ''],
      [
        ['devices; open files allowed to a process here', `${shown(ATONCE)}; ${shown(fileLimit)}`],
        ['in', shown(crowd.ready)],
        ['after s (median of a device)', `${shown(crowd.ms / 1_000)} (${shown(crowd.p50 / 1_000)})`],
        ['refused upgrades, by status', counted(crowd.refused)],
        ['closed sockets, by code', counted(crowd.closed)],
        ['server CPU µs each', shown(crowd.micros)],
      ],
    ),
  ],
  {
    waitingMicrosMemory: medianOf(memory.micros),
    waitingKibMemory: memory.kib,
    waitingMicrosRedis: medianOf(redis.micros),
    waitingKibRedis: redis.kib,
    waitingCommandsRedis: Math.max(0, medianOf(redis.commands)),
    devicesAtOnce: crowd.ready,
    refusedAtOnce:
      ATONCE -
      crowd.ready +
      [...Object.values(crowd.refused), ...Object.values(crowd.closed)].reduce((a, b) => a + b, 0),
  },
);
