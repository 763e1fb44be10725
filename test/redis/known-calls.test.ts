import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ANSWER, candidate, device, startInput } from '../call/world.js';
import { SetClock } from '../support/clock.js';
import { startRedis, type RedisServer } from '../support/redis.js';
import { messageIn, textOf } from '../../src/redis/wake-message.js';
import { PATIENT, startReadyNode, type Node } from './setup.js';

const [ALICE, BOB] = [device('alice', 'phone'), device('bob', 'phone')];

let server: RedisServer;
let nodes: readonly [Node, Node];
let callId: string;
let sent = 0;
beforeAll(async () => {
  server = await startRedis();
  nodes = [await startReadyNode(server.url, PATIENT), await startReadyNode(server.url, PATIENT)];
});
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.close()));
  await server.stop();
});

const trickle = async (node: Node): Promise<unknown> => {
  sent += 1;
  const batch = { callId, clientSeq: sent, candidates: [candidate(sent)], endOfCandidates: false };
  return node.calls.sendIceCandidates(ALICE, batch);
};
const end = async (): Promise<unknown> => nodes[0].calls.hangUpCall(ALICE, callId, 'HUNG_UP');

/** How often a command was run since the server started. */
async function runs(command: string): Promise<number> {
  const stats = String(await server.command('INFO', 'commandstats'));
  return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
}

describe('a call that a node has read or written', () => {
  beforeEach(async () => {
    sent = 0;
    const { call, offerId } = await nodes[0].calls.startCall(ALICE, startInput('bob'));
    callId = call.id;
    await nodes[0].calls.answerCall(BOB, { callId, offerId, answerSdp: ANSWER });
  });

  it('is changed in one step, without being read again', async () => {
    await trickle(nodes[0]);
    const before = await runs('evalsha');
    for (let n = 0; n < 10; n += 1) await trickle(nodes[0]);
    // The commit of each; permits are taken by the schema.
    expect((await runs('evalsha')) - before).toBe(10);
    await end();
  });

  it('is read again when another node has changed it, and nothing of that is lost', async () => {
    for (let n = 0; n < 6; n += 1) await trickle(nodes[n % 2]!);
    const entries = await nodes[1].callStore.log(callId, 0, 100);
    expect(entries.filter(({ told }) => told.kind === 'CANDIDATES')).toHaveLength(6);
    await nodes[1].calls.hangUpCall(BOB, callId, 'HUNG_UP');
    await expect(nodes[0].calls.reportConnection(ALICE, callId, 'CONNECTED')).rejects.toMatchObject({
      code: 'CALL_ENDED',
    });
  });

  it('is told by the commit that came too late, and not read again', async () => {
    for (let n = 0; n < 2; n += 1) await trickle(nodes[n]!);
    const before = await runs('evalsha');
    for (let n = 0; n < 10; n += 1) await trickle(nodes[n % 2]!);
    // Of each: a commit that hears of the one by the other node, and the one that is made from that.
    expect((await runs('evalsha')) - before).toBe(20);
    const entries = await nodes[1].callStore.log(callId, 0, 100);
    expect(entries.filter(({ told }) => told.kind === 'CANDIDATES')).toHaveLength(12);
    await end();
  });

  it('refuses nothing that was allowed meanwhile, and repeats no answer that is not so any more', async () => {
    await trickle(nodes[0]);
    // The other node takes the next; the first one would take the one after it for a gap.
    await trickle(nodes[1]);
    await expect(trickle(nodes[0])).resolves.toMatchObject({ duplicate: false });
    sent = 0;
    await expect(trickle(nodes[1])).resolves.toMatchObject({ duplicate: true });
    await end();
  });

  it('keeps its deadlines, though a signal that puts them off says nothing of them', async () => {
    await end();
    const clock = new SetClock();
    const node = await startReadyNode(server.url, { ...PATIENT, clock });
    const { call, offerId } = await node.calls.startCall(ALICE, startInput('bob'));
    callId = call.id;
    sent = 0;
    await node.calls.answerCall(BOB, { callId, offerId, answerSdp: ANSWER });
    const state = async (): Promise<unknown> => {
      await node.calls.sweep();
      const { stored } = await node.callStore.read(callId);
      return stored?.call.endReason ?? stored?.call.state;
    };
    for (let seconds = 0; seconds < 30; seconds += 10) {
      expect(await state()).toBe('CONNECTING');
      await trickle(node);
      clock.jump(10_000);
    }
    expect(await state()).toBe('CONNECT_FAILED');
    await node.close();
  });
});

describe('a wake-up in Redis', () => {
  const entry = (sdp: string) => ({
    position: 3,
    at: 1,
    audience: { caller: true, legs: [] },
    told: {
      kind: 'DESCRIPTION' as const,
      from: 'CALLEE' as const,
      description: { id: 'd', type: 'ANSWER' as const, sdp, inReplyTo: null },
      collision: false,
    },
  });
  const inbox = { head: 2, count: 2 };
  const before = {
    caller: { ...ALICE, inbox },
    calleeAccountId: 'bob',
    silent: false,
    everyLeg: inbox,
    legs: [{ deviceId: 'phone', inbox }],
  };

  it('says what was appended, and not all that is known of the call', () => {
    const appended = { entries: [entry('v=0')], before: { ...before, secret: 'no' }, after: null };
    const text = textOf({ callId: 'tag.call', appended });
    expect(text).not.toContain('secret');
    const { caller, ...rest } = before;
    const { accountId, deviceId } = caller;
    expect(messageIn(text)).toEqual({
      callId: 'tag.call',
      appended: { entries: [entry('v=0')], before: { caller: { accountId, deviceId, inbox }, ...rest }, after: null },
    });
  });

  it('says only of which call there is news where that is too much, and as earlier versions do', () => {
    const appended = { entries: [entry(`v=0${'x'.repeat(9_000)}`)], before, after: null };
    expect(textOf({ callId: 'tag.call', appended })).toBe('tag.call');
    expect(messageIn('tag.call')).toEqual({ callId: 'tag.call' });
    expect(messageIn(textOf({ callId: null }))).toEqual({ callId: null });
  });
});
