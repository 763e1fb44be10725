/** The services around the server: who may call, which devices there are, who is woken, what is told, who is put out. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CANARIES, canariesIn } from '../support/canaries.js';
import type { Refused } from '../support/device.js';
import { candidateLine, sdp, type TestDevice } from '../support/device.js';
import { eventually } from '../support/process.js';
import { startHooksWorld, type HooksWorld } from './hooks-world.js';

let world: HooksWorld;
let people = 0;
beforeAll(async () => {
  world = await startHooksWorld();
});
afterAll(() => world.close());

/** Two accounts that nobody else uses, each with one listening phone; Bob has a tablet too, which is not listening. */
async function pair() {
  people += 1;
  const [alice, bob] = [`alice-${people}`, `bob-${people}`];
  world.setDevices(alice, { phone: "Alice's phone" });
  world.setDevices(bob, { phone: "Bob's phone", tablet: "Bob's tablet" });
  const [caller, callee] = [world.device(`${alice}/phone`), world.device(`${bob}/phone`)];
  await Promise.all([caller.listen(), callee.listen()]);
  return { alice, bob, caller, callee };
}

async function connected() {
  const both = await pair();
  const { call, offerId } = await both.caller.start(both.bob);
  await both.callee.next('CallInvited');
  await both.callee.answer(call.id, offerId);
  await both.caller.state('CONNECTING');
  return { ...both, callId: call.id };
}

/** As log lines spell the fields of webhooks. */
const inSnakeCase = (data: object): object =>
  Object.fromEntries(
    Object.entries(data).map(([name, value]) => [
      name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      value,
    ]),
  );

describe('a callee that refuses the caller, and one that does not exist', () => {
  it('look the same to the caller as one that is offline: INITIATED, and nobody hears of it', async () => {
    const { alice, bob, caller, callee } = await pair();
    world.policy.refusing.add(bob);
    const refusing = await caller.start(bob);
    const unknown = await caller.start('nobody-at-all');
    expect(world.policy.requests).toContainEqual({
      caller: { accountId: alice, deviceId: 'phone' },
      calleeAccountId: bob,
    });
    const seen = ({ outcome, call }: typeof refusing): object => {
      const { id, createdAt, remainingMs, callee: other, ...rest } = call;
      return { outcome, ...rest, told: [id.length, typeof createdAt, Number(remainingMs) > 0, other.device] };
    };
    expect(seen(refusing)).toMatchObject({ outcome: 'CREATED', state: 'INITIATED' });
    expect(seen(unknown)).toEqual(seen(refusing));

    await caller.hangUp(refusing.call.id);
    await caller.hangUp(unknown.call.id);
    await world.hook(refusing.call.id, 'call.ended');
    await world.hook(unknown.call.id, 'call.ended');
    expect(await callee.recentCalls()).toEqual([]);
    expect(await callee.call(refusing.call.id)).toBeNull();
    expect(callee.events.map(({ __typename }) => __typename)).toEqual(['StreamReady']);
    const hooks = [refusing, unknown].flatMap(({ call }) => world.hooksOf(call.id).map(({ body }) => body.type));
    expect(hooks).toEqual(['call.started', 'call.ended', 'call.started', 'call.ended']);
  });
});

describe('while the policy service is down', () => {
  it('a call is refused with CALL_UNAVAILABLE, the socket lives, and the same start succeeds afterwards', async () => {
    const { bob, caller, callee } = await pair();
    const clientCallId = crypto.randomUUID();
    for (const mode of ['error', 'reset', 'garbage', 'hang'] as const) {
      world.policy.mode = mode;
      const refused = await caller.start(bob, { clientCallId }).catch((error: unknown) => error as Refused);
      expect(refused).toMatchObject({ code: 'CALL_UNAVAILABLE', extensions: { status: 503, retryable: true } });
    }
    world.policy.mode = 'ok';
    const started = await caller.start(bob, { clientCallId });
    expect(started.outcome).toBe('CREATED');
    expect((await callee.next('CallInvited')).call.id).toBe(started.call.id);
    expect([caller.closes, caller.completed]).toEqual([[], false]);
    await caller.hangUp(started.call.id);
  });
});

describe('names of devices', () => {
  it('are those of the directory, shown to the own account alone', async () => {
    const { alice, bob, caller, callee, callId } = await connected();
    expect(await caller.call(callId)).toMatchObject({
      caller: { account: { id: alice }, device: { id: 'phone', name: "Alice's phone" } },
      callee: { account: { id: bob }, device: null },
    });
    expect(await callee.call(callId)).toMatchObject({
      caller: { device: null },
      callee: { device: { id: 'phone', name: "Bob's phone" } },
    });
    const invited = callee.events.find(({ __typename }) => __typename === 'CallInvited');
    expect(JSON.stringify(invited)).not.toContain("Alice's phone");
    await caller.hangUp(callId);
  });
});

describe('webhooks', () => {
  it('wake the device that has no stream, and only that: INVITE, then CANCEL, signed and without any content', async () => {
    const { bob, caller, callee } = await pair();
    const { call } = await caller.start(bob, { offerSdp: sdp(CANARIES.sdp), attachment: CANARIES.sdp });
    await caller.candidates(call.id, [`${candidateLine(1)} ${CANARIES.candidate}`]);
    await callee.next('IceCandidatesReceived');
    const invite = await world.hook(call.id, 'INVITE');
    expect(invite.body).toMatchObject({
      type: 'call.wake',
      data: { kind: 'INVITE', callId: call.id, accountId: bob, deviceId: 'tablet', media: 'AUDIO', reason: null },
    });
    expect(Object.keys(invite.body.data).sort()).toEqual([
      'accountId',
      'callId',
      'deviceId',
      'expiresAt',
      'kind',
      'media',
      'reason',
    ]);
    // 60 s of ringing, by the clock of whoever is told.
    const lastsMs = Date.parse(String(invite.body.data['expiresAt'])) - Date.parse(String(call.createdAt));
    expect(lastsMs).toBeGreaterThanOrEqual(60_000);
    expect(lastsMs).toBeLessThan(65_000);
    await caller.hangUp(call.id);
    const cancel = await world.hook(call.id, 'CANCEL');
    expect(cancel.body.data).toMatchObject({ accountId: bob, deviceId: 'tablet', reason: 'CANCELLED' });

    const hooks = world.hooksOf(call.id);
    expect(hooks.flatMap(({ body }) => body.data['kind'] ?? [])).toEqual(['INVITE', 'CANCEL']);
    for (const hook of hooks) expect(await world.isSigned(hook)).toBe(true);
    expect(canariesIn(hooks.map(({ raw }) => raw).join())).toEqual([]);
  });

  it('and the log tell how a call began, was answered and ended', async () => {
    const { alice, bob, caller, callee, callId } = await connected();
    await caller.report(callId);
    await callee.state('ACTIVE');
    await callee.hangUp(callId);
    const ended = await world.hook(callId, 'call.ended');
    const parties = { callId, callerAccountId: alice, calleeAccountId: bob, media: 'AUDIO' };
    expect(ended.body.data).toEqual({
      ...parties,
      endReason: 'COMPLETED',
      ringMs: expect.any(Number),
      talkMs: expect.any(Number),
    });
    const events = world.hooksOf(callId).filter(({ body }) => body.type !== 'call.wake');
    expect(events.map(({ body }) => body.type)).toEqual(['call.started', 'call.answered', 'call.ended']);
    for (const event of events) expect(await world.isSigned(event)).toBe(true);
    expect(events[0]?.body.data).toEqual({ ...parties, endReason: null, ringMs: null, talkMs: null });

    const logged = (): readonly Record<string, unknown>[] =>
      world.events().filter((event) => event['call_id'] === callId);
    await eventually(() => logged().length === 3);
    for (const [index, line] of logged().entries()) {
      const { type, data } = events[index]!.body;
      expect(line).toMatchObject({ event: type, ...inSnakeCase(data) });
    }
  });
});

describe('a device that is removed', () => {
  async function expectPutOut(device: TestDevice, other: TestDevice, callId: string): Promise<void> {
    expect(await device.next('StreamClosed', () => true, 5_000)).toMatchObject({ reason: 'DEVICE_REVOKED' });
    await eventually(() => device.closes.length > 0, 5_000);
    expect(device.closes[0]).toBe(4403);
    expect(device.completed).toBe(false);
    expect(await other.state('ENDED')).toMatchObject({ endReason: 'DEVICE_REVOKED', call: { endedBy: null } });
    expect(await other.call(callId)).toMatchObject({ state: 'ENDED', endReason: 'DEVICE_REVOKED' });
    expect(other.closes).toEqual([]);
  }

  it('by a signed request, is put out and its call ends; one that is not signed so is refused', async () => {
    const { alice, bob, caller, callee, callId } = await connected();
    const otherSecret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
    expect(await world.revoke(bob, 'phone', otherSecret)).toBe(401);
    expect(await callee.call(callId)).toMatchObject({ state: 'CONNECTING' });

    expect(await world.revoke(alice, 'phone')).toBe(204);
    await expectPutOut(caller, callee, callId);
    expect((await world.hook(callId, 'call.ended')).body.data).toMatchObject({ endReason: 'DEVICE_REVOKED' });
  });

  it('in the directory, is put out within five seconds, does not come in again, and its call ends', async () => {
    const { bob, caller, callee, callId } = await connected();
    world.setDevices(bob, { tablet: "Bob's tablet" });
    await expectPutOut(callee, caller, callId);
    await eventually(() => callee.closes.length > 2);
    expect(new Set(callee.closes)).toEqual(new Set([4403]));
    expect((await world.ask(`${bob}/phone`, '{ openCalls { id } }')).errors[0]?.extensions).toMatchObject({
      code: 'CALL_UNAUTHORIZED',
    });
    expect(await world.device(`${bob}/tablet`).listen()).toMatchObject({ openCalls: [] });
  });
});
