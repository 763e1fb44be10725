import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { EndReason } from '../../src/call/state.js';
import type { SignalingEvent } from '../../src/ports.js';
import { CANARIES, canariesIn } from '../support/canaries.js';
import { webCryptoSignature } from '../support/fake-webhook.js';
import { SECRET, startWebhookWorld, type WebhookWorld } from './webhook-world.js';

let world: WebhookWorld;
beforeEach(async () => {
  world = await startWebhookWorld();
});
afterEach(() => world.close());

const accepted = (count: number): Promise<void> => world.until(() => world.receiver.accepted.length === count);
const ids = (): readonly unknown[] => world.receiver.accepted.map(({ headers }) => headers['webhook-id']);

const CALL = { callId: 'call-1', callerAccountId: 'alice', calleeAccountId: 'bob', media: 'VIDEO' } as const;
const EVENTS: readonly SignalingEvent[] = [
  { event: 'call.started', ...CALL, endReason: null, ringMs: null, talkMs: null },
  { event: 'call.answered', ...CALL, endReason: null, ringMs: 2_000, talkMs: null },
  { event: 'call.ended', ...CALL, endReason: 'COMPLETED', ringMs: 2_000, talkMs: 60_000 },
  { event: 'call_relay.credentials_issued', account_id: 'alice', turn_ttl_seconds: 43_200 },
  { event: 'call_relay.rate_limited', account_id: 'alice' },
  { event: 'call_relay.provider_error', account_id: 'alice', http_status: null },
  { event: 'call_relay.escalated', error_rate: 0.12 },
];

describe('a wake-up', () => {
  it('is posted with the device and the call, and nothing that the parties send each other', async () => {
    world.webhook.wakeUp(Object.assign({}, CANARIES, world.wakeUp()));
    await accepted(1);
    const [request] = world.receiver.accepted;
    expect(request?.path).toBe('/hooks');
    expect(request?.headers['content-type']).toBe('application/json');
    expect(request?.body).toEqual({
      type: 'call.wake',
      timestamp: '2030-01-01T00:00:00.000Z',
      data: {
        kind: 'INVITE',
        callId: 'call-1',
        accountId: 'bob',
        deviceId: 'phone',
        media: 'AUDIO',
        reason: null,
        expiresAt: '2030-01-01T00:01:00.000Z',
      },
    });
    expect(canariesIn(request?.raw ?? '')).toEqual([]);
  });

  it('says why it rings no more, and names no device where none is known', async () => {
    world.webhook.wakeUp(world.wakeUp({ kind: 'CANCEL', reason: 'ANSWERED_ELSEWHERE', deviceId: null }));
    await accepted(1);
    expect(world.receiver.accepted[0]?.body.data).toMatchObject({
      kind: 'CANCEL',
      reason: 'ANSWERED_ELSEWHERE',
      deviceId: null,
    });
  });

  it('has an id by which it is known however often and by whichever process it is sent', async () => {
    world.webhook.wakeUp(world.wakeUp());
    await accepted(1);
    await world.clock.advance(1_000);
    world.webhook.wakeUp(world.wakeUp());
    await accepted(2);
    world.another().wakeUp(world.wakeUp());
    await accepted(3);
    expect(new Set(ids()).size).toBe(1);
  });

  it('has another id for another call, device or kind', async () => {
    const reason: EndReason = 'NO_ANSWER';
    world.webhook.wakeUp(world.wakeUp());
    world.webhook.wakeUp(world.wakeUp({ callId: 'call-2' }));
    world.webhook.wakeUp(world.wakeUp({ deviceId: 'laptop' }));
    world.webhook.wakeUp(world.wakeUp({ deviceId: null }));
    world.webhook.wakeUp(world.wakeUp({ kind: 'CANCEL', reason }));
    world.webhook.wakeUp(world.wakeUp({ kind: 'MISSED', reason }));
    await accepted(6);
    expect(new Set(ids()).size).toBe(6);
    // A full stop is what the parts of the signed text are told apart by.
    expect(ids().join('')).not.toContain('.');
  });
});

describe('an event', () => {
  it('is posted with exactly the fields of its payload', async () => {
    for (const event of EVENTS) world.webhook.emit(Object.assign({ error: CANARIES.sdp }, CANARIES, event));
    await accepted(EVENTS.length);
    const expected = EVENTS.map(({ event, ...data }) => ({ type: event, timestamp: '2030-01-01T00:00:00.000Z', data }));
    const bodies = world.receiver.accepted.map(({ body }) => body);
    expect(bodies).toHaveLength(expected.length);
    expect(bodies).toEqual(expect.arrayContaining(expected));
    expect(canariesIn(world.receiver.accepted.map(({ raw }) => raw).join(''))).toEqual([]);
  });

  it('of a call is known by its id when it comes again, and one of the relay is new each time', async () => {
    for (const webhook of [world.webhook, world.another()]) for (const event of EVENTS) webhook.emit(event);
    await accepted(EVENTS.length * 2);
    expect(new Set(ids()).size).toBe(3 + 4 * 2);
  });
});

describe('every webhook', () => {
  it('is signed, at the time of the attempt', async () => {
    await world.clock.advance(1_234);
    world.webhook.wakeUp(world.wakeUp());
    world.webhook.emit(EVENTS[0]!);
    await accepted(2);
    for (const { headers, raw } of world.receiver.accepted) {
      const [id, timestamp] = [String(headers['webhook-id']), Number(headers['webhook-timestamp'])];
      expect(timestamp).toBe(Math.floor(world.clock.now() / 1_000));
      expect(headers['webhook-signature']).toBe(await webCryptoSignature(SECRET, id, timestamp, raw));
    }
  });

  it('goes over https only in production, and never without a proper secret', () => {
    expect(() => world.another({ production: true })).toThrow(TypeError);
    expect(() => world.another({ url: 'ftp://127.0.0.1/hooks' })).toThrow(TypeError);
    expect(() => world.another({ url: 'nowhere' })).toThrow(TypeError);
    expect(() => world.another({ secret: 'passphrase' })).toThrow(TypeError);
  });
});
