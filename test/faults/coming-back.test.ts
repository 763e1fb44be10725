/** The reference client comes back by itself, and its call with it. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { LIMITS } from '../../src/limits.js';
import { startCallWorld, type CallWorld } from '../support/call-world.js';
import type { Refused } from '../support/device.js';
import { candidateLine, type TestDevice } from '../support/device.js';
import { eventually } from '../support/process.js';
import { openWire } from '../support/ws-client.js';

let world: CallWorld;
beforeAll(async () => {
  world = await startCallWorld();
});
afterAll(() => world.close());

/** A call between two devices, answered and connected. */
async function connected(caller: TestDevice, callee: TestDevice, account: string): Promise<string> {
  await Promise.all([caller.listen(), callee.listen()]);
  const { call, offerId } = await caller.start(account);
  await callee.next('CallInvited');
  await callee.answer(call.id, offerId);
  await caller.next('DescriptionReceived');
  await caller.report(call.id);
  await callee.state('ACTIVE');
  return call.id;
}

describe('after its token has expired', () => {
  it('it is there again with a new one, as often as it takes, and the call has not noticed', async () => {
    let tokens = 0;
    const token = (): Promise<string> => {
      tokens += 1;
      return world.token('short/phone', { exp: Math.floor(Date.now() / 1_000) + 2 });
    };
    const [caller, callee] = [world.device('long/phone'), world.device('short/phone', { token })];
    const callId = await connected(caller, callee, 'short');

    const lines: string[] = [];
    while (tokens < 4) {
      lines.push(candidateLine(lines.length));
      await caller.candidates(callId, lines.slice(-1));
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(await callee.hangUp(callId)).toMatchObject({ endReason: 'COMPLETED' });
    await callee.state('ENDED');

    expect(callee.received(callId)).toEqual(lines);
    const reasons = callee.events.flatMap((event) => (event.__typename === 'StreamClosed' ? [event.reason] : []));
    expect([reasons.length >= 3, new Set(reasons)]).toEqual([true, new Set(['SESSION_EXPIRED'])]);
    expect(new Set(callee.closes)).toEqual(new Set([4403]));
    const [first, ...returns] = callee.events.flatMap((event) =>
      event.__typename === 'StreamReady' ? [event.resumed] : [],
    );
    expect([first, new Set(returns)]).toEqual([false, new Set([true])]);
    expect(caller.closes).toEqual([]);
  });
});

describe('a device that has all the sockets it may have', () => {
  it('is turned away with 1013 until one of them is gone, and then is there', async () => {
    const bearer = `Bearer ${await world.token('many/phone')}`;
    const open = async () => {
      const wire = await openWire(`${world.origin.replace('http', 'ws')}/graphql`);
      await wire.init(bearer);
      return wire;
    };
    const wires = await Promise.all(Array.from({ length: LIMITS.socketsPerDevice }, open));
    const device = world.device('many/phone');
    const ready = device.listen();
    await eventually(() => device.closes.length >= 3);
    // Another device of the account is let in meanwhile.
    expect(await world.device('many/laptop').listen()).toMatchObject({ openCalls: [] });

    wires[0]?.socket.close();
    expect(await ready).toMatchObject({ resumed: false, openCalls: [] });
    expect(new Set(device.closes)).toEqual(new Set([1013]));
    const { call } = await world.device('caller-of-many/phone').start('many');
    expect((await device.next('CallInvited')).call.id).toBe(call.id);
    for (const wire of wires) {
      expect(wire.socket.readyState === wire.socket.OPEN).toBe(wire !== wires[0]);
      wire.socket.terminate();
    }
  });
});

describe('after a restart of a server that keeps calls in its own memory', () => {
  it('it is told that its calls are gone, and can call again', async () => {
    const [caller, callee] = [world.device('x/phone'), world.device('y/phone')];
    const callId = await connected(caller, callee, 'y');
    await world.startAgain();

    for (const device of [caller, callee]) {
      expect(await device.next('StreamClosed')).toMatchObject({ reason: 'SHUTDOWN' });
      expect(await device.next('StreamReady')).toMatchObject({ resumed: false, openCalls: [] });
      expect(device.closes[0]).toBe(1012);
    }
    expect(await caller.call(callId)).toBeNull();
    const hangUp = await caller.hangUp(callId).catch((error: unknown) => error as Refused);
    expect(hangUp).toMatchObject({ code: 'CALL_NOT_FOUND' });
    const again = await caller.start('y');
    expect((await callee.next('CallInvited')).call.id).toBe(again.call.id);
    expect(await callee.answer(again.call.id, again.offerId)).toMatchObject({ state: 'CONNECTING' });
  });
});
