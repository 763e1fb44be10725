/** Whole calls by the call client on both sides, over a real TURN server alone. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/process.js';
import { heardOn, reached, talk, type Carrier, type Phone } from './phone.js';
import { online, startPhoneWorld, type PhoneWorld } from './world.js';

let phones: PhoneWorld;
beforeAll(async () => {
  phones = await startPhoneWorld();
});
afterAll(() => phones.close());

/** Phones of an account that nobody else uses. */
let people = 0;
async function devices(count: number, carrier?: Carrier): Promise<{ account: string; each: Phone[] }> {
  people += 1;
  const account = `person-${people}`;
  const each = Array.from({ length: count }, (_, n) =>
    phones.phone(`${account}/device-${n}`, carrier ? { carrier } : {}),
  );
  await online(...each);
  return { account, each };
}

describe.each<Carrier>(['graphql-ws', 'Apollo Client'])('over %s, a call', (carrier) => {
  it('is set up over the relay alone, carries sound and data both ways, and ends on both sides', async () => {
    const [alice, bob] = [await devices(1, carrier), await devices(1, carrier)];
    const [caller, callee] = [alice.each[0]!, bob.each[0]!];
    const ours = caller.client.start(bob.account, { media: 'AUDIO', attachment: 'opaque' });
    expect(ours.state.value).toBe('STARTING');
    const theirs = await callee.ringing();
    expect(theirs).toMatchObject({
      direction: 'incoming',
      account: alice.account,
      media: 'AUDIO',
      attachment: 'opaque',
    });
    expect(await theirs.ring()).toMatchObject({ ok: true });
    await reached(ours, 'RINGING');
    expect(await theirs.answer()).toMatchObject({ ok: true });
    await Promise.all([reached(ours, 'ACTIVE'), reached(theirs, 'ACTIVE')]);
    await talk(caller.line, callee.line);
    expect([ours.connection.value, theirs.connection.value]).toEqual(['connected', 'connected']);
    await Promise.all([heardOn(ours.remoteStream.value!), heardOn(theirs.remoteStream.value!)]);

    const stats = await ours.stats();
    expect(stats).toMatchObject({ path: 'relay', protocol: 'udp' });
    await eventually(async () => (await ours.stats())!.bytesReceived > stats!.bytesReceived);

    expect(await theirs.hangUp()).toMatchObject({ ok: true });
    await reached(ours, 'ENDED');
    expect([ours.endReason.value, theirs.endReason.value]).toEqual(['COMPLETED', 'COMPLETED']);
    expect([caller.client.calls.value, callee.client.calls.value]).toEqual([[], []]);
    expect([caller.line.peer.connectionState, callee.line.peer.connectionState]).toEqual(['closed', 'closed']);
    expect([ours.error.value, theirs.error.value]).toEqual([null, null]);
  });
});

describe('of the devices of an account', () => {
  it('all ring, one answers, and the others are told that it was answered elsewhere', async () => {
    const [alice, bob] = [await devices(1), await devices(3)];
    const ours = alice.each[0]!.client.start(bob.account, { media: 'AUDIO' });
    const rung = await Promise.all(bob.each.map((phone) => phone.ringing()));
    await rung[1]!.answer();
    await reached(ours, 'ACTIVE');
    await talk(alice.each[0]!.line, bob.each[1]!.line);
    for (const index of [0, 2]) {
      await reached(rung[index]!, 'ENDED');
      expect(rung[index]!.endReason.value).toBe('ANSWERED_ELSEWHERE');
      expect(bob.each[index]!.client.incoming.value).toBeNull();
      expect(bob.each[index]!.lines).toEqual([]);
    }
    await ours.hangUp();
    await reached(rung[1]!, 'ENDED');
  });

  it('two may answer at the same moment: one of them has the call, the other is told', async () => {
    const [alice, bob] = [await devices(1), await devices(2)];
    const ours = alice.each[0]!.client.start(bob.account, { media: 'AUDIO' });
    const rung = await Promise.all(bob.each.map((phone) => phone.ringing()));
    const outcomes = await Promise.all(rung.map((call) => call.answer()));
    const winner = outcomes.findIndex(({ ok }) => ok);
    expect(outcomes[1 - winner]).toMatchObject({ ok: false, error: { code: 'CALL_ANSWERED_ELSEWHERE' } });
    await Promise.all([reached(ours, 'ACTIVE'), reached(rung[1 - winner]!, 'ENDED')]);
    expect(rung[1 - winner]!.endReason.value).toBe('ANSWERED_ELSEWHERE');
    await talk(alice.each[0]!.line, bob.each[winner]!.line);
    await ours.hangUp();
  });

  it('one declines for all', async () => {
    const [alice, bob] = [await devices(1), await devices(2)];
    const ours = alice.each[0]!.client.start(bob.account, { media: 'AUDIO' });
    const [one, other] = await Promise.all(bob.each.map((phone) => phone.ringing()));
    expect(await one!.decline('everywhere')).toMatchObject({ ok: true });
    await Promise.all([reached(ours, 'ENDED'), reached(other!, 'ENDED')]);
    expect([ours, one!, other!].map(({ endReason }) => endReason.value)).toEqual([
      'DECLINED',
      'DECLINED',
      'DECLINED_ELSEWHERE',
    ]);
  });

  it('one that is busy or ignores the call leaves it to the others', async () => {
    const [alice, bob] = [await devices(1), await devices(3)];
    const ours = alice.each[0]!.client.start(bob.account, { media: 'AUDIO' });
    const [busy, ignoring, third] = await Promise.all(bob.each.map((phone) => phone.ringing()));
    expect(await busy!.decline('busy')).toMatchObject({ ok: true });
    expect(await ignoring!.decline('ignore')).toMatchObject({ ok: true });
    expect([busy!.state.value, busy!.endReason.value]).toEqual(['ENDED', 'BUSY']);
    expect(ignoring!.state.value).not.toBe('ENDED');
    expect(bob.each.map(({ client }) => client.incoming.value !== null)).toEqual([false, false, true]);
    await third!.answer();
    await Promise.all([reached(ours, 'ACTIVE'), reached(ignoring!, 'ENDED')]);
    expect(ignoring!.endReason.value).toBe('ANSWERED_ELSEWHERE');
    await ours.hangUp();
  });
});

describe('a caller', () => {
  it('may hang up before the service has named the call, and nobody goes on ringing', async () => {
    const [alice, bob] = [await devices(1), await devices(1)];
    const [caller, callee] = [alice.each[0]!, bob.each[0]!];
    const early = caller.client.start(bob.account, { media: 'AUDIO' });
    expect(await early.hangUp()).toMatchObject({ ok: true });
    expect([early.state.value, early.endReason.value]).toEqual(['ENDED', 'CANCELLED']);

    const late = caller.client.start(bob.account, { media: 'AUDIO' });
    const rung = await callee.ringing();
    expect(await late.hangUp()).toMatchObject({ ok: true });
    await reached(rung, 'ENDED');
    expect(rung.endReason.value).toBe('CANCELLED');
    expect(callee.client.incoming.value).toBeNull();
  });

  it('without a microphone hears of it, and nobody rings', async () => {
    const bob = await devices(1);
    const mute = phones.phone('mute/phone', { microphone: () => false });
    const call = mute.client.start(bob.account, { media: 'AUDIO' });
    await reached(call, 'ENDED');
    expect(call.endReason.value).toBe('MEDIA_FAILED');
    const media = { audio: true, video: false, reason: 'NotAllowedError' };
    expect(call.error.value).toMatchObject({ code: 'MEDIA_FAILED', details: { media } });
    expect(bob.each[0]!.client.incoming.value).toBeNull();
    expect(mute.lines).toEqual([]);
  });

  it('is told what is wrong with what it asked for', async () => {
    const [alice, bob] = [await devices(1), await devices(1)];
    const call = alice.each[0]!.client.start(bob.account, { media: 'AUDIO', attachment: 'x'.repeat(5_000) });
    await reached(call, 'ENDED');
    expect(call.endReason.value).toBeNull();
    expect(call.error.value).toMatchObject({ code: 'CALL_INPUT_INVALID' });
    expect(alice.each[0]!.client.calls.value).toEqual([]);
  });
});

describe('a callee', () => {
  it('who may not use the microphone yet can answer later: it rings on', async () => {
    let allowed = false;
    const alice = await devices(1);
    const bob = phones.phone('asked/phone', { microphone: () => allowed });
    await online(bob);
    const ours = alice.each[0]!.client.start('asked', { media: 'AUDIO' });
    const theirs = await bob.ringing();
    expect(await theirs.answer()).toMatchObject({ ok: false, error: { code: 'MEDIA_FAILED' } });
    expect(bob.client.incoming.value).toBe(theirs);
    allowed = true;
    expect(await theirs.answer()).toMatchObject({ ok: true });
    await reached(ours, 'ACTIVE');
    expect(await theirs.answer()).toMatchObject({ ok: false, error: { code: 'NOT_POSSIBLE' } });
    await ours.hangUp();
  });
});

describe('two who call each other at the same moment', () => {
  it.each([1, 2, 3])('have one call, and are both in it (round %i)', async () => {
    const [alice, bob] = [await devices(1), await devices(1)];
    const [one, other] = [alice.each[0]!, bob.each[0]!];
    const calls = [
      one.client.start(bob.account, { media: 'AUDIO' }),
      other.client.start(alice.account, { media: 'AUDIO' }),
    ];
    await Promise.all(calls.map((call) => reached(call, 'ACTIVE')));
    expect(calls[0]!.id).toBe(calls[1]!.id);
    await talk(one.line, other.line);
    for (const { client } of [one, other]) {
      expect(client.incoming.value).toBeNull();
      expect(client.calls.value).toHaveLength(1);
    }
    await calls[0]!.hangUp();
    await reached(calls[1]!, 'ENDED');
  });
});
