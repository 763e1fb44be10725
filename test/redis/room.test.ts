import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import type { CallEvent } from '../../src/call/event.js';
import { cursorSeal } from '../../src/call/cursor.js';
import { randomId } from '../../src/call/ids.js';
import { EventStreams } from '../../src/call/streams.js';
import { LIMITS } from '../../src/limits.js';
import { systemClock, systemTimers } from '../../src/ports.js';
import { flood } from '../call/flood.js';
import { ALICE, ANSWER, BOB, Listener, startInput } from '../call/world.js';
import { eventually } from '../support/process.js';
import { startRedis } from '../support/redis.js';
import type { RedisServer } from '../support/redis.js';
import { PATIENT, startNode } from './setup.js';
import type { Node } from './setup.js';

const ROUNDS = 40;
const MIB = 1024 * 1024;

describe('a call that is flooded within all limits, in Redis', () => {
  let redis: RedisServer;
  let node: Node;
  let streams: EventStreams;
  beforeAll(async () => {
    redis = await startRedis();
    node = startNode(redis.url, PATIENT);
    streams = new EventStreams({
      ledger: node.calls.ledger,
      store: node.callStore,
      index: node.accountIndex,
      cursors: cursorSeal([randomBytes(32)]),
      clock: systemClock,
      presence: node.presence,
      bus: node.wakeBus,
      openCalls: (viewer, over) => node.calls.openCalls(viewer, over),
      timers: systemTimers,
      newId: randomId,
    });
  });
  afterAll(async () => {
    await streams.stop();
    await node.close();
    await redis.stop();
  });

  const used = async (): Promise<number> =>
    Number(/used_memory:(\d+)/.exec(String(await redis.command('INFO', 'memory')))?.[1]);

  it('takes no more than its sides may have, and a device that reads along gets all of it', async () => {
    const { call, offerId } = await node.calls.startCall(ALICE, startInput('bob'));
    const callId = call.id;
    await node.calls.answerCall(BOB, { callId, offerId, answerSdp: ANSWER });
    const bob = new Listener(await streams.subscribe(BOB, await node.presence.nextEpoch(), null));
    const heard = (): number => bob.said.filter((said) => said.startsWith('candidates')).length;
    const before = await used();
    let [most, rounds] = [0, 0];
    const sent = await flood(node.calls, callId, ROUNDS, async () => {
      rounds++;
      await eventually(() => heard() === 4 * rounds);
      most = Math.max(most, (await used()) - before);
    });
    expect(sent.bytes).toBeGreaterThan(8 * (2 * LIMITS.logBytesPerSide));
    // The keeper of memory rounds sizes up; what one command carries is on top of it.
    expect(most).toBeLessThan(2 * LIMITS.logBytesPerSide * 1.5 + 2 * MIB);
    expect([bob.done, bob.error, node.failures]).toEqual([false, null, []]);
    const cursor = bob.cursor;
    await bob.leave();
    await flood(node.calls, callId, 8);
    const back = new Listener(await streams.subscribe(BOB, await node.presence.nextEpoch(), cursor));
    const pending = (await node.calls.call(BOB, callId))?.pendingOffer?.id;
    const isPending = (event: CallEvent): boolean =>
      event.type === 'DescriptionReceived' && event.description.id === pending;
    await eventually(() => back.events.some(isPending));
    expect(back.said[0]).toBe('ready resumed=false open=1');
    await back.leave();
  });
});
