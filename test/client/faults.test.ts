/** Calls while the network or the server goes away. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { reached, talk, until, type Carrier } from './phone.js';
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

/** Mulberry32: small, and the same everywhere for the same seed. */
function randomNumbers(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  };
}

describe('connections that are cut at any moment of the set-up', () => {
  it.each<[Carrier, number]>([
    ['graphql-ws', 1],
    ['graphql-ws', 2],
    ['graphql-ws', 3],
    ['graphql-ws', 4],
    ['Apollo Client', 5],
    ['Apollo Client', 6],
  ])('cost no call (%s, seed %i)', async (carrier, seed) => {
    const [caller, callee] = [phones.phone(`${a}/phone`, { carrier }), phones.phone(`${b}/phone`, { carrier })];
    await online(caller, callee);
    const below = randomNumbers(seed);
    let cuts = 0;
    const cut = (): void => {
      (below(2) === 0 ? caller : callee).cut();
      cuts += 1;
      timer = cuts < 30 ? setTimeout(cut, below(60)) : undefined;
    };
    let timer: NodeJS.Timeout | undefined = setTimeout(cut, below(60));
    try {
      const ours = caller.client.start(b, { media: 'AUDIO' });
      const theirs = await callee.ringing();
      expect(await theirs.ring()).toMatchObject({ ok: true });
      expect(await theirs.answer()).toMatchObject({ ok: true });
      await Promise.all([reached(ours, 'ACTIVE'), reached(theirs, 'ACTIVE')]);
      await talk(caller.line, callee.line);
      expect(await ours.hangUp()).toMatchObject({ ok: true });
      await reached(theirs, 'ENDED');
      expect(theirs.endReason.value).toBe('COMPLETED');
      expect([ours.error.value, theirs.error.value]).toEqual([null, null]);
      expect(cuts).toBeGreaterThan(3);
    } finally {
      clearTimeout(timer);
    }
  });
});

describe('a user without a network', () => {
  it('can hang up at once, and the other side hears of it when the network is back', async () => {
    let away = false;
    const caller = phones.phone(`${a}/phone`, { origin: () => (away ? 'http://127.0.0.1:1' : phones.world.origin) });
    const callee = phones.phone(`${b}/phone`);
    const [ours, theirs] = await talking(caller, callee, b);
    away = true;
    caller.cut();
    await until(caller.client.state, (state) => state === 'connecting');
    const told = ours.hangUp();
    expect([ours.state.value, ours.endReason.value]).toEqual(['ENDED', 'COMPLETED']);
    expect(theirs.state.value).not.toBe('ENDED');
    away = false;
    expect(await told).toMatchObject({ ok: true });
    await reached(theirs, 'ENDED');
    expect(theirs.endReason.value).toBe('COMPLETED');
  });

  it('misses nothing of the call meanwhile', async () => {
    let away = false;
    const caller = phones.phone(`${a}/phone`);
    const callee = phones.phone(`${b}/phone`, { origin: () => (away ? 'http://127.0.0.1:1' : phones.world.origin) });
    await online(caller, callee);
    const ours = caller.client.start(b, { media: 'AUDIO' });
    const theirs = await callee.ringing();
    away = true;
    callee.cut();
    await until(callee.client.state, (state) => state === 'connecting');
    await ours.hangUp();
    away = false;
    await reached(theirs, 'ENDED');
    expect(theirs.endReason.value).toBe('CANCELLED');
  });
});

describe('a server that is killed in the middle of a call', () => {
  it('costs no word: both go on talking, know of it, and can hang up; one that forgets its calls ends the other', async () => {
    const server = await startPhoneWorld();
    try {
      const [caller, callee] = [server.phone(`${a}/phone`), server.phone(`${b}/phone`)];
      const [ours, theirs] = await talking(caller, callee, b);
      process.kill(server.world.server.pid, 'SIGKILL');
      for (const { client } of [caller, callee]) await until(client.state, (state) => state === 'connecting');
      await talk(caller.line, callee.line);
      expect([ours.state.value, theirs.state.value]).toEqual(['ACTIVE', 'ACTIVE']);

      void ours.hangUp();
      expect([ours.state.value, ours.endReason.value]).toEqual(['ENDED', 'COMPLETED']);
      expect(caller.client.calls.value).toEqual([]);
      await server.world.startAgain();
      await online(caller, callee);
      await reached(theirs, 'ENDED');
      expect(theirs.endReason.value).toBe('SIGNALING_LOST');

      const again = caller.client.start(b, { media: 'AUDIO' });
      await (await callee.ringing()).answer();
      await reached(again, 'ACTIVE');
      await again.hangUp();
    } finally {
      await server.close();
    }
  });
});
