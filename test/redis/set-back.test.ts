/** The clock of Redis is what deadlines of calls go by; somebody sets it back. */
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { ANSWER, device, startInput } from '../call/world.js';
import { SetClock } from '../support/clock.js';
import { startRedis, type RedisServer } from '../support/redis.js';
import { PATIENT, startNode, type Node } from './setup.js';

const HOUR = 60 * 60 * 1000;
const [ALICE, BOB] = [device('alice', 'phone'), device('bob', 'phone')];

let server: RedisServer;
let clock: SetClock;
let node: Node;
beforeAll(async () => {
  server = await startRedis();
});
beforeEach(async () => {
  await node?.close();
  await server.command('FLUSHALL');
  clock = new SetClock();
  node = startNode(server.url, { ...PATIENT, clock });
});
afterAll(async () => {
  await node.close();
  await server.stop();
});

/** What the server has written down, whoever looks: what a sweep found and ended. */
async function sweptState(callId: string): Promise<unknown> {
  await node.calls.sweep();
  return (await node.callStore.read(callId)).stored?.call.state;
}

it('a call that rings ends at once, without anybody looking at it, when that was by more than it may ring', async () => {
  const { call } = await node.calls.startCall(ALICE, startInput('bob'));
  clock.setWall(-HOUR);
  expect(await sweptState(call.id)).toBe('ENDED');
  expect(await node.calls.call(ALICE, call.id)).toMatchObject({ endReason: 'NO_ANSWER', endedAt: clock.now() });
  // The pair is free again.
  expect(await node.calls.startCall(ALICE, startInput('bob'))).toMatchObject({ outcome: 'CREATED' });
});

it('a call that rings has its time, and at most as much again, when that was by less', async () => {
  const { call } = await node.calls.startCall(ALICE, startInput('bob'));
  clock.setWall(-60_000);
  expect(await sweptState(call.id)).toBe('INITIATED');
  await clock.advance(62_000 + 60_000);
  expect(await sweptState(call.id)).toBe('ENDED');
});

it('a call that goes on goes on, is looked at once a minute, and ends when its parties are silent', async () => {
  const { call, offerId } = await node.calls.startCall(ALICE, startInput('bob'));
  await node.calls.answerCall(BOB, { callId: call.id, offerId, answerSdp: ANSWER });
  await node.calls.reportConnection(ALICE, call.id, 'CONNECTED');
  clock.setWall(-HOUR);
  expect(await node.callStore.due(10)).toEqual([call.id]);
  expect(await sweptState(call.id)).toBe('ACTIVE');
  expect(await node.callStore.due(10)).toEqual([]);
  expect(await node.calls.hangUpCall(ALICE, call.id, 'HUNG_UP')).toMatchObject({ state: 'ENDED' });
});
