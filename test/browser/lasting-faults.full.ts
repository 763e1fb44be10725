/** As in faults.test.ts, what takes minutes. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { bothHear, bothSee, isBack, talking, until, type BrowserPhone } from './phone.js';
import { startBrowserWorld, type BrowserWorld } from './world.js';

/** The relay refuses credentials after that time. */
const TTL_SECONDS = 120;
const ROUNDS = 5;

let world: BrowserWorld;
beforeAll(async () => {
  world = await startBrowserWorld({
    keepsCalls: true,
    requestedTtlSeconds: TTL_SECONDS,
    clientTtlSeconds: TTL_SECONDS,
  });
}, 240_000);
afterEach(() => world?.closePhones());
afterAll(() => world?.close());

async function inCall(): Promise<readonly [BrowserPhone, BrowserPhone]> {
  const [a, b] = world.accounts();
  const [caller, callee] = await Promise.all([world.phone(`${a}/phone`), world.phone(`${b}/phone`)]);
  await talking(caller, callee, b);
  return [caller, callee];
}

describe('a server that is killed in the middle of a call', () => {
  it('does not keep anybody from hanging up: the other side hears of it when the server is back', async () => {
    const [caller, callee] = await inCall();
    await world.killServer();
    await caller.until(({ client }) => client === 'connecting');
    const told = caller.hangUp();
    await caller.until(({ state, localTracks }) => state === 'ENDED' && localTracks === 0);
    await world.server.startAgain();
    expect(await told).toMatchObject({ ok: true });
    expect(await callee.reached('ENDED')).toMatchObject({ endReason: 'COMPLETED', calls: 0 });
  });
});

describe('a side whose browser says that it has a network again', () => {
  it('looks for another path as soon as the browser says that it has one, though nothing was lost', async () => {
    const [caller, callee] = await inCall();
    // To the browser it is only a word: what is open stays open.
    await caller.context.setOffline(true);
    await caller.context.setOffline(false);
    const look = await caller.until(({ generations, signaling }) => generations > 1 && signaling === 'stable');
    expect(look).toMatchObject({ state: 'ACTIVE', client: 'online', peers: 1, error: null });
    expect(look.states).not.toContain('RECONNECTING');
    await bothHear(caller, callee);
    await bothSee(caller, callee);
  });
});

describe('credentials that expire during a call', () => {
  it('were renewed before by both sides, who find their way when the relay dies after that', async () => {
    const phones = await inCall();
    const expiredAt = Date.now() + TTL_SECONDS * 1_000;
    for (const phone of phones) {
      const look = await phone.until(({ usernames }) => usernames > 1, TTL_SECONDS * 1_000);
      // Nothing else happened that would have asked for them.
      expect(look).toMatchObject({ state: 'ACTIVE', generations: 1 });
    }
    expect(Date.now()).toBeLessThan(expiredAt);
    await until(
      () => Promise.resolve(Date.now()),
      (now) => now > expiredAt,
      TTL_SECONDS * 1_000,
    );
    await world.stopRelay();
    await world.startRelay();
    for (const phone of phones) {
      await phone.until((look) => look.generations > 1 && isBack(look), 60_000);
    }
    await bothHear(...phones);
    await bothSee(...phones);
    await phones[0].hangUp();
    await phones[1].reached('ENDED');
  }, 300_000);
});

describe('a call', () => {
  it(
    `outlives ${ROUNDS} deaths of the server and of the relay`,
    async () => {
      const phones = await inCall();
      for (let round = 1; round <= ROUNDS; round += 1) {
        await world.killServer();
        await world.stopRelay();
        await world.startRelay();
        await world.server.startAgain();
        for (const phone of phones) {
          await phone.until((look) => look.generations > round && isBack(look), 60_000);
        }
        await bothHear(...phones);
        await bothSee(...phones);
      }
      await phones[0].hangUp();
      expect(await phones[1].reached('ENDED')).toMatchObject({ endReason: 'COMPLETED', peers: 1 });
    },
    ROUNDS * 90_000,
  );
});
