import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { inspect } from 'node:util';
import type { SignalingEvent } from '../../src/ports.js';
import { createLog } from '../../src/server/log.js';
import { RECEIVER_TEXT, webCryptoSignature, type FakeReply } from '../support/fake-webhook.js';
import { SECRET, startWebhookWorld, type WebhookWorld } from './webhook-world.js';

let world: WebhookWorld;
beforeEach(async () => {
  world = await startWebhookWorld();
});
afterEach(() => world.close());

const STARTED: SignalingEvent = {
  event: 'call.started',
  callId: 'call-1',
  callerAccountId: 'alice',
  calleeAccountId: 'bob',
  media: 'AUDIO',
  endReason: null,
  ringMs: null,
  talkMs: null,
};
const relayEvent = (accountId: string): SignalingEvent => ({ event: 'call_relay.rate_limited', account_id: accountId });

describe('a receiver that fails', () => {
  it.each<[FakeReply, string, number | null]>([
    [500, 'status', 500],
    [503, 'status', 503],
    [408, 'status', 408],
    [429, 'status', 429],
    ['redirect', 'status', 307],
    ['hang', 'timeout', null],
    ['reset', 'connection', null],
  ])('with "%s" is sent the same again, signed anew, until it takes it', async (reply, reason, httpStatus) => {
    world.receiver.reply = () => reply;
    const webhook = reply === 'hang' ? world.another({ timeoutMs: 300 }) : world.webhook;
    webhook.wakeUp(world.wakeUp());
    await world.until(() => world.failures.length === 3, 500);
    expect(world.failures).toEqual(Array(3).fill({ type: 'call.wake', reason, httpStatus, lost: false }));
    expect(webhook.degraded()).toBe(true);
    world.receiver.reply = () => 204;
    await world.until(() => world.receiver.accepted.length === 1, 500);
    await world.until(() => !webhook.degraded());

    expect(world.receiver.requests.length).toBeGreaterThanOrEqual(4);
    expect(new Set(world.receiver.requests.map(({ path }) => path))).toEqual(new Set(['/hooks']));
    expect(new Set(world.receiver.requests.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(new Set(world.receiver.requests.map(({ raw }) => raw)).size).toBe(1);
    expect(new Set(world.attemptedAt()).size).toBeGreaterThan(1);
    for (const { headers, raw } of world.receiver.requests) {
      const [id, timestamp] = [String(headers['webhook-id']), Number(headers['webhook-timestamp'])];
      expect(headers['webhook-signature']).toBe(await webCryptoSignature(SECRET, id, timestamp, raw));
    }
  });

  it.each([400, 401, 403, 404, 410, 422])('with %i does not want it, and is not sent it again', async (status) => {
    world.receiver.reply = ({ body }) => (body.type === 'call.wake' ? status : 204);
    world.webhook.wakeUp(world.wakeUp());
    await world.until(() => world.failures.length === 1);
    expect(world.failures).toEqual([{ type: 'call.wake', reason: 'status', httpStatus: status, lost: true }]);
    expect(world.webhook.degraded()).toBe(true);
    await world.clock.advance(60_000);
    world.webhook.emit(STARTED);
    await world.until(() => world.receiver.accepted.length === 1);
    expect(world.receiver.requests).toHaveLength(2);
  });

  it.each([200, 201, 202, 299])('not, but answers %i, has it', async (status) => {
    world.receiver.reply = () => status;
    world.webhook.wakeUp(world.wakeUp());
    await world.until(() => world.receiver.accepted.length === 1);
    await world.clock.advance(60_000);
    world.webhook.wakeUp(world.wakeUp({ callId: 'call-2' }));
    await world.until(() => world.receiver.accepted.length === 2);
    expect(world.failures).toEqual([]);
    expect(world.receiver.requests).toHaveLength(2);
  });

  it('is left alone for longer each time, up to a minute, and an event is given up after a quarter of an hour', async () => {
    world.receiver.reply = () => 500;
    const begun = world.clock.now() / 1_000;
    world.webhook.emit(STARTED);
    await world.until(() => world.failures.some(({ lost }) => lost), 500);
    const at = world.attemptedAt();
    at.slice(1).forEach((time, i) => {
      const longest = Math.min(60, 0.5 * 2 ** i);
      // Attempts are dated in whole seconds, and the clock went in steps of half a second.
      const wait = time - at[i]!;
      expect(wait).toBeGreaterThan(longest / 2 - 1);
      expect(wait).toBeLessThan(longest + 0.5 + 1);
    });
    expect(at.at(-1)! - begun).toBeLessThan(15 * 60);
    expect(at.at(-1)! - begun).toBeGreaterThan(10 * 60);
  });

  it.each<[string, (now: number) => string, number]>([
    ['so many seconds', () => '7', 7],
    ['a date', (now) => new Date(now + 7_000).toUTCString(), 7],
    ['longer than a minute for a minute', () => '86400', 60],
  ])('with 429 and asks for %s is sent nothing at all in that time', async (_what, retryAfter, seconds) => {
    const begun = world.clock.now() / 1_000;
    const headers = { 'retry-after': retryAfter(world.clock.now()) };
    world.receiver.reply = () => ({ status: 429, headers });
    world.webhook.emit(STARTED);
    await world.until(() => world.failures.length === 1);
    world.receiver.reply = () => 204;
    world.webhook.emit(relayEvent('alice'));
    await world.until(() => world.receiver.accepted.length === 2, 100);
    const [first, ...later] = world.attemptedAt();
    expect(first).toBe(begun);
    for (const at of later) expect(at).toBeGreaterThanOrEqual(begun + seconds);
  });

  it('is not spoken of: neither its answer, nor its address, nor the secret comes into a log or a failure', async () => {
    const lines: string[] = [];
    const log = createLog({ level: 'debug', to: { write: (line) => void lines.push(line) } });
    const { url } = world.receiver;
    const webhook = world.another({
      url: `${url}?token=canary-in-the-url`,
      onFailure: (failure) => {
        world.failures.push(failure);
        log.warn('A webhook was not delivered', { ...failure });
        log.defect(failure);
      },
    });
    world.receiver.reply = (request) => ({
      status: 404,
      headers: { echo: String(request.headers['webhook-signature']) },
    });
    webhook.wakeUp(world.wakeUp());
    await world.until(() => world.failures.length === 1);
    world.receiver.reply = () => 'reset';
    webhook.wakeUp(world.wakeUp());
    await world.until(() => world.failures.length === 2);

    const shown = lines.join('') + inspect([world.failures, webhook], { depth: 9, showHidden: true });
    expect(lines.length).toBeGreaterThanOrEqual(4);
    const secrets = [RECEIVER_TEXT, 'canary-in-the-url', new URL(url).host, SECRET, SECRET.slice(6), 'v1,'];
    expect(secrets.filter((secret) => shown.includes(secret))).toEqual([]);
  });
});

describe('a receiver that is slow', () => {
  it('gets at most 32 requests at once, and everything in the end', async () => {
    const held: ((reply: FakeReply) => void)[] = [];
    world.receiver.reply = () => new Promise((resolve) => held.push(resolve));
    for (let i = 0; i < 200; i += 1) world.webhook.emit(relayEvent(`account-${i}`));
    await world.until(() => held.length === 32);
    world.receiver.reply = () => 204;
    for (const answer of held) answer(204);
    await world.until(() => world.receiver.accepted.length === 200);
    expect(world.receiver.open.most).toBe(32);
    expect(world.failures).toEqual([]);
  });

  it('hears of wake-ups before events of calls, and of those before events of the relay', async () => {
    const held: ((reply: FakeReply) => void)[] = [];
    world.receiver.reply = () => new Promise((resolve) => held.push(resolve));
    for (let i = 0; i < 33; i += 1) world.webhook.emit(relayEvent(`account-${i}`));
    world.webhook.emit(STARTED);
    world.webhook.wakeUp(world.wakeUp());
    await world.until(() => held.length === 32);
    for (let next = 0; next < 3; next += 1) {
      held[next]?.(204);
      await world.until(() => held.length === 33 + next);
    }
    const later = world.receiver.requests.slice(32).map(({ body }) => body.type);
    expect(later).toEqual(['call.wake', 'call.started', 'call_relay.rate_limited']);
    for (const answer of held) answer(204);
    await world.until(() => world.receiver.accepted.length === 35);
  });

  it('costs events of the relay, the oldest first, when more than 10,000 wait, and no wake-up', async () => {
    const held: ((reply: FakeReply) => void)[] = [];
    world.receiver.reply = () => new Promise((resolve) => held.push(resolve));
    for (let i = 0; i < 10_100; i += 1) world.webhook.emit(relayEvent(`account-${i}`));
    world.webhook.emit(STARTED);
    for (let i = 0; i < 50; i += 1) world.webhook.wakeUp(world.wakeUp({ accountId: `account-${i}` }));
    const dropped = { type: 'call_relay.rate_limited', reason: 'overflow', httpStatus: null, lost: true };
    expect(world.failures).toEqual(Array(151).fill(dropped));

    await world.until(() => held.length === 32);
    world.receiver.reply = () => 204;
    for (const answer of held) answer(204);
    await world.until(() => world.receiver.accepted.length >= 32 + 51 + 32);
    const later = world.receiver.requests.slice(32);
    expect(later.filter(({ body }) => body.type === 'call.wake')).toHaveLength(50);
    const oldest = later
      .filter(({ body }) => body.type === 'call_relay.rate_limited')
      .map(({ body }) => Number(String(body.data['account_id']).slice('account-'.length)))
      .reduce((a, b) => Math.min(a, b));
    expect(oldest).toBe(32 + 151);
  });
});

describe('the end of a webhook', () => {
  it('waits for what is under way and makes a last attempt with what waits for its next one', async () => {
    let answer: (reply: FakeReply) => void = () => undefined;
    world.receiver.reply = () => 500;
    world.webhook.wakeUp(world.wakeUp());
    await world.until(() => world.failures.length === 1);
    world.receiver.reply = ({ body }) =>
      body.type === 'call.wake' ? 204 : new Promise<FakeReply>((resolve) => (answer = resolve));
    world.webhook.emit(STARTED);
    await world.until(() => world.receiver.requests.length === 2);
    const closed = Promise.all([world.webhook.close(), world.webhook.close()]);
    await world.until(() => world.receiver.accepted.length === 1);
    answer(204);
    await closed;
    expect(world.receiver.accepted).toHaveLength(2);
    expect(world.failures.every(({ lost }) => !lost)).toBe(true);
  });

  it('gives up what fails again, and goes on with what comes after it', async () => {
    world.receiver.reply = ({ body }) => (body.data['kind'] === 'INVITE' ? 503 : 204);
    world.webhook.wakeUp(world.wakeUp());
    world.webhook.wakeUp(world.wakeUp({ kind: 'CANCEL', reason: 'CANCELLED' }));
    await world.until(() => world.failures.length === 1);
    await world.webhook.close();
    expect(world.receiver.accepted.map(({ body }) => body.data['kind'])).toEqual(['CANCEL']);
    expect(world.failures.map(({ lost }) => lost)).toEqual([false, true]);
  });

  it('comes within its time, whatever the receiver does, and tells what was lost', async () => {
    await world.close();
    world = await startWebhookWorld({ timeoutMs: 60_000 });
    world.receiver.reply = () => 'hang';
    for (let i = 0; i < 40; i += 1) world.webhook.wakeUp(world.wakeUp({ accountId: `account-${i}` }));
    await world.until(() => world.receiver.requests.length === 32);
    await world.webhook.close();
    const lost = { type: 'call.wake', reason: 'closed', httpStatus: null, lost: true };
    expect(world.failures).toEqual(Array(40).fill(lost));
  }, 5_000);

  it('is that: nothing is taken any more, and ending it again does nothing', async () => {
    await world.webhook.close();
    world.webhook.wakeUp(world.wakeUp());
    world.webhook.emit(STARTED);
    await world.webhook.close();
    expect(world.receiver.requests).toEqual([]);
    expect(world.failures).toEqual([]);
  });
});
