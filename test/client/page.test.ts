/** Calls while their page is loaded again, opened twice, removed or closed. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { CallStorage, Transport } from '../../src/client/index.js';
import { webCryptoSignature } from '../support/fake-webhook.js';
import { eventually } from '../support/process.js';
import { reached, talk, until } from './phone.js';
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

function createStorage(entries = new Map<string, string>()): CallStorage & { copy(): CallStorage } {
  return {
    copy: () => createStorage(new Map(entries)),
    getItem: (key) => entries.get(key) ?? null,
    setItem: (key, value) => void entries.set(key, value),
    removeItem: (key) => void entries.delete(key),
  };
}

describe('a page that is loaded again', () => {
  it.each(['caller', 'callee'] as const)(
    'goes on with its call: the %s comes back, and nobody is asked',
    async (side) => {
      const storage = createStorage();
      const names = { caller: `${a}/phone`, callee: `${b}/phone` };
      const caller = phones.phone(names.caller, side === 'caller' ? { storage } : {});
      const callee = phones.phone(names.callee, side === 'callee' ? { storage } : {});
      const [ours, theirs] = await talking(caller, callee, b);
      const [left, stayed, staying] = side === 'caller' ? [caller, callee, theirs] : [callee, caller, ours];
      const formerId = staying.id;
      const states: string[] = [];
      staying.state.subscribe((state) => states.push(state));

      left.close();
      const back = phones.phone(names[side], { storage });
      await until(back.client.calls, ([call]) => call?.state.value === 'RECONNECTING');
      const call = back.client.calls.value[0]!;
      expect(call).toMatchObject({ account: side === 'caller' ? b : a, media: 'AUDIO' });
      await Promise.all([
        reached(call, 'ACTIVE'),
        eventually(() => staying.id !== formerId && staying.state.value === 'ACTIVE'),
      ]);
      expect(staying.id).toBe(call.id);
      expect(states).not.toContain('ENDED');
      expect(stayed.client.incoming.value).toBeNull();
      await talk(back.line, stayed.line);
      await call.hangUp();
      await reached(staying, 'ENDED');
      expect(staying.endReason.value).toBe('COMPLETED');
    },
  );

  it.each(['has', 'has not'] as const)(
    'and again, when it %s heard yet of the call that it began in place of the first',
    async (hasHeard) => {
      const storage = createStorage();
      const first = phones.phone(`${a}/phone`, { storage });
      const callee = phones.phone(`${b}/phone`);
      const [, staying] = await talking(first, callee, b);
      const formerId = staying.id;
      first.close();
      const beforeIt = storage.copy();
      const second = phones.phone(`${a}/phone`, { storage });
      await eventually(() => staying.id !== formerId && storage.getItem('voip-call-signaling')!.includes(staying.id!));
      second.close();

      const third = phones.phone(`${a}/phone`, { storage: hasHeard === 'has' ? storage : beforeIt });
      const [call] = await until(third.client.calls, ({ length }) => length === 1);
      await reached(call!, 'ACTIVE');
      await eventually(() => staying.id === call!.id && staying.state.value === 'ACTIVE');
      await talk(third.line, callee.line);
      expect(callee.client.incoming.value).toBeNull();
      await call!.hangUp();
      await reached(staying, 'ENDED');
    },
  );

  it('rings on, and connects when it is answered then', async () => {
    const storage = createStorage();
    const caller = phones.phone(`${a}/phone`);
    const before = phones.phone(`${b}/phone`, { storage });
    await online(caller, before);
    const ours = caller.client.start(b, { media: 'AUDIO' });
    await before.ringing();
    before.close();
    const after = phones.phone(`${b}/phone`, { storage });
    const theirs = await after.ringing();
    await theirs.answer();
    await reached(ours, 'ACTIVE');
    await talk(caller.line, after.line);
    await ours.hangUp();
  });

  it('gives up a call that was still ringing for it, as nobody could connect it any more', async () => {
    const storage = createStorage();
    const [caller, callee] = [phones.phone(`${a}/phone`, { storage }), phones.phone(`${b}/phone`)];
    await online(caller, callee);
    const ours = caller.client.start(b, { media: 'AUDIO' });
    const theirs = await callee.ringing();
    await reached(ours, 'INITIATED');
    caller.close();
    phones.phone(`${a}/phone`, { storage });
    await reached(theirs, 'ENDED');
    expect(theirs.endReason.value).toBe('CANCELLED');
  });

  it('gives up a call that rings already and was not named to the page before', async () => {
    const storage = createStorage();
    /** The answer to `startCall` never comes to the page. */
    const between = ({ execute, ...transport }: Transport): Transport => ({
      ...transport,
      execute: async (document, variables, ...rest) => {
        const answer = await execute(document, variables, ...rest);
        return 'startCall' in (answer as object) ? new Promise(() => {}) : answer;
      },
    });
    const [caller, callee] = [phones.phone(`${a}/phone`, { storage, between }), phones.phone(`${b}/phone`)];
    await online(caller, callee);
    const ours = caller.client.start(b, { media: 'AUDIO' });
    const theirs = await callee.ringing();
    expect([ours.id, ours.state.value]).toEqual([null, 'STARTING']);
    caller.close();
    const shown: number[] = [];
    const { client } = phones.phone(`${a}/phone`, { storage });
    client.calls.subscribe((calls) => shown.push(calls.length));
    await reached(theirs, 'ENDED');
    expect(theirs.endReason.value).toBe('CANCELLED');
    await eventually(() => storage.getItem('voip-call-signaling')!.includes('"calls":{}'));
    expect(Math.max(0, ...shown)).toBe(0);
    // The next one to the same account is another call.
    const again = client.start(b, { media: 'AUDIO' });
    await callee.ringing();
    await again.hangUp();
  });

  it('keeps a call that it began before it was told of those that are open', async () => {
    const [caller, callee] = [phones.phone(`${a}/phone`, { storage: createStorage() }), phones.phone(`${b}/phone`)];
    await online(callee);
    const ours = caller.client.start(b, { media: 'AUDIO' });
    const theirs = await callee.ringing();
    await online(caller);
    await theirs.answer();
    await Promise.all([reached(ours, 'ACTIVE'), reached(theirs, 'ACTIVE')]);
    await ours.hangUp();
  });

  it('and the other one too: who comes back second answers by itself', async () => {
    const storages = [createStorage(), createStorage()] as const;
    const before = [
      phones.phone(`${a}/phone`, { storage: storages[0] }),
      phones.phone(`${b}/phone`, { storage: storages[1] }),
    ];
    const [{ id }] = await talking(before[0]!, before[1]!, b);
    for (const phone of before) phone.close();
    const caller = phones.phone(`${a}/phone`, { storage: storages[0] });
    const [ours] = await until(caller.client.calls, ({ length }) => length === 1);
    // The call in the place of the first rings at a device that is not there.
    await eventually(() => ours!.id !== null && ours!.id !== id);
    const callee = phones.phone(`${b}/phone`, { storage: storages[1] });
    const [theirs] = await until(callee.client.calls, ({ length }) => length === 1);
    await Promise.all([reached(ours!, 'ACTIVE'), reached(theirs!, 'ACTIVE')]);
    await talk(caller.line, callee.line);
    expect([theirs!.id, callee.client.calls.value.length]).toEqual([ours!.id, 1]);
    await ours!.hangUp();
    await reached(theirs!, 'ENDED');
  });

  it('hears of what it missed when it had no call', async () => {
    const storage = createStorage();
    const [caller, before] = [phones.phone(`${a}/phone`), phones.phone(`${b}/phone`, { storage })];
    await online(caller, before);
    // The cursor is kept from the first event on.
    await eventually(() => /"cursor":"/.test(storage.getItem('voip-call-signaling') ?? ''));
    before.close();
    const ours = caller.client.start(b, { media: 'AUDIO' });
    await reached(ours, 'INITIATED');
    const after = phones.phone(`${b}/phone`, { storage });
    expect((await after.ringing()).account).toBe(a);
    await ours.hangUp();
  });
});

describe('a second page of the same device', () => {
  it('shows the calls as detached; the first says so, goes on talking, and can take them back', async () => {
    const [first, callee] = [phones.phone(`${a}/phone`), phones.phone(`${b}/phone`)];
    const [ours, theirs] = await talking(first, callee, b);
    const second = phones.phone(`${a}/phone`);
    await online(second);
    await until(first.client.state, (state) => state === 'elsewhere');
    expect(ours.state.value).toBe('DETACHED');
    await talk(first.line, callee.line);
    // The second does not touch it without its user.
    const [seen, ...others] = second.client.calls.value;
    expect([seen?.id, seen?.account, seen?.state.value, seen?.peer, others]).toEqual([
      ours.id,
      b,
      'DETACHED',
      null,
      [],
    ]);
    expect(theirs.state.value).toBe('ACTIVE');

    first.client.connect();
    await reached(ours, 'ACTIVE');
    await until(second.client.state, (state) => state === 'elsewhere');
    await theirs.hangUp();
    await reached(ours, 'ENDED');
  });

  it('rings no more in the first, and again when that takes its stream back', async () => {
    const [first, caller] = [phones.phone(`${b}/phone`), phones.phone(`${a}/phone`)];
    await online(first, caller);
    const ours = caller.client.start(b, { media: 'AUDIO' });
    const theirs = await first.ringing();
    const second = phones.phone(`${b}/phone`);
    await second.ringing();
    await until(first.client.incoming, (call) => call === null);
    expect(theirs.state.value).toBe('DETACHED');
    second.close();
    first.client.connect();
    expect(await first.ringing()).toBe(theirs);
    await theirs.answer();
    await reached(ours, 'ACTIVE');
    await talk(first.line, caller.line);
    await ours.hangUp();
  });
});

describe('a device that is removed from its account', () => {
  it('ends its calls, and does not come back', async () => {
    const secret = Buffer.alloc(32, 7).toString('base64');
    const server = await startPhoneWorld(1_800, { ADMIN_SECRET: secret });
    try {
      const [caller, callee] = [server.phone(`${a}/phone`), server.phone(`${b}/phone`)];
      const [ours, theirs] = await talking(caller, callee, b);
      const body = JSON.stringify({ accountId: a, deviceId: 'phone' });
      const timestamp = Math.floor(Date.now() / 1_000);
      const headers = {
        'content-type': 'application/json',
        'webhook-id': 'revocation-1',
        'webhook-timestamp': String(timestamp),
        'webhook-signature': await webCryptoSignature(secret, 'revocation-1', timestamp, body),
      };
      const url = `${server.world.origin}/admin/revocations`;
      expect((await fetch(url, { method: 'POST', headers, body })).status).toBe(204);
      await Promise.all([reached(ours, 'ENDED'), reached(theirs, 'ENDED')]);
      expect([ours, theirs].map(({ endReason }) => endReason.value)).toEqual(['DEVICE_REVOKED', 'DEVICE_REVOKED']);
      await until(caller.client.state, (state) => state === 'revoked');
      expect(caller.line.peer.connectionState).toBe('closed');
    } finally {
      await server.close();
    }
  });
});

describe('a client that is closed', () => {
  it('is closed for good, with its calls', async () => {
    const [caller, callee] = [phones.phone(`${a}/phone`), phones.phone(`${b}/phone`)];
    const [ours] = await talking(caller, callee, b);
    caller.client.close();
    expect([caller.client.state.value, ours.state.value]).toEqual(['closed', 'ENDED']);
    expect(caller.line.peer.connectionState).toBe('closed');
    expect(await ours.hangUp()).toMatchObject({ ok: true });
    caller.client.connect();
    expect(caller.client.state.value).toBe('closed');
  });
});
