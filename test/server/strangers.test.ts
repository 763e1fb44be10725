/** Limits before identity: who has not said who it is, is bounded by address, and harms nobody behind the same one. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect } from 'node:net';
import { LIMITS } from '../../src/limits.js';
import { createStrangers, type Strangers } from '../../src/server/strangers.js';
import { SetClock } from '../support/clock.js';
import { openWire, refusedStatus, type WireClient } from '../support/ws-client.js';
import { startWsWorld, until, type WsWorld, type WsWorldOptions } from '../support/ws-world.js';

let world: WsWorld;
const silent: WireClient[] = [];
/** Stands still until a test moves it, so that a slow machine changes no count. */
const clock = new SetClock();
const begin = async (options?: WsWorldOptions): Promise<WsWorld> =>
  (world = await startWsWorld({ strangers: createStrangers({ clock }), ...options }));
afterEach(async () => {
  for (const { socket } of silent.splice(0)) socket.terminate();
  await world?.close();
});

/** Sockets that are opened and say nothing. */
async function openSilent(count: number, headers: Record<string, string> = {}): Promise<void> {
  for (let n = 0; n < count; n += 1) silent.push(await openWire(world.url, { headers }));
}

/** All places of those who have said nothing are taken, until there is room. */
function fullUntil(hasRoom: () => boolean): Strangers {
  const strangers = createStrangers({ clock });
  const enter: Strangers['enter'] = (...args) => {
    const stranger = strangers.enter(...args);
    return stranger && Object.assign(stranger, { mayComeIn: hasRoom });
  };
  return { ...strangers, enter };
}

const hello = { data: { hello: 'world' } };
const from = (address: string) => ({ localAddress: address });
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function post(authorization?: string, body = '{"query":"{ hello }"}'): Promise<Response> {
  const headers = { 'content-type': 'application/json', ...(authorization !== undefined && { authorization }) };
  return fetch(world.url.replace('ws:', 'http:'), { method: 'POST', headers, body });
}

describe('sockets that say nothing', () => {
  it('are 64 of one address: the next upgrade is refused, other addresses and good tokens are let in', async () => {
    await begin();
    await openSilent(LIMITS.silentSocketsPerAddress);
    expect(await refusedStatus(world.url)).toBe(429);

    const other = await world.connect({}, from('127.0.0.2'));
    expect(await other.run('{ hello }')).toEqual(hello);
    const own = await world.connect({}, { headers: { authorization: await world.bearer() } });
    expect(await own.run('{ hello }')).toEqual(hello);
    expect((await post(await world.bearer())).status).toBe(200);
    // A bad token buys nothing.
    expect(await refusedStatus(world.url, { headers: { authorization: 'Bearer bad' } })).toBe(429);
  });

  it('let in by a good token are 32 of one account: other accounts of the address are let in', async () => {
    await begin();
    await openSilent(LIMITS.silentSocketsPerAddress);
    const mine = { authorization: await world.bearer({ sub: 'a-silent' }) };
    // Those that have said more are not counted.
    for (let n = 0; n < 3; n += 1) await world.connect({ sub: 'a-silent' }, { headers: mine });
    await openSilent(LIMITS.silentSocketsPerAccount, mine);
    expect(await refusedStatus(world.url, { headers: mine })).toBe(429);
    const headers = { authorization: await world.bearer({ sub: 'a-other' }) };
    const other = await world.connect({ sub: 'a-other' }, { headers });
    expect(await other.run('{ hello }')).toEqual(hello);

    const before = world.door.sockets;
    silent.at(-1)?.socket.terminate();
    await until(() => world.door.sockets < before);
    const own = await world.connect({ sub: 'a-silent' }, { headers: mine });
    expect(await own.run('{ hello }')).toEqual(hello);
  });

  it('make room, the oldest first, for one that has a token to send, once they were silent for a second', async () => {
    await begin();
    await openSilent(LIMITS.silentSocketsPerAddress);
    await clock.advance(1_000);
    const client = await world.connect();
    expect(await client.run('{ hello }')).toEqual(hello);
    expect((await silent[0]?.closed)?.code).toBe(4408);
    expect(silent[1]?.socket.readyState).toBe(1);
  });

  it('of all addresses have too many: an upgrade waits until one makes room', async () => {
    let hasRoom = false;
    await begin({ strangers: fullUntil(() => hasRoom) });
    const waiting = world.connect();
    await pause(100);
    expect(world.door.sockets).toBe(0);
    hasRoom = true;
    expect(await (await waiting).run('{ hello }')).toEqual(hello);
  });

  it('that wait too long are told to come back, with a good token in the headers they are let in', async () => {
    const time = new SetClock(Date.now());
    await begin({ clock: time, strangers: fullUntil(() => false) });
    const stranger = refusedStatus(world.url);
    const known = world.connect({}, { headers: { authorization: await world.bearer() } });
    let isOver = false;
    void Promise.all([stranger, known]).finally(() => (isOver = true));
    while (!isOver) {
      await pause(100);
      await time.advance(LIMITS.upgradeWaitMs);
    }
    expect(await stranger).toBe(503);
    expect(await (await known).run('{ hello }')).toEqual(hello);
  });

  it('take no place of those that are known', async () => {
    await begin({ maxSockets: 2 });
    await openSilent(5);
    const clients = [await world.connect(), await world.connect()];
    for (const client of clients) expect(await client.run('{ hello }')).toEqual(hello);
    const third = await openWire(world.url);
    third.send({ type: 'connection_init', payload: { authorization: await world.bearer({ sub: 'third' }) } });
    expect((await third.closed).code).toBe(1013);
  });

  it('are forgotten when they are known: 200 from one address, one after the other', async () => {
    await begin();
    for (let n = 0; n < 200; n += 1) {
      const client = await openWire(world.url);
      await client.init(await world.bearer({ sub: `account-${n}` }));
      client.socket.close();
      await client.closed;
    }
    expect(await (await world.connect()).run('{ hello }')).toEqual(hello);
  });

  it('that come and go are 20 a second', async () => {
    await begin();
    let refused = 0;
    for (let n = 0; n < LIMITS.silentSocketsPerAddressAndSecond + 10; n += 1) {
      const client = await openWire(world.url).catch(() => null);
      if (!client) refused += 1;
      const before = world.door.sockets;
      client?.socket.terminate();
      await client?.closed;
      if (client) await until(() => world.door.sockets < before);
    }
    expect(refused).toBe(10);
    await clock.advance(1_000);
    expect(await (await world.connect()).run('{ hello }')).toEqual(hello);
  });

  it('may send what a token needs, and no more', async () => {
    await begin();
    const client = await openWire(world.url);
    client.send({ type: 'ping', payload: { padding: 'x'.repeat(LIMITS.connectionInitBytes) } });
    expect((await client.closed).code).toBe(1006);
    const known = await world.connect();
    const long = `{ hello # ${'x'.repeat(LIMITS.connectionInitBytes)}\n}`;
    expect(await known.run(long)).toEqual(hello);
  });

  it('may send no more in one piece with the upgrade request either', async () => {
    await begin();
    const socket = connect(world.port, '127.0.0.1');
    let answer = '';
    socket.on('data', (data) => (answer += String(data)));
    const authorization = await world.bearer();
    const payload = { authorization, padding: 'x'.repeat(2 * LIMITS.connectionInitBytes) };
    const init = Buffer.from(JSON.stringify({ type: 'connection_init', payload }));
    // A masked text frame with a length of 16 bits; the mask is zero (RFC 6455, section 5.2).
    const frame = Buffer.from([0x81, 0xfe, init.length >> 8, init.length & 0xff, 0, 0, 0, 0]);
    const upgrade =
      'GET /graphql HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n';
    socket.on('error', () => {});
    socket.write(Buffer.concat([Buffer.from(upgrade), frame, init]));
    const closed = once(socket, 'close');
    await until(() => answer.includes('connection_ack') || socket.destroyed);
    expect(answer).not.toContain('connection_ack');
    await closed;
    expect(answer).toMatch(/^HTTP\/1.1 101 /);
  });

  it('are no strangers where the gateway has a secret', async () => {
    await begin({ gatewaySecret: 'between-us' });
    await openSilent(LIMITS.silentSocketsPerAddress + 10, { 'x-gateway-secret': 'between-us' });
    expect(world.door.sockets).toBe(LIMITS.silentSocketsPerAddress + 10);
  });

  it('are told apart by the address that a trusted proxy saw', async () => {
    await begin({ trustProxy: ['127.0.0.1'] });
    await openSilent(LIMITS.silentSocketsPerAddress, { 'x-forwarded-for': '198.51.100.1, 203.0.113.7' });
    const upgrade = (forwarded: string) => ({ headers: { 'x-forwarded-for': forwarded } });
    expect(await refusedStatus(world.url, upgrade('192.0.2.1, 203.0.113.7'))).toBe(429);
    const other = await openWire(world.url, upgrade('203.0.113.7, 203.0.113.8'));
    other.socket.terminate();
  });
});

describe('tokens that are refused', () => {
  it('are 50 a second of one address, then 429 that GraphQL clients read; a good one is served', async () => {
    await begin();
    const answers = await Promise.all(Array.from({ length: 300 }, (_, n) => post(`Bearer bad-${n}`)));
    const limited = answers.filter(({ status }) => status === 429);
    expect(answers.length - limited.length).toBe(LIMITS.refusedTokensPerAddressAndSecond);
    expect(limited[0]?.headers.get('retry-after')).toBe('1');
    expect(await limited[0]?.json()).toEqual({
      errors: [
        {
          message: 'Too many requests. Please wait before trying again.',
          extensions: { code: 'CALL_RATE_LIMITED', status: 429, retryable: true, retryAfterSeconds: 1 },
        },
      ],
    });
    expect(await (await post(await world.bearer())).json()).toEqual(hello);
  });

  it('refused tokens close their socket with 4403, as ever', async () => {
    await begin();
    const client = await openWire(world.url);
    client.send({ type: 'connection_init', payload: { authorization: 'Bearer bad' } });
    expect(await client.closed).toEqual({ code: 4403, reason: 'Forbidden' });
  });
});

describe('requests without a token', () => {
  it('are 2 MiB a second of one address, and are not read beyond it', async () => {
    await begin();
    const body = JSON.stringify({ query: '{ hello }', variables: { padding: 'x'.repeat(200 * 1024) } });
    const answers = await Promise.all(Array.from({ length: 40 }, () => post(undefined, body)));
    // 2 MiB hold ten of them.
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(10);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(30);
    expect((await post(await world.bearer(), body)).status).toBe(200);
  });
});

describe('what is counted', () => {
  it('stays bounded when each request comes from a network of its own', () => {
    const strangers = createStrangers({ clock });
    for (let n = 0; n < 50_000; n += 1) {
      const network = `2001:db8:${(n >> 16).toString(16)}:${(n & 0xffff).toString(16)}::1`;
      strangers.refusedToken(network);
      strangers.anonymousRequest(network, 0);
      strangers.enter(network, () => {})?.left();
    }
    expect(strangers.addresses).toBe(10_000);
  });

  it('is forgotten after a second, so that others are told apart again', async () => {
    const strangers = createStrangers({ clock });
    for (let n = 0; n < 10_000; n += 1) strangers.refusedToken(`10.1.${n >> 8}.${n & 255}`);
    await clock.advance(1_000);
    strangers.refusedToken('192.0.2.1');
    expect(strangers.addresses).toBe(1);
  });

  it('of all addresses together is bounded, and the oldest makes room', async () => {
    const strangers = createStrangers({ clock });
    const dropped: number[] = [];
    const enter = (n: number) => strangers.enter(`10.0.${n >> 8}.${n & 255}`, () => dropped.push(n));
    for (let n = 0; n < LIMITS.silentSockets; n += 1) expect(enter(n)?.mayComeIn()).toBe(true);
    const next = enter(LIMITS.silentSockets);
    expect(next?.mayComeIn()).toBe(false);
    await clock.advance(1_000);
    expect(next?.mayComeIn()).toBe(true);
    expect(dropped).toEqual([0]);
  });

  it('makes no room before it has come in: it could not say anything', async () => {
    const strangers = createStrangers({ clock });
    const enter = () => strangers.enter('192.0.2.1', () => {});
    for (let n = 0; n < LIMITS.silentSocketsPerAddress; n += 1) enter();
    await clock.advance(5_000);
    expect(enter()).toBeNull();
  });

  it('are not those that have sent a token: while it is looked at, they keep their places', async () => {
    const time = new SetClock();
    const strangers = createStrangers({ clock: time });
    const dropped: number[] = [];
    const enter = (n: number) => {
      const entered = strangers.enter('192.0.2.1', () => dropped.push(n));
      entered?.mayComeIn();
      return entered;
    };
    const entered = Array.from({ length: LIMITS.silentSocketsPerAddress }, (_, n) => enter(n));
    entered[0]?.spoke();
    await time.advance(5_000);
    expect(enter(100)).not.toBeNull();
    expect(dropped).toEqual([1]);
    for (const each of entered) each?.spoke();
    await time.advance(999);
    expect(enter(101)).toBeNull();
    expect(dropped).toEqual([1]);
  });

  it('is not kept when somebody sets the wall clock', async () => {
    const strangers = createStrangers({ clock });
    for (let n = 0; n <= LIMITS.refusedTokensPerAddressAndSecond; n += 1) strangers.refusedToken('192.0.2.1');
    expect(strangers.refusedToken('192.0.2.1')).toBe(true);
    clock.setWall(-3_600_000);
    await clock.advance(1_000);
    expect(strangers.refusedToken('192.0.2.1')).toBe(false);
  });
});

describe('a connection that says nothing at all', () => {
  it('or half of its headers, or half of its body, is ended after 10 s', async () => {
    await begin();
    const said = [
      '',
      'POST /graphql HTTP/1.1\r\nHost: x\r\n',
      'POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
    ];
    const openedAt = performance.now();
    const open = new Set(said);
    for (const text of said) {
      const socket = connect(world.port, '127.0.0.1');
      await once(socket, 'connect');
      socket.resume().write(text);
      void once(socket, 'close').then(() => open.delete(text));
    }
    await pause(9_000);
    expect([...open]).toEqual(said);
    await until(() => open.size === 0);
    // It was 30 s and more; what is above 12 is the machine's.
    expect(performance.now() - openedAt).toBeLessThan(25_000);
  });
});
