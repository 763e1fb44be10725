// Pairs of devices and the calls between them, over the protocol of any peer. A whole call has 26 steps: offer, ring, answer,
// ten candidates each way, connected both, hang up. What does not arrive once, in order and unchanged ends the run with an error.
import { setTimeout as wait } from 'node:timers/promises';
import { tokenOf } from '../support/login.mjs';
import { graphql } from './graphql.mjs';

const CANDIDATES_A_CALL = 10;

export const sdpOf = (id) => `v=0\r\no=- ${id} 2 IN IP4 127.0.0.1\r\ns=-\r\n${'a=rtpmap:96 VP8/90000\r\n'.repeat(100)}`;
export const candidateLine = (n) => `candidate:${n} 1 udp 2122260223 192.0.2.7 50000 typ host generation 0 ufrag c2a1`;
let drawn = 0;
export const unique = () => (drawn += 1);
const linesOf = (count) => Array.from({ length: count }, () => candidateLine(unique()));

/** A device that no server has seen before, so that no limit of an account or a device is ever near. */
export async function connect(port, login, connector = graphql, more = {}) {
  const name = `account-${process.pid}-${unique()}`;
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
  const { say, close } = await connector({ port, name, hear, token: await tokenOf(name, login), ...more });
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

/** Pairs spread over the servers: the two of a pair on neighbours, each server with as many callers as callees. */
export function connectPairs(count, ports, login, connector = graphql) {
  const device = (place) => connect(ports[place % ports.length], login, connector);
  return Promise.all(Array.from({ length: count }, (_, i) => Promise.all([device(i), device(i + 1)])));
}

export function closePairs(pairs) {
  return Promise.all(pairs.flat().map((device) => device.close()));
}

const tell = (from, to, step, text = '') => Promise.all([from.say(step, to.name, text), to.hears(step, text)]);
export const bothWays = ([a, b], work) => Promise.all([work(a, b), work(b, a)]);

export async function answered([caller, callee]) {
  await tell(caller, callee, 'offer', sdpOf(unique()));
  await tell(callee, caller, 'ring');
  await tell(callee, caller, 'answer', sdpOf(unique()));
}

/** One candidate a message, at most `inFlight` of them not yet acknowledged and arrived. */
export async function trickle(from, to, count, inFlight) {
  const told = [];
  for (const [i, line] of linesOf(count).entries()) {
    if (i >= inFlight) await told[i - inFlight];
    told.push(tell(from, to, 'candidate', line));
  }
  await Promise.all(told);
}

/** All candidates in one message, as our client sends what its browser finds within 30 ms. */
function gathered(from, to, count) {
  const lines = linesOf(count);
  return Promise.all([from.say('candidate', to.name, lines), ...lines.map((line) => to.hears('candidate', line))]);
}

/** Offer, ring, answer, ten candidates each way, connected both. */
export async function begin(pair, isGathered = false) {
  await answered(pair);
  await bothWays(pair, (from, to) =>
    isGathered ? gathered(from, to, CANDIDATES_A_CALL) : trickle(from, to, CANDIDATES_A_CALL, CANDIDATES_A_CALL),
  );
  // A relay passes each report on, a server that knows of calls tells both at the first: each hears it once in either case.
  await bothWays(pair, (from, to) => tell(from, to, 'connected'));
}

export const end = ([caller, callee]) => tell(caller, callee, 'hangUp');

/** Whole calls, one after the other, in turns from either side. */
export async function wholeCalls(pair, count, isGathered = false) {
  for (let i = 0; i < count; i += 1) {
    const turned = i % 2 === 0 ? pair : [...pair].reverse();
    await begin(turned, isGathered);
    await end(turned);
  }
}

/** @returns milliseconds from a candidate's sending to its arrival, one each `pauseMs`, in a call that was answered */
export async function candidateTimes(pair, count, pauseMs) {
  const [samples, told] = [[], []];
  for (let i = 0; i < count; i += 1) {
    const [from, to] = i % 2 === 0 ? pair : [...pair].reverse();
    const text = candidateLine(unique());
    const sentAt = performance.now();
    told.push(
      to.hears('candidate', text).then(() => samples.push(performance.now() - sentAt)),
      from.say('candidate', to.name, text),
    );
    await wait(pauseMs);
  }
  await Promise.all(told);
  return samples;
}
