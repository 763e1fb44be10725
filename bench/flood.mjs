// What others feel of a flood: npm run bench -- flood. Ten accounts that behave are in calls on a server while one account,
// or clients without a session, send ten times what one client needs (flood/need.mjs). In memory and on Redis; one run,
// interleaved rounds, who behaves and who floods as processes of their own. Needs redis-server; Linux only.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { FLOOD, NEED } from './flood/need.mjs';
import { startRedis } from './nodes/redis.mjs';
import { cpuMicrosOf, makeLogin, medianOf, quantileOf, start, startPeer, table } from './support.mjs';

const [ROUNDS, PHASE_MS, PAUSE_MS, MOST_MS] = [3, 4_000, 500, 175_000];
/** Name, who floods, and how often a second; null: as fast as it goes. */
const FLOODS = [
  ['one account', 'account', FLOOD],
  ['strangers, ten addresses', 'strangers', FLOOD],
];
const FASTEST = [
  ['one account, as fast as it can', 'account', null],
  ['strangers of one address, as fast as they can', 'one address', null],
  ['strangers of ten addresses, as fast as they can', 'strangers', null],
];

const { settings: login, env: clients } = await makeLogin();
const settings = { ...login, LOG_LEVEL: 'error' };

// An answer that never comes would be waited for without end. What fails ends this process, and all that it started with it.
const timer = setTimeout(() => {
  throw new Error(`not done in ${MOST_MS} ms`);
}, MOST_MS);
console.log(`One client needs ${NEED} operations a second in its busiest seconds; a flood is ${FLOOD}.\n`);
for (const onRedis of [false, true]) {
  const { stops, ...world } = await startWorld(onRedis);
  report(onRedis ? 'Redis' : 'memory', await measure(world));
  await Promise.all(stops.map((stop) => stop()));
}
clearTimeout(timer);

async function startWorld(onRedis) {
  const redis = onRedis ? await startRedis() : null;
  const keys = {
    ENCRYPTION_KEYS: `k1:${randomBytes(32).toString('base64')}`,
    NAME_KEY: randomBytes(32).toString('base64'),
  };
  const env = redis ? { ...settings, ...keys, REDIS_URL: redis.url } : settings;
  const server = await startPeer(new URL('../dist/server/main.js', import.meta.url), env);
  const stops = [server.stop, ...(redis ? [redis.stop] : [])];
  const client = async (file) => {
    const { child, stop } = start(new URL(`flood/${file}`, import.meta.url), { ...clients, PORT: server.port }, [
      ...['ignore', 'inherit', 'inherit', 'ipc'],
    ]);
    stops.unshift(stop);
    child.once('exit', (code) => {
      if (code !== null && code !== 0) throw new Error(`${file} ended with ${code}`);
    });
    await once(child, 'message');
    return async (message) => {
      child.send(message);
      return (await once(child, 'message'))[0];
    };
  };
  const [steady, load] = await Promise.all([client('steady.mjs'), client('load.mjs')]);
  return { pid: server.pid, redis, steady, load, stops };
}

/** One phase: what those who behave waited for, and what the server used meanwhile. */
async function phase({ pid, redis, steady, load }, kind, perSecond) {
  await steady('begin');
  const before = [performance.now(), cpuMicrosOf(pid), (await redis?.counters())?.cpuMicros ?? 0];
  const sent = kind === null ? (await wait(PHASE_MS), null) : await load({ kind, perSecond, ms: PHASE_MS });

  const after = [performance.now(), cpuMicrosOf(pid), (await redis?.counters())?.cpuMicros ?? 0];
  const times = await steady('end');
  const [ms, server, store] = after.map((value, i) => value - before[i]);
  await wait(PAUSE_MS);
  const [p50, p99] = [quantileOf(times, 0.5), quantileOf(times, 0.99)];
  return { p50, p99, count: times.length, sent, server: server / ms / 1_000, redis: store / ms / 1_000 };
}

async function measure(world) {
  // Once for nothing, so that everything is compiled that is run.
  for (const [, kind, perSecond] of [['', null, null], ...FLOODS]) await phase(world, kind, perSecond);
  const floods = [...FLOODS, ...FASTEST].map(([name, kind, perSecond]) => ({ name, kind, perSecond, rounds: [] }));
  const quiet = { name: 'quiet', rounds: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    quiet.rounds.push(await phase(world, null, null));
    for (const each of floods) {
      // As fast as it goes: for information, and once.
      if (each.perSecond === null && round < ROUNDS - 1) continue;
      each.rounds.push(await phase(world, each.kind, each.perSecond));
    }
  }
  return [quiet, ...floods];
}

function report(store, phases) {
  const [quiet] = phases;
  const median = ({ rounds }, field) => medianOf(rounds.map((round) => round[field]));
  const spread = ({ rounds }) => rounds.map(({ p99 }) => p99.toFixed(0)).join(', ');
  const percent = (share) => `${(share * 100).toFixed(0)} %`;
  console.log(
    `${table(
      [
        ...[`others on ${store} (medians)`, 'flood a second', 'p50 ms', 'p99 ms', 'p99 of each round'],
        ...['p99 to quiet', 'CPU server', 'CPU Redis'],
      ],
      phases.map((each) => [
        each.name,
        each.rounds[0].sent ? each.rounds[0].sent.perSecond.toFixed(0) : '-',
        median(each, 'p50').toFixed(1),
        median(each, 'p99').toFixed(1),
        spread(each),
        (median(each, 'p99') / median(quiet, 'p99')).toFixed(2),
        percent(median(each, 'server')),
        store === 'Redis' ? percent(median(each, 'redis')) : '-',
      ]),
    )}\n`,
  );
}
