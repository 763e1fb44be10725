// The load generator, a process of its own for each peer and the same code for all: runs the measurement that it is sent
// the name of, and answers with what it counted. What does not arrive once, in order and unchanged ends it with an error.
import { importJWK, SignJWT } from 'jose';
import { setTimeout as wait } from 'node:timers/promises';
import { cpuMicrosOf, quantileOf } from '../support.mjs';
import { connectors } from './devices.mjs';

const { CLIENT, PORT, PID, KEY, ISSUER, AUDIENCE } = process.env;
const key = await importJWK(JSON.parse(KEY), 'ES256');
const [PAIRS, CALLS_A_PAIR, CANDIDATES_A_CALL, CANDIDATES_A_SIDE, IN_FLIGHT] = [50, 2, 10, 60, 8];
const [SAMPLES, PAUSE_MS] = [300, 5];
/** Batches are repeated until they have taken this long together. */
const ENOUGH_MS = 1_000;

const sdpOf = (id) => `v=0\r\no=- ${id} 2 IN IP4 127.0.0.1\r\ns=-\r\n${'a=rtpmap:96 VP8/90000\r\n'.repeat(100)}`;
const candidateLine = (n) => `candidate:${n} 1 udp 2122260223 192.0.2.7 50000 typ host generation 0 ufrag c2a1`;
let drawn = 0;
const unique = () => (drawn += 1);

const tokenOf = (account) =>
  new SignJWT({ device_id: 'phone' })
    .setProtectedHeader({ alg: 'ES256' })
    .setSubject(account)
    .setIssuer(ISSUER)
    .setAudience(AUDIENCE)
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(key);

/** A device that nobody has seen before, so that no limit of an account or a device is ever near. */
async function connect() {
  const name = `account-${unique()}`;
  const [heard, awaited] = [[], []];
  const settle = () => {
    while (heard.length > 0 && awaited.length > 0) {
      const [is, should] = [heard.shift(), awaited.shift()];
      if (is.step !== should.step || is.text !== should.text) {
        throw new Error(`${name} heard ${is.step} ${is.text}, and not ${should.step} ${should.text}`);
      }
      should.resolve();
    }
  };
  const hear = (step, text) => {
    heard.push({ step, text });
    settle();
  };
  const { say, close } = await connectors[CLIENT]({ port: PORT, name, hear, token: await tokenOf(name) });
  return {
    name,
    say,
    hears: (step, text = '') =>
      new Promise((resolve) => {
        awaited.push({ step, text, resolve });
        settle();
      }),
    // Whatever was still on its way arrives before the close does.
    close: async () => {
      await close();
      if (heard.length > 0) throw new Error(`${name} heard ${heard[0].step} ${heard[0].text} for a second time`);
    },
  };
}

const tell = (from, to, step, text = '') => Promise.all([from.say(step, to.name, text), to.hears(step, text)]);

/** One candidate a message, at most `inFlight` of them not yet acknowledged and arrived. */
async function trickle(from, to, count, inFlight) {
  const told = [];
  for (let i = 0; i < count; i += 1) {
    if (i >= inFlight) await told[i - inFlight];
    told.push(tell(from, to, 'candidate', candidateLine(unique())));
  }
  await Promise.all(told);
}

async function answered(caller, callee) {
  await tell(caller, callee, 'offer', sdpOf(unique()));
  await tell(callee, caller, 'ring');
  await tell(callee, caller, 'answer', sdpOf(unique()));
}

const bothWays = ([a, b], work) => Promise.all([work(a, b), work(b, a)]);

async function wholeCall([caller, callee]) {
  await answered(caller, callee);
  await bothWays([caller, callee], (from, to) => trickle(from, to, CANDIDATES_A_CALL, CANDIDATES_A_CALL));
  // A relay passes each report on, a server that knows of calls tells both at the first: each hears it once in either case.
  await bothWays([caller, callee], (from, to) => tell(from, to, 'connected'));
  await tell(caller, callee, 'hangUp');
}

async function withPairs(count, work) {
  const pairs = await Promise.all(Array.from({ length: count }, () => Promise.all([connect(), connect()])));
  const result = await work(pairs);
  await Promise.all(pairs.flat().map((device) => device.close()));
  return result;
}

/** Batches of pairs that nobody has seen before; only `work` is measured. */
async function measure(done, work, prepare = async () => {}) {
  const total = { done: 0, seconds: 0, cpuMicros: 0 };
  while (total.seconds * 1_000 < ENOUGH_MS) {
    await withPairs(PAIRS, async (pairs) => {
      await Promise.all(pairs.map(prepare));
      const [startedAt, cpuBefore] = [performance.now(), cpuMicrosOf(PID)];
      await Promise.all(pairs.map(work));
      total.cpuMicros += cpuMicrosOf(PID) - cpuBefore;
      total.seconds += (performance.now() - startedAt) / 1_000;
      total.done += done;
    });
  }
  return { rate: total.done / total.seconds, cpuMicros: total.cpuMicros / total.done };
}

const measurements = {
  /** Whole calls, each pair one after the other, in turns from either side. */
  calls: () =>
    measure(PAIRS * CALLS_A_PAIR, async (pair) => {
      for (let i = 0; i < CALLS_A_PAIR; i += 1) await wholeCall(i % 2 === 0 ? pair : [...pair].reverse());
    }),
  candidates: () =>
    measure(
      PAIRS * 2 * CANDIDATES_A_SIDE,
      (pair) => bothWays(pair, (from, to) => trickle(from, to, CANDIDATES_A_SIDE, IN_FLIGHT)),
      ([caller, callee]) => answered(caller, callee),
    ),
  /** From the sender's call to the receiver's, with nothing else under way. */
  latency: () =>
    withPairs(1, async ([pair]) => {
      await answered(...pair);
      const samples = [];
      const told = [];
      for (let i = 0; i < SAMPLES; i += 1) {
        const [from, to] = i % 2 === 0 ? pair : [...pair].reverse();
        const text = candidateLine(unique());
        const sentAt = performance.now();
        const arrived = to.hears('candidate', text).then(() => samples.push(performance.now() - sentAt));
        told.push(from.say('candidate', to.name, text), arrived);
        await wait(PAUSE_MS);
      }
      await Promise.all(told);
      return { medianMs: quantileOf(samples, 0.5), p99Ms: quantileOf(samples, 0.99) };
    }),
};

process.on('message', async (name) => process.send(await measurements[name]()));
