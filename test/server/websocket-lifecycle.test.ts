import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { SignalingError } from '../../src/errors.js';
import type { Viewer } from '../../src/identity/viewer.js';
import type { TestStream } from '../support/ws-stream.js';
import { openWire, type WireClient } from '../support/ws-client.js';
import { startWsWorld, until, type WsWorld, type WsWorldOptions } from '../support/ws-world.js';

let world: WsWorld;
const begin = async (options?: WsWorldOptions): Promise<WsWorld> => (world = await startWsWorld(options));
afterEach(() => world.close());

const named = (name: string) => ({ id: 'e', type: 'next', payload: { data: { events: { name } } } });
const inSeconds = (seconds: number): number => Math.floor(Date.now() / 1_000) + seconds;

/** A client with its event stream begun. */
async function streaming(claims?: Record<string, unknown>): Promise<{ client: WireClient; stream: TestStream }> {
  const client = await world.connect(claims);
  const before = world.streams.length;
  client.subscribe('e', 'subscription { events { name } }');
  await until(() => world.streams.length > before);
  return { client, stream: world.streams.at(-1) as TestStream };
}

/** Everything that comes until the socket closes, and how it closes. */
async function rest(client: WireClient) {
  const { code, reason } = await client.closed;
  return { messages: client.waiting, code, reason };
}

describe('when the session expires', () => {
  it('the stream says so as its last word, never complete, and the socket closes with 4403', async () => {
    await begin();
    const { client, stream } = await streaming({ exp: inSeconds(2) });
    stream.push('before');
    expect(await rest(client)).toEqual({
      messages: [named('before'), named('closed: SESSION_EXPIRED')],
      code: 4403,
      reason: 'Forbidden',
    });
    expect(stream.isReturned).toBe(true);
  });

  it('a socket without a stream closes with 4403', async () => {
    await begin();
    const client = await world.connect({ exp: inSeconds(1) });
    expect(await rest(client)).toEqual({ messages: [], code: 4403, reason: 'Forbidden' });
  });

  it('nothing new is begun, though the farewell and an answer are still under way', async () => {
    await begin();
    const { client } = await streaming({ exp: inSeconds(2) });
    client.subscribe('held', '{ slow(name: "held") }');
    await until(() => world.waitingAt.has('held'));
    expect(await client.next()).toEqual(named('closed: SESSION_EXPIRED'));
    client.subscribe('late', '{ slow(name: "late") }');
    expect((await client.closed).code).toBe(4403);
    expect([...world.waitingAt]).toEqual(['held']);
  });

  it('in years is not taken for now, nor looked at over and over', async () => {
    let looks = 0;
    const now = (): number => {
      looks += 1;
      return Date.now();
    };
    await begin({ clock: { now, elapsed: now }, silenceMs: 30 });
    const client = await world.connect({ exp: inSeconds(10 * 365 * 86_400) });
    for (let pings = 0; pings < 10; pings += 1) await once(client.socket, 'ping');
    expect(await client.run('{ mine }')).toEqual({ data: { mine: 'mine' } });
    // One for each pong; a timer of more than 24 days would fire at once, and again and again.
    expect(looks).toBeLessThan(30);
  });
});

describe('a revoked device', () => {
  it('is told DEVICE_REVOKED on all its sockets, which close with 4403; other devices are left alone', async () => {
    await begin();
    const phone = { sub: 'alice', device_id: 'phone' };
    const first = await streaming(phone);
    const second = await streaming(phone);
    const laptop = await streaming({ sub: 'alice', device_id: 'laptop' });
    const bob = await streaming({ sub: 'bob', device_id: 'phone' });
    world.door.revoke('alice', 'phone');
    for (const { client } of [first, second]) {
      expect(await rest(client)).toEqual({
        messages: [named('closed: DEVICE_REVOKED')],
        code: 4403,
        reason: 'Forbidden',
      });
    }
    for (const { client } of [laptop, bob]) expect(await client.settled()).toEqual([]);
  });

  it('is found while its connection is only being made', async () => {
    let draw = (_epoch: number): void => {};
    let isAsked = false;
    await begin({
      nextEpoch: () => {
        isAsked = true;
        return new Promise((resolve) => (draw = resolve));
      },
    });
    const client = await openWire(world.url);
    client.send({ type: 'connection_init', payload: { authorization: await world.bearer() } });
    await until(() => isAsked);
    world.door.revoke('account-1', 'device-1');
    draw(1);
    expect(await rest(client)).toEqual({ messages: [], code: 4403, reason: 'Forbidden' });
  });

  it('is found by the recheck, which asks for each connected device once, all in one batch', async () => {
    const asked: string[][] = [];
    let isRemoved = false;
    await begin({
      recheckMs: 20,
      recheck: (viewers: readonly Viewer[]) => {
        asked.push(viewers.map(({ accountId, deviceId }) => `${accountId}/${deviceId}`).sort());
        return Promise.resolve(viewers.filter(({ deviceId }) => isRemoved && deviceId === 'phone'));
      },
    });
    const phone = { sub: 'alice', device_id: 'phone' };
    const [first, second, laptop] = [await streaming(phone), await streaming(phone), await streaming({ sub: 'alice' })];
    isRemoved = true;
    for (const { client } of [first, second]) expect((await client.closed).code).toBe(4403);
    expect(asked).toContainEqual(['alice/device-1', 'alice/phone']);
    expect(await laptop.client.settled()).toEqual([]);
  });

  it('keeps its sockets while the recheck cannot be made', async () => {
    let asked = 0;
    const failures = [new SignalingError('CALL_UNAVAILABLE'), new Error('a defect')];
    await begin({
      recheckMs: 10,
      recheck: () => {
        asked += 1;
        const failure = failures.shift();
        return failure ? Promise.reject(failure) : Promise.resolve([]);
      },
    });
    const { client } = await streaming();
    await until(() => asked >= 4);
    expect(await client.settled()).toEqual([]);
    // What is known to happen is no defect.
    expect(world.defects).toEqual([new Error('a defect')]);
  });

  it('is asked for by one recheck at a time', async () => {
    let underWay = 0;
    let most = 0;
    let asked = 0;
    await begin({
      recheckMs: 5,
      recheck: async () => {
        most = Math.max(most, (underWay += 1));
        await new Promise((resolve) => setTimeout(resolve, 30));
        underWay -= 1;
        asked += 1;
        return [];
      },
    });
    await world.connect();
    await until(() => asked >= 3);
    expect(most).toBe(1);
  });
});
