// The load generator of `calls`, `nodes` and `growth`, a process of its own for each peer and the same code for all.
import { medianOf, quantileOf, QUICK } from '../support/harness.mjs';
import { givenLogin } from '../support/login.mjs';
import { serveLoad } from '../support/processes.mjs';
import { answered, bothWays, candidateTimes, closePairs, connectPairs, trickle, wholeCalls } from './pairs.mjs';
import { connectors } from './peers.mjs';

const { CLIENT = 'graphql', PORTS, PAIRS = '50' } = process.env;
const login = await givenLogin();
const [pairsAtOnce, ports] = [Number(PAIRS), PORTS.split(',').map(Number)];
const [CALLS_A_PAIR, CANDIDATES_A_SIDE, IN_FLIGHT] = [2, 60, 8];
const [SAMPLES, PAUSE_MS] = [QUICK ? 100 : 200, 5];
/** Batches are repeated until they have taken this long together. */
const ENOUGH_MS = QUICK ? 500 : 1_000;

const connect = (count) => connectPairs(count, ports, login, connectors[CLIENT]);
const cpu = () => {
  const { user, system } = process.cpuUsage();
  return user + system;
};
const difference = (after, before) =>
  Object.fromEntries(Object.entries(after).map(([name, value]) => [name, value - before[name]]));

/**
 * Batches of pairs that no server has seen before; connecting is not measured.
 *
 * @returns how many a second; of each what servers have used (all fields of usage), and this process
 */
async function measure(usage, done, work, prepare = async () => {}) {
  const total = { done: 0, ms: 0, generatorMicros: 0 };
  while (total.ms < ENOUGH_MS) {
    const pairs = await connect(pairsAtOnce);
    await Promise.all(pairs.map(prepare));
    const [before, own, startedAt] = [await usage(), cpu(), performance.now()];
    await Promise.all(pairs.map(work));
    total.ms += performance.now() - startedAt;
    total.generatorMicros += cpu() - own;
    for (const [name, value] of Object.entries(difference(await usage(), before)))
      total[name] = (total[name] ?? 0) + value;
    total.done += done;
    await closePairs(pairs);
  }
  const { done: count, ms, ...spent } = total;
  const each = Object.entries(spent).map(([name, value]) => [name, value / count]);
  return { rate: count / (ms / 1_000), ...Object.fromEntries(each) };
}

const measurements = {
  calls: (usage) => measure(usage, pairsAtOnce * CALLS_A_PAIR, (pair) => wholeCalls(pair, CALLS_A_PAIR)),
  gathered: (usage) => measure(usage, pairsAtOnce * CALLS_A_PAIR, (pair) => wholeCalls(pair, CALLS_A_PAIR, true)),
  candidates: (usage) =>
    measure(
      usage,
      pairsAtOnce * 2 * CANDIDATES_A_SIDE,
      (pair) => bothWays(pair, (from, to) => trickle(from, to, CANDIDATES_A_SIDE, IN_FLIGHT)),
      answered,
    ),
  /** From the sender's call to the receiver's, with nothing else under way. */
  latency: async () => {
    const pairs = await connect(1);
    await answered(pairs[0]);
    const samples = await candidateTimes(pairs[0], SAMPLES, PAUSE_MS);
    await closePairs(pairs);
    return { median: medianOf(samples), p99: quantileOf(samples, 0.99) };
  },
};

serveLoad((task, usage) => measurements[task](usage));
