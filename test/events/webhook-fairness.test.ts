/** One account's many messages, or slow ones, use up the places of no other. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { SignalingEvent } from '../../src/ports.js';
import type { ReceivedWebhook } from '../support/fake-webhook.js';
import { startWebhookWorld, type WebhookWorld } from './webhook-world.js';

let world: WebhookWorld;
beforeEach(async () => {
  world = await startWebhookWorld();
});
afterEach(() => world.close());

const OTHERS = Array.from({ length: 50 }, (_, i) => `other-${i}`);

const issuedTo = (accountId: string): SignalingEvent => ({
  event: 'call_relay.credentials_issued',
  account_id: accountId,
  turn_ttl_seconds: 60,
});
const callOf = (callerAccountId: string, callId: string): SignalingEvent => ({
  event: 'call.started',
  callId,
  callerAccountId,
  calleeAccountId: 'bob',
  media: 'AUDIO',
  endReason: null,
  ringMs: null,
  talkMs: null,
});
const ownerOf = ({ body: { data } }: ReceivedWebhook): unknown =>
  data['accountId'] ?? data['callerAccountId'] ?? data['account_id'];
const accountsOf = (requests: readonly ReceivedWebhook[]): Set<unknown> => new Set(requests.map(ownerOf));

/** Lets everything that is sent wait for its answer. @returns answers all of them, and from then on at once */
function hold(): () => void {
  const held: (() => void)[] = [];
  world.receiver.reply = () => new Promise((resolve) => held.push(() => resolve(204)));
  return () => {
    world.receiver.reply = () => 204;
    for (const answer of held) answer();
  };
}

describe('an account with more messages than there is room for', () => {
  it('loses its own oldest, however urgent, and no other account loses one', async () => {
    const release = hold();
    for (const account of OTHERS) world.webhook.emit(issuedTo(account));
    for (let i = 0; i < 10_100; i += 1) world.webhook.wakeUp(world.wakeUp({ callId: `call-${i}`, accountId: 'flood' }));
    for (const account of OTHERS) world.webhook.emit(callOf(account, `of-${account}`));
    // 10,000 are held: what came beyond is lost, one for one.
    const lost = { type: 'call.wake', reason: 'overflow', httpStatus: null, lost: true };
    expect(world.failures).toEqual(Array(200).fill(lost));

    const others = (): readonly ReceivedWebhook[] =>
      world.receiver.accepted.filter((request) => ownerOf(request) !== 'flood');
    await world.until(() => world.receiver.requests.length === 32);
    release();
    await world.until(() => others().length === 2 * OTHERS.length && accountsOf(world.receiver.accepted).has('flood'));
    expect(accountsOf(others())).toEqual(new Set(OTHERS));
    const floods = world.receiver.requests.filter((request) => ownerOf(request) === 'flood');
    const numbers = floods.map(({ body }) => Number(String(body.data['callId']).slice('call-'.length)));
    expect(Math.min(...numbers)).toBe(200);
    expect(world.failures).toHaveLength(200);
  }, 30_000);

  it('takes turns with the others: what they send next does not wait for all that it has', async () => {
    const release = hold();
    for (let i = 0; i < 2_000; i += 1) world.webhook.emit(callOf('flood', `call-${i}`));
    for (const account of OTHERS) world.webhook.emit(callOf(account, `of-${account}`));
    await world.until(() => world.receiver.requests.length === 32);
    release();
    await world.until(() => accountsOf(world.receiver.accepted).size === OTHERS.length + 1);
    expect(world.receiver.accepted.length).toBeLessThan(1_000);
  });
});

it('an account whose messages the receiver does not answer has eight attempts under way, and the others all the rest', async () => {
  world.receiver.reply = (request) => (ownerOf(request) === 'slow' ? 'hang' : 204);
  for (let i = 0; i < 100; i += 1) world.webhook.emit(callOf('slow', `call-${i}`));
  for (const account of OTHERS) world.webhook.emit(callOf(account, `of-${account}`));
  await world.until(() => world.receiver.accepted.length === OTHERS.length);
  expect(world.receiver.requests.filter((request) => ownerOf(request) === 'slow')).toHaveLength(8);
});

describe('wall time that is set', () => {
  it.each([3_600_000, -3_600_000])('by %i ms neither gives a message up nor keeps it waiting', async (byMs) => {
    world.receiver.reply = () => 500;
    world.webhook.wakeUp(world.wakeUp());
    world.webhook.emit(callOf('alice', 'call-1'));
    await world.until(() => world.failures.length === 2);
    world.clock.setWall(byMs);
    world.receiver.reply = () => 204;
    const before = world.clock.elapsed();
    await world.until(() => world.receiver.accepted.length === 2, 100);
    expect(world.clock.elapsed() - before).toBeLessThan(2_000);
    expect(world.failures.filter(({ lost }) => lost)).toEqual([]);
  });
});
