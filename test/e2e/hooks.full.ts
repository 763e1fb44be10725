/** What a caller learns of a callee that cannot be reached, over the whole time that it takes. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startHooksWorld, type HooksWorld } from './hooks-world.js';

let world: HooksWorld;
beforeAll(async () => {
  world = await startHooksWorld();
});
afterAll(() => world.close());

describe('a callee that refuses, one without devices, one that does not exist and one that is offline', () => {
  it('all become UNREACHABLE 20 s after the start, and nothing tells them apart', async () => {
    const callees = ['refusing', 'without-devices', 'unknown', 'offline'];
    for (const callee of ['refusing', 'offline']) world.setDevices(callee, { phone: 'a phone' });
    world.setDevices('without-devices', {});
    world.policy.refusing.add('refusing');
    const listening = world.device('refusing/phone');
    await listening.listen();

    const seen = await Promise.all(
      callees.map(async (callee) => {
        const caller = `caller-of-${callee}`;
        world.setDevices(caller, { phone: 'a phone' });
        const device = world.device(`${caller}/phone`);
        await device.listen();
        const { call } = await device.start(callee);
        const ended = await device.next('CallStateChanged', () => true, 30_000);
        const { endedAt, createdAt, state, endReason, endedBy } = ended.call;
        const lastedMs = Date.parse(String(endedAt)) - Date.parse(String(createdAt));
        return { first: call.state, state, endReason, endedBy, lastedMs, told: device.events.length };
      }),
    );
    const unreachable = { first: 'INITIATED', state: 'ENDED', endReason: 'UNREACHABLE', endedBy: null };
    expect(seen).toEqual(callees.map(() => ({ ...unreachable, lastedMs: 20_000, told: 2 })));
    expect(listening.events).toHaveLength(1);
    const woken = world.webhook.accepted.filter(({ body }) => body.type === 'call.wake');
    expect(new Set(woken.map(({ body }) => body.data['accountId']))).toEqual(new Set(['offline']));
  }, 60_000);
});
