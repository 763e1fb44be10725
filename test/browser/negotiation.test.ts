/** What is negotiated in a call that goes on: a picture, another path; and silence, which needs no negotiation. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { CallMedia } from '../../src/client/index.js';
import { longIt } from '../support/full.js';
import { bothHear, bothSee, talking, type BrowserPhone } from './phone.js';
import { startBrowserWorld, type BrowserWorld } from './world.js';

let world: BrowserWorld;
beforeAll(async () => {
  world = await startBrowserWorld();
}, 240_000);
afterEach(() => world?.closePhones());
afterAll(() => world?.close());

async function inCall(media: CallMedia): Promise<readonly [BrowserPhone, BrowserPhone]> {
  const [a, b] = world.accounts();
  const [caller, callee] = await Promise.all([world.phone(`${a}/phone`), world.phone(`${b}/phone`)]);
  await talking(caller, callee, b, media);
  return [caller, callee];
}

/** The exchange is over, nothing went wrong, and it is the peer connection that the call began with. */
async function settled(...phones: readonly BrowserPhone[]): Promise<void> {
  for (const phone of phones) {
    const look = await phone.until(({ signaling, connection }) => signaling === 'stable' && connection === 'connected');
    expect(look).toMatchObject({ state: 'ACTIVE', error: null, peers: 1 });
  }
}

describe('a voice call', () => {
  longIt('becomes one with pictures of one side, then of both', async () => {
    const [caller, callee] = await inCall('AUDIO');
    expect(await callee.look()).toMatchObject({ remoteVideo: false, camera: false, localTracks: 1 });
    expect(await caller.setCamera(true)).toMatchObject({ ok: true });
    await callee.until(({ remoteVideo }) => remoteVideo);
    await callee.sees();
    expect(await caller.look()).toMatchObject({ remoteVideo: false, camera: true });

    expect(await callee.setCamera(true)).toMatchObject({ ok: true });
    await caller.until(({ remoteVideo }) => remoteVideo);
    await bothSee(caller, callee);
    await bothHear(caller, callee);
    await settled(caller, callee);
  });

  longIt.each([1, 2, 3])('becomes one with pictures of both at the same moment (round %i)', async () => {
    const phones = await inCall('AUDIO');
    const switched = await Promise.all(phones.map((phone) => phone.setCamera(true)));
    expect(switched).toMatchObject([{ ok: true }, { ok: true }]);
    await Promise.all(phones.map((phone) => phone.until(({ remoteVideo }) => remoteVideo)));
    await bothSee(...phones);
    await bothHear(...phones);
    await settled(...phones);
  });
});

describe('a user', () => {
  longIt('who mutes the microphone is not heard, and is again', async () => {
    const [caller, callee] = await inCall('AUDIO');
    await caller.mute(true);
    await callee.hearsSilence();
    await caller.hears();
    await caller.mute(false);
    await bothHear(caller, callee);
  });

  it('who switches the camera off is not seen, the camera is released, and on again it is seen', async () => {
    const [caller, callee] = await inCall('VIDEO');
    expect(await caller.setCamera(false)).toMatchObject({ ok: true });
    expect(await caller.look()).toMatchObject({ camera: false, localTracks: 1 });
    await callee.until(({ remoteVideo }) => !remoteVideo);
    await callee.seesNothing();
    await caller.sees();

    expect(await caller.setCamera(true)).toMatchObject({ ok: true });
    await callee.until(({ remoteVideo }) => remoteVideo);
    await bothSee(caller, callee);
    await settled(caller, callee);
  });

  longIt.each(['one side', 'both sides'] as const)(
    'can look for another path from %s, and the call goes on',
    async (side) => {
      const phones = await inCall('VIDEO');
      await Promise.all((side === 'one side' ? phones.slice(0, 1) : phones).map((phone) => phone.restartIce()));
      for (const phone of phones) await phone.until(({ generations }) => generations > 1);
      await settled(...phones);
      await bothHear(...phones);
      await bothSee(...phones);
    },
  );
});
