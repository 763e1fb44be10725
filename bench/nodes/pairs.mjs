// Pairs of devices and the calls between them: the steps of bench/calls/load.mjs, with caller and callee on servers of their
// own. What does not arrive once, in order and unchanged ends the run with an error.
import { SignJWT } from 'jose';
import { setTimeout as wait } from 'node:timers/promises';
import { graphql } from '../calls/graphql-device.mjs';

const CANDIDATES_A_CALL = 10;

export const sdpOf = (id) => `v=0\r\no=- ${id} 2 IN IP4 127.0.0.1\r\ns=-\r\n${'a=rtpmap:96 VP8/90000\r\n'.repeat(100)}`;
export const candidateLine = (n) => `candidate:${n} 1 udp 2122260223 192.0.2.7 50000 typ host generation 0 ufrag c2a1`;
let drawn = 0;
export const unique = () => (drawn += 1);

/** A good token of a device. */
export const tokenOf = (account, { key, issuer, audience }, device = 'phone') =>
  new SignJWT({ device_id: device })
    .setProtectedHeader({ alg: 'ES256' })
    .setSubject(account)
    .setIssuer(issuer)
    .setAudience(audience)
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(key);

/** A device that nobody has seen before, so that no limit of an account or a device is ever near. */
async function connect(port, login) {
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
  const { say, close } = await graphql({ port, name, hear, token: await tokenOf(name, login) });
  return {
    name,
    say,
    hears: (step, text = '') =>
      new Promise((resolve) => {
        awaited.push({ step, text, resolve });
        settle();
      }),
    close: async () => {
      await close();
      if (heard.length > 0) throw new Error(`${name} heard ${heard[0].step} ${heard[0].text} for a second time`);
    },
  };
}

/** Pairs spread over the servers: the two of a pair on neighbours, each server with as many callers as callees. */
export function connectPairs(count, ports, login) {
  const portAt = (place) => ports[place % ports.length];
  return Promise.all(
    Array.from({ length: count }, (_, i) => Promise.all([connect(portAt(i), login), connect(portAt(i + 1), login)])),
  );
}

export function closePairs(pairs) {
  return Promise.all(pairs.flat().map((device) => device.close()));
}

const tell = (from, to, step, text = '') => Promise.all([from.say(step, to.name, text), to.hears(step, text)]);
const bothWays = ([a, b], work) => Promise.all([work(a, b), work(b, a)]);

async function answer(caller, callee) {
  await tell(caller, callee, 'offer', sdpOf(unique()));
  await tell(callee, caller, 'ring');
  await tell(callee, caller, 'answer', sdpOf(unique()));
}

/** Offer, ring, answer, ten candidates each way, connected both. */
export async function begin([caller, callee]) {
  await answer(caller, callee);
  await bothWays([caller, callee], (from, to) =>
    Promise.all(Array.from({ length: CANDIDATES_A_CALL }, () => tell(from, to, 'candidate', candidateLine(unique())))),
  );
  await bothWays([caller, callee], (from, to) => tell(from, to, 'connected'));
}

export const end = ([caller, callee]) => tell(caller, callee, 'hangUp');

/** @returns milliseconds from a candidate's sending to its arrival, with nothing else under way */
export async function candidateTimes(pair, count, pauseMs) {
  await answer(...pair);
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
