// Ten accounts that behave, in calls by two, as a process of its own: what each operation takes them while others flood.
// Sent by the clock, whether the last one was answered or not, so that a server that stalls is not asked less often.
import { setTimeout as wait } from 'node:timers/promises';
import { begin, candidateLine, connectPairs, end, unique } from '../devices/pairs.mjs';
import { givenLogin, tokenOf } from '../support/login.mjs';
import { serveLoad } from '../support/processes.mjs';

const { PORT } = process.env;
const login = await givenLogin();
const [PAIRS, CANDIDATE_EVERY_MS, QUERY_EVERY_MS, RELAY_EVERY_MS, CALL_MS] = [5, 100, 500, 8_000, 8_000];

/** Times of this phase, in milliseconds; null between phases. */
let times = null;
const underway = new Set();

/** @param since when it began; what was begun in one phase never counts in another */
function timed(work) {
  const [into, since] = [times, performance.now()];
  const done = work().then(() => into?.push(performance.now() - since));
  underway.add(done);
  // A failure ends this process: nobody handles what `done` rejects with.
  void done.then(() => underway.delete(done));
  return done;
}

async function every(ms, work) {
  await wait(Math.random() * ms);
  setInterval(work, ms);
}

async function ask(account, query) {
  const response = await fetch(`http://127.0.0.1:${PORT}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${account.token}` },
    body: JSON.stringify({ query }),
  });
  const { errors } = await response.json();
  if (errors) throw new Error(`refused: ${JSON.stringify(errors)}`);
}

/** Calls one after the other in turns from either side; in each, candidates flow both ways until its end. */
async function talk(pair, delayMs) {
  await wait(delayMs);
  for (let turn = 0; ; turn += 1) {
    const [caller, callee] = turn % 2 === 0 ? pair : [...pair].reverse();
    await begin([caller, callee]);
    const until = performance.now() + CALL_MS;
    const sent = [];
    while (performance.now() < until) {
      for (const [from, to] of [pair, [...pair].reverse()]) {
        const text = candidateLine(unique());
        sent.push(
          timed(() => from.say('candidate', to.name, text)),
          timed(() => to.hears('candidate', text)),
        );
      }
      await wait(CANDIDATE_EVERY_MS);
    }
    await Promise.all(sent);
    await end([caller, callee]);
  }
}

const pairs = await connectPairs(PAIRS, [Number(PORT)], login);
for (const [place, pair] of pairs.entries()) {
  void talk(pair, (place * CALL_MS) / PAIRS);
  for (const { name } of pair) {
    const account = { token: await tokenOf(name, login) };
    void every(QUERY_EVERY_MS, () => timed(() => ask(account, '{ openCalls { id state remainingMs } }')));
    void every(RELAY_EVERY_MS, () => timed(() => ask(account, '{ callRelay { turnUrls turnUsername } }')));
  }
}

serveLoad(async (message) => {
  if (message === 'begin') {
    times = [];
    return 'begun';
  }
  const found = times;
  times = null;
  await Promise.all(underway);
  return found;
});
