import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { WakeUp } from '../../src/call/ports.js';
import type { CallLifecycleEvent } from '../../src/ports.js';
import type { FakeReply, ReceivedWebhook } from '../support/fake-webhook.js';
import { startWebhookWorld, type WebhookWorld } from './webhook-world.js';

let world: WebhookWorld;
beforeEach(async () => {
  world = await startWebhookWorld();
});
afterEach(() => world.close());

const kinds = (requests: readonly ReceivedWebhook[]): readonly unknown[] =>
  requests.map(({ body }) => body.data['kind']);
const cancel = (changes: Partial<WakeUp> = {}): WakeUp =>
  world.wakeUp({ kind: 'CANCEL', reason: 'CANCELLED', ...changes });

/** Answers the first requests so, and the others with 204. */
function replies(...first: FakeReply[]): (request: ReceivedWebhook) => FakeReply {
  return () => first.shift() ?? 204;
}

describe('the wake-ups of a device for one call', () => {
  it('arrive in order, though the invitation fails and the call is cancelled meanwhile', async () => {
    world.receiver.reply = replies(500, 'reset', 'redirect', 503);
    world.webhook.wakeUp(world.wakeUp());
    world.webhook.wakeUp(cancel());
    await world.until(() => world.receiver.accepted.length === 2, 100);
    expect(kinds(world.receiver.accepted)).toEqual(['INVITE', 'CANCEL']);
    expect(kinds(world.receiver.requests)).toEqual([...Array<string>(5).fill('INVITE'), 'CANCEL']);
  });

  it('arrive in order while the invitation is still being delivered', async () => {
    let answer: (reply: FakeReply) => void = () => undefined;
    world.receiver.reply = () => new Promise<FakeReply>((resolve) => (answer = resolve));
    world.webhook.wakeUp(world.wakeUp());
    await world.until(() => world.receiver.requests.length === 1);
    world.receiver.reply = () => 204;
    world.webhook.wakeUp(cancel());
    world.webhook.wakeUp(world.wakeUp({ deviceId: 'laptop' }));
    await world.until(() => world.receiver.accepted.length === 1);
    expect(world.receiver.accepted[0]?.body.data['deviceId']).toBe('laptop');
    answer(204);
    await world.until(() => world.receiver.accepted.length === 3);
    expect(kinds(world.receiver.accepted.slice(1))).toEqual(['INVITE', 'CANCEL']);
    expect(world.failures).toEqual([]);
  });

  it('arrive in order for 100 devices at once at a receiver that fails every third time', async () => {
    let count = 0;
    world.receiver.reply = () => {
      count += 1;
      return count % 3 === 0 ? 500 : 204;
    };
    const devices = Array.from({ length: 100 }, (_, i) => ({ callId: `call-${i >> 1}`, deviceId: `device-${i & 1}` }));
    for (const device of devices) world.webhook.wakeUp(world.wakeUp(device));
    for (const device of devices) world.webhook.wakeUp(cancel(device));
    await world.until(() => world.receiver.accepted.length === 200, 100);
    for (const { callId, deviceId } of devices) {
      const own = world.receiver.accepted.filter(
        ({ body }) => body.data['callId'] === callId && body.data['deviceId'] === deviceId,
      );
      expect(kinds(own)).toEqual(['INVITE', 'CANCEL']);
    }
    expect(world.failures.every(({ lost }) => !lost)).toBe(true);
  });

  it('do not wait for those of another device or another call', async () => {
    world.receiver.reply = ({ body }) => (body.data['callId'] === 'call-1' ? 500 : 204);
    world.webhook.wakeUp(world.wakeUp());
    await world.until(() => world.failures.length === 1);
    world.webhook.wakeUp(world.wakeUp({ callId: 'call-2' }));
    await world.until(() => world.receiver.accepted.length === 1);
    expect(world.receiver.accepted[0]?.body.data['callId']).toBe('call-2');
  });

  it('go out once when the same one is asked for again while it waits', async () => {
    world.receiver.reply = replies(500);
    world.webhook.wakeUp(world.wakeUp());
    await world.until(() => world.failures.length === 1);
    world.webhook.wakeUp(world.wakeUp());
    world.webhook.wakeUp(cancel());
    await world.until(() => world.receiver.accepted.length === 2, 100);
    expect(kinds(world.receiver.requests)).toEqual(['INVITE', 'INVITE', 'CANCEL']);
  });

  it('are each tried anew: a cancellation does not wait for longer because the invitation failed often', async () => {
    world.receiver.reply = replies(500, 500, 500, 500, 500, 204, 500);
    world.webhook.wakeUp(world.wakeUp());
    world.webhook.wakeUp(cancel());
    await world.until(() => world.receiver.accepted.length === 2, 100);
    const [failed, taken] = world.attemptedAt().slice(-2);
    expect(taken! - failed!).toBeLessThanOrEqual(1);
  });

  it('end with the cancellation also when the invitation was refused', async () => {
    world.receiver.reply = replies(410);
    world.webhook.wakeUp(world.wakeUp());
    world.webhook.wakeUp(cancel());
    await world.until(() => world.receiver.accepted.length === 1);
    expect(kinds(world.receiver.requests)).toEqual(['INVITE', 'CANCEL']);
  });
});

describe('the time of a wake-up', () => {
  it('is up a minute after the call began: no invitation goes out from then on', async () => {
    world.receiver.reply = () => 500;
    const { expiresAt } = world.wakeUp();
    world.webhook.wakeUp(world.wakeUp());
    await world.until(() => world.failures.some(({ lost }) => lost), 100);
    // The last attempt was answered in time, or while the clock of this test went past the end.
    expect(world.failures.at(-1)).toMatchObject({
      type: 'call.wake',
      reason: expect.stringMatching(/^(?:status|expired)$/),
      lost: true,
    });
    expect(world.failures.length).toBeGreaterThan(10);
    for (const at of world.attemptedAt()) expect(at).toBeLessThan(expiresAt / 1_000);
  });

  it('is up for an invitation that comes too late, which is never sent', async () => {
    world.webhook.wakeUp(world.wakeUp({ expiresAt: world.clock.now() }));
    expect(world.failures).toEqual([{ type: 'call.wake', reason: 'expired', httpStatus: null, lost: true }]);
    world.webhook.wakeUp(world.wakeUp({ callId: 'call-2' }));
    await world.until(() => world.receiver.accepted.length === 1);
    expect(world.receiver.requests).toHaveLength(1);
  });

  it('lets a device hear at the end that nobody answered, and that is tried for ten seconds more', async () => {
    const { expiresAt } = world.wakeUp();
    await world.clock.advance(62_000);
    world.receiver.reply = replies(500);
    world.webhook.wakeUp(world.wakeUp({ kind: 'MISSED', reason: 'NO_ANSWER', expiresAt }));
    await world.until(() => world.receiver.accepted.length === 1, 100);
    expect(kinds(world.receiver.accepted)).toEqual(['MISSED']);

    world.receiver.reply = () => 500;
    const late = world.clock.now();
    world.webhook.wakeUp(world.wakeUp({ kind: 'MISSED', reason: 'NO_ANSWER', expiresAt, callId: 'call-2' }));
    await world.until(() => world.failures.some(({ lost }) => lost), 100);
    expect(world.attemptedAt().at(-1)).toBeLessThan((late + 10_000) / 1_000);
  });
});

describe('the events of a call', () => {
  it('arrive in the order in which they happened', async () => {
    world.receiver.reply = replies(500, 500, 204, 500);
    const call = { callId: 'c1', callerAccountId: 'alice', calleeAccountId: 'bob', media: 'AUDIO' } as const;
    const times = { endReason: null, ringMs: null, talkMs: null };
    const order: CallLifecycleEvent['event'][] = ['call.started', 'call.answered', 'call.ended'];
    for (const event of order) world.webhook.emit({ event, ...call, ...times });
    await world.until(() => world.receiver.accepted.length === 3, 500);
    expect(world.receiver.accepted.map(({ body }) => body.type)).toEqual(order);
  });
});
