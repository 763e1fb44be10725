// What grows with the number of calls that a process keeps, and of devices that an account has: it should be nothing. Calls are
// in memory; those that are kept are copies of one that the service made and ended, under ids of their own.
import { fieldOf, interleaved, QUICK, ratioOf, report, shown, spread, table } from './support/harness.mjs';
import { makeLogin } from './support/login.mjs';
import { startLoad, startServer } from './support/processes.mjs';

const STORED = QUICK ? [1_000, 10_000] : [1_000, 10_000, 100_000];
const DEVICES = [1, 10, 100];
const { peerSettings, env } = await makeLogin();

const stored = [];
for (const count of STORED) stored.push(await world(count, 1));
const known = [];
for (const count of DEVICES) known.push(await world(0, count));

async function world(calls, devices) {
  const settings = { ...peerSettings, STORED: String(calls), DEVICES: String(devices) };
  const server = await startServer(new URL('./growth/server.mjs', import.meta.url), settings);
  const { heapUsed } = await server.memory();
  const load = await startLoad(
    new URL('./devices/load.mjs', import.meta.url),
    { PORTS: String(server.port), PAIRS: '25', BENCH_QUICK: process.env.BENCH_QUICK, ...env },
    { usage: server.usage },
  );
  return { size: Math.max(calls, devices), server, load, heapUsed, calls: [], latency: [] };
}

for (const worlds of [stored, known]) {
  for (const { load } of worlds) await load.ask('calls');
  await interleaved(worlds, async (each) => {
    for (const task of ['calls', 'latency']) each[task].push(await each.load.ask(task));
  });
  for (const { load, server } of worlds) await Promise.all([load.stop(), server.stop()]);
}

const of = (each, task, field) => fieldOf(each[task], field);
/** Work a CPU second: 1 is flat, less is worse. */
const flat = ([first], each, task, field) => ratioOf(of(first, task, field), of(each, task, field));
const rows = (title, worlds) =>
  table(
    [title, 'calls/s', 'server CPU µs a call', 'flat', 'one candidate ms', 'flat'],
    worlds.map((each) => [
      shown(each.size),
      spread(of(each, 'calls', 'rate')),
      spread(of(each, 'calls', 'cpuMicros')),
      shown(flat(worlds, each, 'calls', 'cpuMicros')),
      spread(of(each, 'latency', 'median')),
      shown(flat(worlds, each, 'latency', 'median')),
    ]),
  );
const [small, ...larger] = stored;
const memory = larger.map((each) => [each.size, (each.heapUsed - small.heapUsed) / (each.size - small.size)]);
report(
  'Growth (`growth`)',
  [
    rows('calls that are kept', stored),
    table(
      ['calls that are kept', 'heap bytes each'],
      memory.map(([size, bytes]) => [shown(size), shown(bytes)]),
    ),
    rows('devices that an account has, of which one is connected', known),
  ],
  {
    growthCalls: flat(stored, stored.at(-1), 'calls', 'cpuMicros'),
    growthLatency: flat(stored, stored.at(-1), 'latency', 'median'),
    growthDevices: flat(known, known.at(-1), 'calls', 'cpuMicros'),
  },
);
