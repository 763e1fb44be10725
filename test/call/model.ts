import { it, expect } from '@jest/globals';
import fc from 'fast-check';
import { setImmediate } from 'node:timers/promises';
import type { Call } from '../../src/call/call.js';
import type { CallEvent } from '../../src/call/event.js';
import { inboxOf, isFor } from '../../src/call/log.js';
import type { LogEntry } from '../../src/call/log.js';
import { isAnswered } from '../../src/call/state.js';
import { DEVICES, Model } from './model-phones.js';
import type { LostWakes, Step } from './model-phones.js';

/** No run takes as long as a log is kept after the end of its call: whatever was said is there to compare with. */
const LONGEST_MS = 55_000;

const what = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      what: fc.constantFrom(
        ...(['start', 'start', 'ring', 'answer', 'answer', 'hangUp', 'trickle', 'trickle'] as const),
        ...(['offer', 'replace', 'leave', 'return', 'return', 'pong'] as const),
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      what: fc.constant('decline' as const),
      reason: fc.constantFrom('DECLINED' as const, 'BUSY', 'IGNORED'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      what: fc.constant('report' as const),
      connection: fc.constantFrom('CONNECTED' as const, 'DISCONNECTED'),
    }),
  },
);
const step: fc.Arbitrary<Step> = fc
  .tuple(fc.nat(DEVICES.length - 1), what)
  .map(([who, doing]) => ({ who, ...doing }) as Step);
/** Steps of one group happen at the same time; then time passes. */
const script = fc.array(
  fc.record({
    together: fc.array(step, { minLength: 1, maxLength: 5 }),
    thenMs: fc.constantFrom(0, 0, 0, 1_000, 10_000),
  }),
  { minLength: 1, maxLength: 12 },
);

/** An entry and an event, in words that are the same exactly if the event is of that entry. */
const wordsOf = ({ told }: LogEntry): unknown =>
  told.kind === 'INVITED'
    ? ['CallInvited', told.offer.id]
    : told.kind === 'STATE'
      ? ['CallStateChanged', told.state, told.endReason]
      : told.kind === 'DESCRIPTION'
        ? ['DescriptionReceived', told.from, told.description.id, told.collision]
        : ['IceCandidatesReceived', told.from, told.candidates];
const heardAs = (event: CallEvent): readonly [callId: string, words: unknown] => {
  switch (event.type) {
    case 'CallInvited':
      return [event.call.id, [event.type, event.offer.id]];
    case 'CallStateChanged':
      return [event.call.id, [event.type, event.state, event.endReason]];
    case 'DescriptionReceived':
      return [event.callId, [event.type, event.from, event.description.id, event.collision]];
    case 'IceCandidatesReceived':
      return [event.callId, [event.type, event.from, event.candidates]];
    case 'StreamReady':
    case 'StreamClosed':
      throw new TypeError(`not of a call: ${event.type}`);
  }
};

async function check(model: Model): Promise<void> {
  const { world, phones, winners, callIds } = model;
  const calls: Call[] = [];
  for (const callId of callIds) {
    const call = (await world.store.read(callId)).stored?.call;
    if (!call) throw new TypeError('a call was lost');
    calls.push(call);
    const log = await world.store.log(callId, 0, 100_000);
    // What was kept back goes with the answer; nothing else of so short a call is ever let go.
    const positions = new Set(log.map(({ position }) => position));
    expect([...positions]).toEqual([...positions].sort((a, b) => a - b));
    expect(call.dropped).toEqual({ CALLER: 0, CALLEE: 0 });
    if (call.winner === null) expect(positions.size).toBe(call.lastPosition);
    expect(winners.get(callId)?.size ?? 0).toBeLessThanOrEqual(1);
    if (call.winner !== null)
      expect([...(winners.get(callId) ?? [])]).toEqual([`${call.calleeAccountId} ${call.winner}`]);
    for (const { viewer, heard } of phones) {
      const expected = inboxOf(call, viewer) ? log.filter((entry) => isFor(entry, call, viewer)) : [];
      const words = heard.map(heardAs).filter(([id]) => id === callId);
      expect(words.map(([, said]) => said)).toEqual(expected.map(wordsOf));
      // A busy device has ended for itself; it may answer or decline all the same, and then it ends for good.
      const ends = expected.flatMap(({ told }) => (told.kind === 'STATE' && told.state === 'ENDED' ? [told] : []));
      expect(ends.filter(({ endReason }) => endReason !== 'BUSY').length).toBeLessThanOrEqual(1);
      const view = await world.calls.call(viewer, callId);
      if (view && view.state !== 'ENDED') expect(ends.filter(({ endReason }) => endReason !== 'BUSY')).toEqual([]);
      if (view?.state === 'ENDED' && expected.length > 0)
        expect(ends.at(-1)).toMatchObject({ endReason: view.endReason });
    }
    const leaked = log.filter(
      ({ told, audience }) =>
        told.kind === 'CANDIDATES' && told.from === 'CALLEE' && audience.caller && told.deviceId !== call.winner,
    );
    expect(leaked).toEqual([]);
  }
  expect(calls.filter(({ state }) => state !== 'ENDED').length).toBeLessThanOrEqual(1);
  for (const call of calls)
    if (call.winner !== null && (call.state === 'ENDED' || isAnswered(call.state))) {
      const parties = [call.caller, { accountId: call.calleeAccountId, deviceId: call.winner }];
      const seen = await Promise.all(parties.map((party) => world.calls.call(party, call.id)));
      expect(new Set(seen.map((view) => `${view?.state} ${view?.endReason}`)).size).toBe(1);
    }
}

async function run(
  schedule: fc.Scheduler,
  lostWakes: LostWakes,
  groups: readonly { together: readonly Step[]; thenMs: number }[],
): Promise<void> {
  const model = new Model(schedule, lostWakes);
  const { world, phones } = model;
  const settle = async (work: readonly Promise<unknown>[]): Promise<void> => {
    const done = Promise.all(work);
    await schedule.waitFor(done);
    await schedule.waitIdle();
  };
  try {
    for (const phone of phones) await settle([phone.return()]);
    let passed = 0;
    for (const { together, thenMs } of groups) {
      await settle(together.map((step) => model.do(step)));
      if (passed + thenMs > LONGEST_MS) continue;
      passed += thenMs;
      world.clock.jump(thenMs);
      await settle([world.calls.sweep()]);
    }
    // Everybody is back, and what no wake-up told is found by looking.
    await settle(phones.map((phone) => phone.return()));
    model.admitLosses();
    // Wake-ups are told in a later turn of the event loop.
    await setImmediate();
    await settle([]);
    await settle([check(model)]);
  } finally {
    await settle([world.stop()]);
  }
}

/**
 * Two accounts, five devices, anything they do in any order and at once, streams that come and go, wake-ups that get lost, and
 * every access to the store a point where another may come in between.
 */
export function callModel(runs: number, timeoutMs: number): void {
  it(
    `has one winner, one end for both and every event once and in order, in ${runs} runs`,
    async () => {
      const lostWakes = fc.constantFrom<LostWakes[]>('none', 'all', 'every other', 'doubled');
      await fc.assert(fc.asyncProperty(fc.scheduler(), lostWakes, script, run), { numRuns: runs });
    },
    timeoutMs,
  );
}
