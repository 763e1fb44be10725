// Calls over several server processes that share one Redis, beside one process that has everything in its own memory: the
// whole calls of calls.mjs, caller and callee on different processes. What Redis adds to a candidate's way, what a call
// costs it in CPU time, commands and bytes, what a call that goes on and one that ended occupy, and what a device costs that
// only waits. One run, interleaved rounds, medians. Needs redis-server. Linux only: CPU time is read from /proc.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { begin, candidateTimes, closePairs, connectPairs, end } from './nodes/pairs.mjs';
import { startRedis } from './nodes/redis.mjs';
import { cpuMicrosOf, makeLogin, medianOf, quantileOf, startPeer, table } from './support.mjs';

const [ROUNDS, PAIRS, CALLS_A_PAIR, ENOUGH_MS] = [3, 25, 2, 1_000];
const [SAMPLES, PAUSE_MS] = [200, 5];
const [HELD_PAIRS, BATCH, IDLE_MS] = [150, 50, 10_000];
/** A call's SDP and candidates go 60 s after its end, when a server next looks. */
const PURGED_MS = 65_000;
const MOST_MS = 170_000;

const { settings: ours, login } = await makeLogin();
const settings = { ...ours, LOG_LEVEL: 'warn' };

const stops = [];
// A message that never arrives would be waited for without end. What fails ends this process, and all that it started with it.
const timer = setTimeout(() => {
  throw new Error(`not done in ${MOST_MS} ms`);
}, MOST_MS);
const alone = await cluster('one process, memory', 1, false);
const joined = [];
for (const size of [1, 2, 4]) joined.push(await cluster(`${size} on Redis`, size, true));
const clusters = [alone, ...joined];
const held = await hold(await cluster('held', 1, true), joined[0]);
// Once for nothing, so that every process has compiled what it runs.
for (const each of clusters) await calls(each);
for (let round = 0; round < ROUNDS; round += 1) {
  for (const each of clusters) {
    each.calls.push(await calls(each));
    each.latency.push(await latency(each));
  }
}
await held.finish();
clearTimeout(timer);
await Promise.all(stops.map((stop) => stop()));
report();

/** Servers that share a Redis, or one that has none. */
async function cluster(name, size, onRedis) {
  const redis = onRedis ? await startRedis() : null;
  if (redis) stops.push(redis.stop);
  const keys = {
    ENCRYPTION_KEYS: `k1:${randomBytes(32).toString('base64')}`,
    NAME_KEY: randomBytes(32).toString('base64'),
  };
  const env = redis ? { ...settings, ...keys, REDIS_URL: redis.url } : settings;
  const started = Array.from({ length: size }, () =>
    startPeer(new URL('../dist/server/main.js', import.meta.url), env),
  );
  const servers = await Promise.all(started);
  stops.push(...servers.map(({ stop }) => stop));
  return {
    name,
    redis,
    ports: servers.map(({ port }) => port),
    pids: servers.map(({ pid }) => pid),
    calls: [],
    latency: [],
  };
}

async function readings({ pids, redis }) {
  const { user, system } = process.cpuUsage();
  const servers = pids.reduce((total, pid) => total + cpuMicrosOf(pid), 0);
  return { at: performance.now(), servers, generator: user + system, ...(await redis?.counters()) };
}

function difference(after, before) {
  return Object.fromEntries(Object.entries(after).map(([name, value]) => [name, value - before[name]]));
}

/** Whole calls in batches of pairs that nobody has seen before; connecting is not measured. */
async function calls(cluster) {
  const total = { done: 0, at: 0 };
  while (total.at < ENOUGH_MS) {
    const pairs = await connectPairs(PAIRS, cluster.ports, login);
    const before = await readings(cluster);
    await Promise.all(
      pairs.map(async (pair) => {
        for (let i = 0; i < CALLS_A_PAIR; i += 1) {
          const turned = i % 2 === 0 ? pair : [...pair].reverse();
          await begin(turned);
          await end(turned);
        }
      }),
    );
    const spent = difference(await readings(cluster), before);
    for (const [name, value] of Object.entries(spent)) total[name] = (total[name] ?? 0) + value;
    total.done += PAIRS * CALLS_A_PAIR;
    await closePairs(pairs);
  }
  const { done, at, ...spent } = total;
  const aCall = Object.entries(spent).map(([name, value]) => [name, value / done]);
  return { rate: done / (at / 1_000), ...Object.fromEntries(aCall) };
}

async function latency({ ports }) {
  const pairs = await connectPairs(1, ports, login);
  const samples = await candidateTimes(pairs[0], SAMPLES, PAUSE_MS);
  await closePairs(pairs);
  return { median: quantileOf(samples, 0.5), p99: quantileOf(samples, 0.99) };
}

/** Devices that wait, then are in calls, then have ended them: what they occupy. `empty` is a server with no device. */
async function hold(cluster, empty) {
  const { redis, ports, pids } = cluster;
  const residentBytes = () => Number(readFileSync(`/proc/${pids[0]}/statm`, 'utf8').split(' ')[1]) * 4_096;
  const batches = async (work) => {
    for (let i = 0; i < HELD_PAIRS; i += BATCH) await work(i);
  };
  // The first ones have the server compile and allocate what is not a device's.
  const pairs = await connectPairs(BATCH, ports, login);
  const residentBefore = residentBytes();
  await batches(async () => pairs.push(...(await connectPairs(BATCH, ports, login))));
  const devices = (pairs.length - BATCH) * 2;
  const resident = (residentBytes() - residentBefore) / devices;

  const [before, emptyBefore] = [await readings(cluster), await readings(empty)];
  await wait(IDLE_MS);
  const [idle, none] = [difference(await readings(cluster), before), difference(await readings(empty), emptyBefore)];
  const sent = ({ scripts, logReads, wakeUps }) => scripts + logReads + wakeUps;
  const aDeviceAndSecond = (count) => count / (pairs.length * 2) / (idle.at / 1_000);

  const waiting = { used: await redis.usedBytes(), families: await redis.bytesByFamily() };
  const callers = pairs.slice(BATCH);
  await batches((i) => Promise.all(callers.slice(i, i + BATCH).map(begin)));
  const living = { used: await redis.usedBytes(), families: await redis.bytesByFamily() };
  await batches((i) => Promise.all(callers.slice(i, i + BATCH).map(end)));
  const endedAt = performance.now();

  const facts = {
    resident,
    cpuMicros: aDeviceAndSecond(idle.servers - none.servers),
    redisMicros: aDeviceAndSecond(idle.cpuMicros - none.cpuMicros),
    commands: aDeviceAndSecond(sent(idle) - sent(none)),
    emptyCommands: sent(none) / (none.at / 1_000),
    waiting,
    living,
    devices: pairs.length * 2,
  };
  const finish = async () => {
    await wait(Math.max(0, PURGED_MS - (performance.now() - endedAt)));
    facts.ended = { used: await redis.usedBytes(), families: await redis.bytesByFamily() };
    await closePairs(pairs);
  };
  return { facts, finish };
}

function report() {
  const median = (results, field) => medianOf(results.map((result) => result[field]));
  const ratio = (each, field) => (median(each.calls, field) / median(alone.calls, field)).toFixed(2);
  const whole = (number) => Math.round(number).toLocaleString('en');
  const oneMs = (each, field) => median(each.latency, field);
  console.log(
    table(
      [
        ...[
          'whole calls (medians)',
          'calls/s',
          'to memory',
          'CPU µs a call, servers',
          'to memory',
          'CPU µs a call, Redis',
        ],
        ...['CPU µs a call, load generator', 'one candidate ms', 'more than memory', 'p99 ms'],
      ],
      clusters.map((each) => [
        each.name,
        whole(median(each.calls, 'rate')),
        ratio(each, 'rate'),
        whole(median(each.calls, 'servers')),
        ratio(each, 'servers'),
        each.redis ? whole(median(each.calls, 'cpuMicros')) : '-',
        whole(median(each.calls, 'generator')),
        oneMs(each, 'median').toFixed(2),
        (oneMs(each, 'median') - oneMs(alone, 'median')).toFixed(2),
        oneMs(each, 'p99').toFixed(2),
      ]),
    ),
  );
  console.log(
    `\n${table(
      ['Redis, of one call', 'scripts', 'log reads', 'wake-ups', 'commands in scripts', 'bytes in', 'bytes out'],
      joined.map((each) => [
        each.name,
        ...['scripts', 'logReads', 'wakeUps', 'inScripts', 'bytesIn', 'bytesOut'].map((field) =>
          whole(median(each.calls, field)),
        ),
      ]),
    )}`,
  );
  const { waiting, living, ended, ...device } = held.facts;
  const families = new Set([waiting, living, ended].flatMap(({ families: found }) => [...found.keys()]));
  const more = (of, family) => ((of.families.get(family) ?? 0) - (waiting.families.get(family) ?? 0)) / HELD_PAIRS;
  console.log(
    `\n${table(
      ['Redis, bytes a call', 'going on', 'ended over a minute ago'],
      [
        ...[...families].map((family) => [`voip:${family}`, whole(more(living, family)), whole(more(ended, family))]),
        ['used_memory', ...[living, ended].map(({ used }) => whole((used - waiting.used) / HELD_PAIRS))],
      ],
    )}`,
  );
  const onRedis = [...waiting.families.values()].reduce((sum, bytes) => sum + bytes, 0) / device.devices;
  console.log(
    `\n${table(
      [`a device that only waits (of ${whole(device.devices)})`, ''],
      [
        ['resident bytes in its server', whole(device.resident)],
        ['CPU µs a second in its server', device.cpuMicros.toFixed(1)],
        ['CPU µs a second in Redis', device.redisMicros.toFixed(1)],
        ['Redis commands a second', device.commands.toFixed(3)],
        ['bytes in Redis', whole(onRedis)],
        ['Redis commands a second of a server without devices', device.emptyCommands.toFixed(0)],
      ],
    )}`,
  );
}
