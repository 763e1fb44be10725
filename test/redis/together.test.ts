/** Signals of one call that wait for the same turn are committed in one step: each is answered as if it had been alone. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Turns } from '../../src/call/turns.js';
import { systemTimers } from '../../src/ports.js';
import { ANSWER, candidate, device, startInput } from '../call/world.js';
import { startRedis, type RedisServer } from '../support/redis.js';
import { PATIENT, startReadyNode, type Node } from './setup.js';

const [ALICE, BOB] = [device('alice', 'phone'), device('bob', 'phone')];
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

let server: RedisServer;
let nodes: readonly [Node, Node];
let callId: string;
beforeAll(async () => {
  server = await startRedis();
  const start = (): Promise<Node> => startReadyNode(server.url, PATIENT, { turns: new Turns(systemTimers) });
  nodes = [await start(), await start()];
});
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.close()));
  await server.stop();
});
beforeEach(async () => {
  const { call, offerId } = await nodes[0].calls.startCall(ALICE, startInput('bob'));
  callId = call.id;
  await nodes[0].calls.answerCall(BOB, { callId, offerId, answerSdp: ANSWER });
});
afterEach(async () => {
  await nodes[0].calls.hangUpCall(ALICE, callId, 'HUNG_UP');
});

const send = (node: Node, from: typeof ALICE, clientSeq: number, name = clientSeq) =>
  node.calls.sendIceCandidates(from, { callId, clientSeq, candidates: [candidate(name)], endOfCandidates: false });

async function logged(): Promise<readonly (readonly [from: string, candidate: string])[]> {
  const entries = await nodes[1].callStore.log(callId, 0, 1_000);
  return entries.flatMap(({ told }) =>
    told.kind === 'CANDIDATES' ? told.candidates.map((each) => [told.from, each.candidate] as const) : [],
  );
}

async function commits(): Promise<number> {
  const stats = String(await server.command('INFO', 'commandstats'));
  // One HSET of the call is in each.
  return Number(/cmdstat_hset:calls=(\d+)/.exec(stats)?.[1] ?? 0);
}

describe('signals of one device', () => {
  it('take a commit for the first, and one for each eight after it', async () => {
    await send(nodes[0], ALICE, 1);
    const before = await commits();
    const receipts = await Promise.all(upTo(17).map((n) => send(nodes[0], ALICE, n + 1)));
    // Eight of a device are at work at a time.
    expect((await commits()) - before).toBeLessThanOrEqual(5);
    expect(receipts).toEqual(upTo(17).map((n) => ({ clientSeq: n + 1, duplicate: false, descriptionId: null })));
    expect((await logged()).map(([, text]) => text)).toEqual(upTo(18).map((n) => candidate(n).candidate));
  });

  it('that are refused leave the others as they are', async () => {
    const sent = [send(nodes[0], ALICE, 1), send(nodes[0], ALICE, 2), send(nodes[0], ALICE, 2)];
    // The second one with other words, one that is no candidate of this device's, and the rest.
    sent.push(send(nodes[0], ALICE, 2, 99), send(nodes[0], ALICE, 3));
    const other = nodes[0].calls.sendIceCandidates(device('mallory', 'phone'), {
      callId,
      clientSeq: 1,
      candidates: [candidate(66)],
      endOfCandidates: false,
    });
    const [outcomes, refused] = [await Promise.allSettled(sent), await Promise.allSettled([other])];
    expect(outcomes.map((each) => (each.status === 'fulfilled' ? each.value.duplicate : each.reason.code))).toEqual([
      ...[false, false, true, 'CALL_SIGNAL_CONFLICT', false],
    ]);
    expect(refused[0]).toMatchObject({ status: 'rejected', reason: { code: 'CALL_NOT_FOUND' } });
    expect((await logged()).map(([, text]) => text)).toEqual(upTo(3).map((n) => candidate(n).candidate));
  });
});

it('signals of both sides by two nodes at once are all there, each side in order', async () => {
  await Promise.all(upTo(40).flatMap((n) => [send(nodes[0], ALICE, n), send(nodes[1], BOB, n)]));
  const all = await logged();
  for (const side of ['CALLER', 'CALLEE'])
    expect(all.filter(([from]) => from === side).map(([, text]) => text)).toEqual(
      upTo(40).map((n) => candidate(n).candidate),
    );
});

it('a hang-up among them ends the call: what came after it is discarded or refused, as for one alone', async () => {
  const sent = upTo(6).map((n) => send(nodes[0], ALICE, n));
  const ended = nodes[0].calls.hangUpCall(BOB, callId, 'HUNG_UP');
  const late = upTo(3).map((n) => send(nodes[0], ALICE, 6 + n));
  await Promise.all([...sent, ended]);
  const outcomes = await Promise.allSettled(late);
  // A party's own signals are taken and go nowhere once the call is over.
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled']);
  const { stored } = await nodes[1].callStore.read(callId);
  expect(stored?.call).toMatchObject({ state: 'ENDED', endReason: 'COMPLETED' });
});
