/** Calls while the server dies, and while the network of one side or the relay goes away. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { longIt } from '../support/full.js';
import { bothHear, bothSee, isBack, talking, type BrowserPhone } from './phone.js';
import { startCuttingProxy } from '../faults/cutting-proxy.js';
import { startBrowserWorld, type BrowserWorld } from './world.js';

let world: BrowserWorld;
beforeAll(async () => {
  // Credentials that are to be refreshed after two seconds, so that a restart has others than the call began with.
  world = await startBrowserWorld({ keepsCalls: true, clientTtlSeconds: 4 });
}, 240_000);
afterEach(() => world?.closePhones());
afterAll(() => world?.close());

/** @param origin of the service, for the caller */
async function inCall(origin?: string): Promise<readonly [BrowserPhone, BrowserPhone]> {
  const [a, b] = world.accounts();
  const [caller, callee] = await Promise.all([
    world.phone(`${a}/phone`, origin === undefined ? {} : { origin }),
    world.phone(`${b}/phone`),
  ]);
  await talking(caller, callee, b);
  return [caller, callee];
}

describe('a server that is killed in the middle of a call', () => {
  longIt('costs no word and no picture, and signaling goes on when it is back', async () => {
    const [caller, callee] = await inCall();
    await world.killServer();
    for (const phone of [caller, callee]) await phone.until(({ client }) => client === 'connecting');
    await bothHear(caller, callee);
    await bothSee(caller, callee);
    await world.server.startAgain();
    for (const phone of [caller, callee]) {
      const look = await phone.until(({ client }) => client === 'online');
      // The same connection by the same path, all the time.
      expect(look).toMatchObject({ peers: 1, generations: 1, connection: 'connected', error: null });
      expect(look.states.slice(-2)).toEqual(['CONNECTING', 'ACTIVE']);
    }
    expect(await callee.setCamera(false)).toMatchObject({ ok: true });
    await caller.until(({ remoteVideo }) => !remoteVideo);
    await caller.hangUp();
    expect(await callee.reached('ENDED')).toMatchObject({ endReason: 'COMPLETED', localTracks: 0 });
  });
});

describe('a relay that dies in the middle of a call', () => {
  it('is found again by both sides, with new credentials, by the same peer connections', async () => {
    const [caller, callee] = await inCall();
    await world.stopRelay();
    await Promise.all([caller, callee].map((phone) => phone.reached('RECONNECTING', 60_000)));
    await world.startRelay();
    const usernames: number[] = [];
    for (const phone of [caller, callee]) {
      const look = await phone.until(isBack, 40_000);
      expect(look.states.slice(-3)).toEqual(['ACTIVE', 'RECONNECTING', 'ACTIVE']);
      expect(look).toMatchObject({ peers: 1 });
      expect(look.generations).toBeGreaterThan(1);
      usernames.push(look.usernames);
    }
    // Who restarts asks for them.
    expect(Math.max(...usernames)).toBeGreaterThan(1);
    await bothHear(caller, callee);
    await bothSee(caller, callee);
    await callee.hangUp();
    await caller.reached('ENDED');
  }, 120_000);
});

describe('a side without a network', () => {
  longIt(
    'misses nothing, and is back in the call as soon as it has one again',
    async () => {
      const proxy = await startCuttingProxy(world.server.origin);
      try {
        const [away, stayed] = await inCall(proxy.origin);
        await away.context.setOffline(true);
        await proxy.cut('up', 0, 0);
        world.suspendRelay();
        await away.until(({ client }) => client === 'connecting');
        await stayed.reached('RECONNECTING');

        world.resumeRelay();
        await away.context.setOffline(false);
        for (const phone of [away, stayed]) {
          expect(await phone.until(isBack)).toMatchObject({ peers: 1, error: null });
        }
        await bothHear(away, stayed);
        await bothSee(away, stayed);
        await stayed.hangUp();
        await away.reached('ENDED');
      } finally {
        world.resumeRelay();
        await proxy.close();
      }
    },
    60_000,
  );
});
