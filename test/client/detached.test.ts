/** Calls that the service holds for a device, and that no page of it leads: they are seen, taken up, called again, hung up. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Call } from '../../src/client/index.js';
import { reached, talk, until, type Phone } from './phone.js';
import { online, startPhoneWorld, talking, type PhoneWorld } from './world.js';

let phones: PhoneWorld;
let people = 0;
let [a, b] = ['', ''];
beforeAll(async () => {
  phones = await startPhoneWorld();
});
beforeEach(() => {
  people += 1;
  [a, b] = [`a${people}`, `b${people}`];
});
afterAll(() => phones.close());

/** A page of a device that talked, which is closed and opened again: what it knew is gone. */
async function openedAgain(side: 'caller' | 'callee'): Promise<{ back: Phone; stayed: Phone; staying: Call }> {
  const [caller, callee] = [phones.phone(`${a}/phone`), phones.phone(`${b}/phone`)];
  const [ours, theirs] = await talking(caller, callee, b);
  const [left, stayed, staying] = side === 'caller' ? [caller, callee, theirs] : [callee, caller, ours];
  left.close();
  return { back: phones.phone(side === 'caller' ? `${a}/phone` : `${b}/phone`), stayed, staying };
}

const detachedOn = async ({ client }: Phone): Promise<Call> => {
  const [call] = await until(client.calls, ({ length }) => length === 1);
  await reached(call!, 'DETACHED');
  return call!;
};

describe.each(['caller', 'callee'] as const)('a page that was closed in a call and opened again: the %s', (side) => {
  const [direction, other] = side === 'caller' ? ['outgoing', () => b] : ['incoming', () => a];

  it('sees the call, and takes it up: the other side goes on by itself', async () => {
    const { back, stayed, staying } = await openedAgain(side);
    const states: string[] = [];
    staying.state.subscribe((state) => states.push(state));
    const call = await detachedOn(back);
    expect([call.direction, call.account, call.media, call.id]).toEqual([direction, other(), 'AUDIO', staying.id]);
    expect(await call.rejoin()).toMatchObject({ ok: true });
    await Promise.all([reached(call, 'ACTIVE'), until(staying.connection, (state) => state === 'connected')]);
    await talk(back.line, stayed.line);
    expect([staying.id, stayed.client.incoming.value, states.includes('ENDED')]).toEqual([call.id, null, false]);
    expect(await call.rejoin()).toMatchObject({ ok: false, error: { code: 'NOT_POSSIBLE' } });
    await call.hangUp();
    await reached(staying, 'ENDED');
  });

  it('hangs it up', async () => {
    const { back, staying } = await openedAgain(side);
    const call = await detachedOn(back);
    expect(await call.hangUp()).toMatchObject({ ok: true });
    await reached(staying, 'ENDED');
    expect([call.endReason.value, staying.endReason.value]).toEqual(['COMPLETED', 'COMPLETED']);
    expect(back.client.calls.value).toEqual([]);
  });

  it.each(['seen', 'not seen'] as const)('goes on with it by calling again, when it has %s it yet', async (seen) => {
    const { back, stayed, staying } = await openedAgain(side);
    if (seen === 'seen') await detachedOn(back);
    const call = back.client.start(other(), { media: 'AUDIO' });
    await reached(call, 'ACTIVE');
    await talk(back.line, stayed.line);
    expect([back.client.calls.value.length, staying.id]).toEqual([1, call.id]);
    await call.hangUp();
    await reached(staying, 'ENDED');
  });
});

it('a call that cannot be taken up for want of a microphone stays, and is taken up later', async () => {
  const [caller, callee] = [phones.phone(`${a}/phone`), phones.phone(`${b}/phone`)];
  const [, theirs] = await talking(caller, callee, b);
  caller.close();
  let allowed = false;
  const back = phones.phone(`${a}/phone`, { microphone: () => allowed });
  const call = await detachedOn(back);
  expect(await call.rejoin()).toMatchObject({ ok: false, error: { code: 'MEDIA_FAILED' } });
  expect([call.state.value, call.id]).toEqual(['DETACHED', theirs.id]);
  allowed = true;
  expect(await call.rejoin()).toMatchObject({ ok: true });
  await reached(call, 'ACTIVE');
  await talk(back.line, callee.line);
  expect(call.error.value).toBeNull();
  await call.hangUp();
  await reached(theirs, 'ENDED');
});

it('when both pages were closed, who is called again is asked', async () => {
  const [caller, callee] = [phones.phone(`${a}/phone`), phones.phone(`${b}/phone`)];
  await talking(caller, callee, b);
  for (const phone of [caller, callee]) phone.close();
  const [one, other] = [phones.phone(`${a}/phone`), phones.phone(`${b}/phone`)];
  await detachedOn(other);
  const ours = one.client.start(b, { media: 'AUDIO' });
  const theirs = await other.ringing();
  expect(theirs.account).toBe(a);
  expect(await theirs.answer()).toMatchObject({ ok: true });
  await Promise.all([reached(ours, 'ACTIVE'), reached(theirs, 'ACTIVE')]);
  await talk(one.line, other.line);
  expect([one, other].map(({ client }) => client.calls.value.length)).toEqual([1, 1]);
  await ours.hangUp();
});

it.each(['seen', 'not seen'] as const)(
  'a call that still rings for a page that was closed is given up by calling again, %s',
  async (seen) => {
    const [caller, callee] = [phones.phone(`${a}/phone`), phones.phone(`${b}/phone`)];
    await online(caller, callee);
    const first = caller.client.start(b, { media: 'AUDIO' });
    const ringing = await callee.ringing();
    await until(first.state, (state) => state !== 'STARTING');
    caller.close();
    const back = phones.phone(`${a}/phone`);
    if (seen === 'seen') await detachedOn(back);
    const ours = back.client.start(b, { media: 'AUDIO' });
    await reached(ringing, 'ENDED');
    const theirs = (await until(callee.client.incoming, (call) => call !== null && call !== ringing))!;
    await theirs.answer();
    await reached(ours, 'ACTIVE');
    await talk(back.line, callee.line);
    await ours.hangUp();
  },
);

it('a call that another page of the device took up is not shown as going on in the first, which can take it back', async () => {
  const [first, callee] = [phones.phone(`${a}/phone`), phones.phone(`${b}/phone`)];
  const [ours, theirs] = await talking(first, callee, b);
  const shown: string[] = [];
  const second = phones.phone(`${a}/phone`);
  const taken = await detachedOn(second);
  await until(first.client.state, (state) => state === 'elsewhere');
  ours.state.subscribe((state) => shown.push(state));
  await taken.rejoin();
  await reached(taken, 'ACTIVE');
  second.close();

  first.client.connect();
  const [call] = await until(first.client.calls, ([newest]) => newest !== undefined && newest !== ours, 40_000);
  await reached(call!, 'DETACHED');
  expect(shown.filter((state) => state !== 'ENDED')).toEqual([]);
  expect(await call!.rejoin()).toMatchObject({ ok: true });
  await reached(call!, 'ACTIVE');
  await talk(first.line, callee.line);
  expect([theirs.id, first.client.calls.value]).toEqual([call!.id, [call]]);
  await theirs.hangUp();
  await reached(call!, 'ENDED');
});
