/** As in faults.test.ts, what takes longer. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { bothHear, bothSee, isBack, talking, until } from './phone.js';
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
}, 60_000);
afterAll(() => world?.close());

describe('credentials that expire during a call', () => {
  it('were renewed before by both sides, who find their way when the relay dies after that', async () => {
    const [a, b] = world.accounts();
    const phones = await Promise.all([world.phone(`${a}/phone`), world.phone(`${b}/phone`)]);
    await talking(...phones, b);
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
      const [a, b] = world.accounts();
      const phones = await Promise.all([world.phone(`${a}/phone`), world.phone(`${b}/phone`)]);
      await talking(...phones, b);
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
