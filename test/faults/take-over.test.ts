/** A device has one stream: what becomes of the others. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CallEventsDocument, OpenCallsDocument } from '../../src/client/generated/documents.js';
import { startCallWorld, type CallWorld } from '../support/call-world.js';
import { candidateLine } from '../support/device.js';
import { openWire, type WireMessage } from '../support/ws-client.js';

let world: CallWorld;
beforeAll(async () => {
  world = await startCallWorld();
});
afterAll(() => world.close());

describe('a second stream of the same device', () => {
  it('on another socket takes the device over: the first is told and completed, and its socket goes on working', async () => {
    const [caller, first, second] = [world.device('a/phone'), world.device('b/phone'), world.device('b/phone')];
    await Promise.all([caller.listen(), first.listen()]);
    const { call, offerId } = await caller.start('b');
    await first.next('CallInvited');
    await first.answer(call.id, offerId);
    await first.state('CONNECTING');

    expect(await second.listen(first.cursor)).toMatchObject({ resumed: true, openCalls: [{ id: call.id }] });
    expect(await first.next('StreamClosed')).toMatchObject({ reason: 'TAKEN_OVER', cursor: first.cursor });
    const told = first.events.length;
    await caller.candidates(call.id, [candidateLine(1)]);
    await second.next('IceCandidatesReceived');

    expect(await first.openCalls()).toMatchObject([{ id: call.id, state: 'CONNECTING' }]);
    expect(await first.report(call.id)).toMatchObject({ state: 'ACTIVE' });
    expect((await first.candidates(call.id, [candidateLine(2)])).duplicate).toBe(false);
    expect((await caller.next('IceCandidatesReceived')).candidates).toMatchObject([{ candidate: candidateLine(2) }]);
    expect(await first.hangUp(call.id)).toMatchObject({ endReason: 'COMPLETED' });
    await second.state('ENDED');

    expect(first).toMatchObject({ completed: true, closes: [] });
    expect(first.events).toHaveLength(told);
    expect(second.received(call.id)).toEqual([candidateLine(1)]);
  });

  it('on the same socket does the same: the later one has the device', async () => {
    const wire = await openWire(`${world.origin.replace('http', 'ws')}/graphql`);
    await wire.init(`Bearer ${await world.token('c/phone')}`);
    const events = CallEventsDocument.text;
    wire.subscribe('first', events);
    expect(eventOf(await wire.next())).toMatchObject({ id: 'first', event: { __typename: 'StreamReady' } });
    wire.subscribe('second', events);
    const told = [await wire.next(), await wire.next(), await wire.next()];
    const [closed, completed] = told.filter(({ id }) => id === 'first');
    expect(eventOf(closed)).toMatchObject({ event: { __typename: 'StreamClosed', reason: 'TAKEN_OVER' } });
    expect(completed).toEqual({ id: 'first', type: 'complete' });
    expect(eventOf(told.find(({ id }) => id === 'second'))).toMatchObject({ event: { __typename: 'StreamReady' } });

    expect(await wire.run(OpenCallsDocument.text)).toEqual({ data: { openCalls: [] } });
    const { call } = await world.device('d/phone').start('c');
    expect(eventOf(await wire.next())).toMatchObject({ id: 'second', event: { call: { id: call.id } } });
    wire.socket.terminate();
  });
});

function eventOf(message: WireMessage | undefined): { readonly id?: string; readonly event?: unknown } {
  const { data } = message?.payload as { data?: { callEvents: unknown } };
  return { ...(message?.id !== undefined && { id: message.id }), event: data?.callEvents };
}
