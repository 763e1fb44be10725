// What others feel of a flood: npm run bench -- flood. Ten accounts that behave are in calls on a server while one account,
// or clients without a session, send ten times what one client needs (flood/need.mjs). In memory and on Redis; one run,
// interleaved rounds, who behaves and who floods as processes of their own. Needs redis-server; Linux only.
import { setTimeout as wait } from 'node:timers/promises';
import { FLOOD, NEED } from './flood/need.mjs';
import { endAfter, medianOf, quantileOf, report, table } from './support/harness.mjs';
import { makeLogin, sharedSettings } from './support/login.mjs';
import { OURS, startLoad, startServer } from './support/processes.mjs';
import { startRedis } from './support/redis.mjs';

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

const { settings, env: clients } = await makeLogin();
const done = endAfter(MOST_MS);
const tables = [`One client needs ${NEED} operations a second in its busiest seconds; a flood is ${FLOOD}.`];
for (const onRedis of [false, true]) {
  const { stops, ...world } = await startWorld(onRedis);
  tables.push(tableOf(onRedis ? 'Redis' : 'memory', await measure(world)));
  await Promise.all(stops.map((stop) => stop()));
}
done();
report('What others feel of a flood (`flood`)', tables);

async function startWorld(onRedis) {
  const redis = onRedis ? await startRedis() : null;
  const server = await startServer(OURS, redis ? { ...settings, ...sharedSettings(redis) } : settings);
  const client = (file) => startLoad(new URL(`flood/${file}`, import.meta.url), { ...clients, PORT: server.port });
  const [steady, load] = await Promise.all([client('steady.mjs'), client('load.mjs')]);
  const stops = [steady.stop, load.stop, server.stop, ...(redis ? [redis.stop] : [])];
  return { server, redis, steady: steady.ask, load: load.ask, stops };
}

/** One phase: what those who behave waited for, and what the server used meanwhile. */
async function phase({ server: measured, redis, steady, load }, kind, perSecond) {
  const used = async () => [
    performance.now(),
    (await measured.usage()).cpuMicros,
    (await redis?.counters())?.cpuMicros ?? 0,
  ];
  await steady('begin');
  const before = await used();
  const sent = kind === null ? (await wait(PHASE_MS), null) : await load({ kind, perSecond, ms: PHASE_MS });

  const after = await used();
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

function tableOf(store, phases) {
  const [quiet] = phases;
  const median = ({ rounds }, field) => medianOf(rounds.map((round) => round[field]));
  const spread = ({ rounds }) => rounds.map(({ p99 }) => p99.toFixed(0)).join(', ');
  const percent = (share) => `${(share * 100).toFixed(0)} %`;
  return table(
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
  );
}
