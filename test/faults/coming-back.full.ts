/** The reference client comes back by itself, however long it is kept out. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startCallWorld, type CallWorld } from '../support/call-world.js';

const REFUSED_MS = 20_000;

let world: CallWorld;
beforeAll(async () => {
  world = await startCallWorld();
});
afterAll(() => world.close());

describe('a server whose port refuses for 20 s', () => {
  it('finds its clients again, and a mutation that they sent meanwhile', async () => {
    const [caller, callee] = [world.device('a/phone'), world.device('b/phone')];
    await Promise.all([caller.listen(), callee.listen()]);
    await world.server.stop();
    const started = caller.start('b');
    await new Promise((resolve) => setTimeout(resolve, REFUSED_MS));
    await world.startAgain();

    for (const device of [caller, callee]) {
      expect(await device.next('StreamClosed')).toMatchObject({ reason: 'SHUTDOWN' });
      expect(await device.next('StreamReady')).toMatchObject({ resumed: false });
      expect(device.closes[0]).toBe(1012);
      expect(device.closes.length).toBeGreaterThan(100);
    }
    // It may have been executed before the callee was there again, which then is told all the same.
    const { outcome, call } = await started;
    expect(outcome).toBe('CREATED');
    expect((await callee.next('CallInvited')).call.id).toBe(call.id);
  }, 90_000);
});
