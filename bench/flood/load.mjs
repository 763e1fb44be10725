// Who floods, as a process of its own: sends what it is told for as long as it is told, and says how much that was.
import { setTimeout as wait } from 'node:timers/promises';
import { givenLogin } from '../support/login.mjs';
import { serveLoad } from '../support/processes.mjs';
import { accountFlood } from './account.mjs';
import { strangersFlood } from './strangers.mjs';

const port = Number(process.env.PORT);
const login = await givenLogin();
/** Ten clients, each at an address of its own, so that what one address may do protects nobody here. */
const ADDRESSES = Array.from({ length: 10 }, (_, i) => `127.0.1.${i + 1}`);
const [CONNECTIONS, MOST_UNDERWAY, PATIENCE_MS] = [8, 500, 2_000];

const floods = {
  account: await accountFlood(port, login),
  strangers: await strangersFlood(port, ADDRESSES),
  'one address': await strangersFlood(port, ADDRESSES.slice(0, 1)),
};

/** @param perSecond null: as fast as it goes over a few connections */
async function flood(operations, perSecond, ms) {
  const from = performance.now();
  const isOver = () => performance.now() - from >= ms;
  const underway = new Set();
  let sent = 0;
  const send = () => {
    const done = operations[(sent += 1) % operations.length]();
    underway.add(done);
    void done.then(() => underway.delete(done));
    return done;
  };
  if (perSecond === null) {
    const connection = async () => {
      while (!isOver()) await Promise.race([send(), wait(PATIENCE_MS)]);
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, connection));
  }
  while (!isOver()) {
    const due = Math.ceil(((performance.now() - from) / 1_000) * perSecond);
    while (sent < due && underway.size < MOST_UNDERWAY) send();
    await wait(5);
  }
  return { sent, perSecond: sent / ((performance.now() - from) / 1_000) };
}

serveLoad(({ kind, perSecond, ms }) => flood(floods[kind], perSecond, ms));
