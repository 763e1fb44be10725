import { expect } from '@jest/globals';
import type { CallWorld } from '../support/call-world.js';
import { candidateLine, type TestDevice } from '../support/device.js';
import { eventually } from '../support/process.js';
import { startCuttingProxy, type CuttingProxy } from './cutting-proxy.js';

const CUTS_PER_DEVICE = 50;
const BATCHES = 40;
const CANDIDATES_PER_BATCH = 5;
/** One side offers anew each time so many batches have been sent, in turns. */
const BATCHES_PER_OFFER = 8;

/** Candidate lines, and types of descriptions, in the order in which they were given to be sent. */
type Signals = string[];

interface Side {
  readonly device: TestDevice;
  readonly sent: Signals;
  readonly proxy: CuttingProxy;
}

/**
 * Two devices call each other while their connections are cut, 100 times in all: nothing may be lost, doubled or out of order.
 *
 * @param seed what the moments of the cuts come from
 */
export async function callUnderCuts(world: CallWorld, seed: number): Promise<void> {
  const proxies = await Promise.all([startCuttingProxy(world.origin), startCuttingProxy(world.origin)]);
  const [caller, callee] = (['caller', 'callee'] as const).map((name, index): Side => {
    const proxy = proxies[index]!;
    const device = world.device(`${name}-${seed}/phone`, { origin: proxy.origin, retrying: true });
    return { device, proxy, sent: [] };
  }) as [Side, Side];

  const progress = { cuts: 0 };
  const cutting = [caller, callee].map((side, index) => cutAgainAndAgain(side, seed + index, progress));
  try {
    const callId = await wholeCall(caller, callee, `callee-${seed}`, progress);
    await Promise.all(cutting);
    expect(progress.cuts).toBe(2 * CUTS_PER_DEVICE);
    expectTold(caller, ['ANSWER', ...callee.sent], callId);
    expectTold(callee, caller.sent, callId);
    expect(callee.device.events.filter(({ __typename }) => __typename === 'CallInvited')).toHaveLength(1);
  } finally {
    await Promise.allSettled(cutting);
    await Promise.all([caller, callee].map(({ device }) => device.close()));
    await Promise.all(proxies.map((proxy) => proxy.close()));
  }
}

/** Every second cut waits until the device is back on its stream; the others may come while it is on its way. */
async function cutAgainAndAgain({ device, proxy }: Side, seed: number, progress: { cuts: number }): Promise<void> {
  const below = randomNumbers(seed);
  for (let cut = 0; cut < CUTS_PER_DEVICE; cut += 1) {
    const before = readies(device).length;
    if (cut % 2 === 1) await eventually(() => readies(device).length > before, 30_000);
    await proxy.cut(below(2) === 0 ? 'up' : 'down', below(8_000), below(150));
    progress.cuts += 1;
  }
}

/** @returns the call's id, when both sides know that it has ended */
async function wholeCall(caller: Side, callee: Side, account: string, progress: { cuts: number }): Promise<string> {
  const step = (2 * CUTS_PER_DEVICE) / (BATCHES + 2);
  const reached = (count: number): Promise<void> => eventually(() => progress.cuts >= count * step, 60_000);

  await Promise.all([caller.device.listen(), callee.device.listen()]);
  const { call, offerId } = await caller.device.start(account);
  const sending = [sendBatch(caller, call.id, 0)];
  await callee.device.next('CallInvited');
  await callee.device.ring(call.id);
  await caller.device.state('RINGING');
  sending.push(sendBatch(callee, call.id, 0));
  await callee.device.answer(call.id, offerId);
  await caller.device.next('DescriptionReceived');
  await Promise.all([caller.device.report(call.id), callee.device.report(call.id)]);

  for (let batch = 1; batch < BATCHES; batch += 1) {
    await reached(batch);
    sending.push(sendBatch(caller, call.id, batch), sendBatch(callee, call.id, batch));
    if (batch % BATCHES_PER_OFFER !== 0) continue;
    const sides = [caller, callee] as const;
    const [offering, answering] = (batch / BATCHES_PER_OFFER) % 2 ? sides : ([callee, caller] as const);
    await negotiate(offering, answering, call.id);
  }
  await Promise.all(sending);
  await reached(BATCHES + 1);
  await callee.device.hangUp(call.id);
  await Promise.all([caller.device.state('ENDED'), callee.device.state('ENDED')]);
  return call.id;
}

/** Several are under way at the same time, as they are when a browser finds its candidates. */
function sendBatch({ device, sent }: Side, callId: string, batch: number): Promise<unknown> {
  const lines = Array.from({ length: CANDIDATES_PER_BATCH }, (_, n) => candidateLine(batch * CANDIDATES_PER_BATCH + n));
  sent.push(...lines);
  const sending = device.candidates(callId, lines);
  // Whoever awaits it hears of its failure; until then something else may have failed that tells more.
  sending.catch(() => {});
  return sending;
}

async function negotiate(offering: Side, answering: Side, callId: string): Promise<void> {
  offering.sent.push('OFFER');
  const offered = offering.device.describe(callId, 'OFFER');
  const { description } = await answering.device.next(
    'DescriptionReceived',
    (event) => event.description.type === 'OFFER',
  );
  expect((await offered).descriptionId).toBe(description.id);
  answering.sent.push('ANSWER');
  await answering.device.describe(callId, 'ANSWER', description.id);
  await offering.device.next('DescriptionReceived', (event) => event.description.inReplyTo === description.id);
}

/** Of each subscription, whether it took up where the one before had ended. */
function readies({ events }: TestDevice): readonly boolean[] {
  return events.flatMap((event) => (event.__typename === 'StreamReady' ? [event.resumed] : []));
}

function expectTold({ device }: Side, signals: Signals, callId: string): void {
  const { events, completed } = device;
  const told = events.flatMap((event) => {
    if (event.__typename === 'DescriptionReceived') return [event.description.type];
    return event.__typename === 'IceCandidatesReceived' ? event.candidates.map(({ candidate }) => candidate) : [];
  });
  expect(told).toEqual(signals);
  const states = events.flatMap((event) =>
    event.__typename === 'CallStateChanged' && event.call.id === callId ? [event.state] : [],
  );
  expect(states).toEqual(['RINGING', 'CONNECTING', 'ACTIVE', 'ENDED']);
  const [first, ...returns] = readies(device);
  expect(first).toBe(false);
  // Every second cut waits for a stream; the first of them may be the device's first one, when the cut before it came sooner.
  expect(returns.length).toBeGreaterThanOrEqual(CUTS_PER_DEVICE / 2 - 1);
  expect(returns).not.toContain(false);
  expect(completed).toBe(false);
}

/** Mulberry32: small, and the same everywhere for the same seed. */
export function randomNumbers(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  };
}
