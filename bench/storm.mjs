// A node with many devices dies, and one drains: how soon all are back on the other node, that none missed what was said to it
// meanwhile, and what calls in progress on the other node feel of it. Needs redis-server.
import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { graphql } from './devices/graphql.mjs';
import { begin, candidateTimes, closePairs, connect, connectPairs } from './devices/pairs.mjs';
import { medianOf, quantileOf, QUICK, report, shown, table } from './support/harness.mjs';
import { makeLogin, sharedSettings } from './support/login.mjs';
import { OURS, startLoad, startServer } from './support/processes.mjs';
import { startRedis } from './support/redis.mjs';

const fileLimit = Number(/Max open files\s+(\d+)/.exec(readFileSync('/proc/self/limits', 'utf8'))[1]);
const DEVICES = Math.min(QUICK ? 500 : 10_000, Math.floor(fileLimit / 2));
const [PAIRS, CALLED, EVERY_MS, WITHIN_MS] = [5, 20, 50, 60_000];
const { settings, env, login } = await makeLogin();

const [killed, drained] = [await storm('SIGKILL'), await storm('SIGTERM')];

async function storm(signal) {
  const redis = await startRedis();
  const shared = { ...settings, ...sharedSettings(redis) };
  const [dying, other] = [await startServer(OURS, shared), await startServer(OURS, shared)];
  const load = await startLoad(new URL('./devices/crowd.mjs', import.meta.url), env);
  await load.ask({ task: 'connect', devices: DEVICES, ports: [dying.port, other.port] });
  const pairs = await connectPairs(PAIRS, [other.port], login);
  await Promise.all(pairs.map((pair) => begin(pair)));
  let refused = 0;
  const onRefused = () => (refused += 1);
  const callers = await Promise.all(
    Array.from({ length: CALLED }, () => connect(other.port, login, graphql, { onRefused })),
  );
  const talk = async (ms) =>
    (await Promise.all(pairs.map((pair) => candidateTimes(pair, ms / EVERY_MS, EVERY_MS)))).flat();
  const quiet = await talk(2_000);

  await load.ask({ task: 'expect', withinMs: WITHIN_MS });
  const before = (await other.usage()).cpuMicros;
  const gone = dying.stop(signal);
  const during = talk(signal === 'SIGKILL' ? 4_000 : 6_000);
  await wait(100);
  // Said while they are away.
  await Promise.all(callers.map((each, i) => each.say('offer', `waiting-${i}`, `v=0\r\ns=${i}\r\n`)));
  const back = await load.ask({ task: 'back' });
  const micros = ((await other.usage()).cpuMicros - before) / DEVICES;
  const times = await during;
  await wait(500);
  const invited = (await load.ask({ task: 'invited' })).slice(0, CALLED);
  await gone;
  await closePairs(pairs);
  // Their calls may have rung long enough to end, of which they were told.
  await Promise.allSettled(callers.map((each) => each.close()));
  await load.ask({ task: 'leave' });
  await load.stop();
  await other.stop();
  await redis.stop();
  return {
    ...back,
    refused,
    micros,
    quiet: quantileOf(quiet, 0.99),
    p99: quantileOf(times, 0.99),
    lost: invited.filter((calls) => calls.length === 0).length,
    doubled: invited.filter((calls) => new Set(calls).size < calls.length).length,
  };
}

const row = (title, field) => [title, ...[killed, drained].map((each) => field(each))];
const perSecond = ({ goodbyes }) =>
  Array.from({ length: 5 }, (_, second) => goodbyes.filter((ms) => Math.floor(ms / 1_000) === second).length).join(
    ', ',
  );
report(
  'A node goes (`storm`)',
  [
    table(
      [`${shown(DEVICES)} devices on it`, 'killed', 'drained'],
      [
        row('back on the other node', ({ ready }) => shown(ready)),
        row(
          'all of them after s (median of a device)',
          ({ ms, p50 }) => `${shown(ms / 1_000)} (${shown(p50 / 1_000)})`,
        ),
        row('that had to begin anew', ({ fresh }) => fresh),
        row(`invitations lost, of ${CALLED} said meanwhile; doubled`, ({ lost, doubled }) => `${lost}; ${doubled}`),
        row('of these, refused for the time being and sent again', ({ refused }) => refused),
        row('CPU µs of the other node for each, its calls included', ({ micros }) => shown(micros)),
        row('calls on the other node: p99 ms of a candidate before', ({ quiet }) => shown(quiet)),
        row('and meanwhile', ({ p99 }) => shown(p99)),
        row('goodbyes said in each second', (each) => (each.goodbyes.length === 0 ? 'none' : perSecond(each))),
        row('median goodbye after s', ({ goodbyes }) =>
          goodbyes.length === 0 ? '-' : shown(medianOf(goodbyes) / 1_000),
        ),
      ],
    ),
  ],
  { stormSeconds: killed.ms / 1_000, stormLost: killed.lost + killed.doubled + killed.fresh, stormP99: killed.p99 },
);
