import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { SignalingError } from '../../src/errors.js';
import { LIMITS } from '../../src/limits.js';
import { eventually } from '../support/process.js';
import { openWire, refusedStatus, type WireClient } from '../support/ws-client.js';
import { startWsWorld, until, type WsWorld, type WsWorldOptions } from '../support/ws-world.js';

let world: WsWorld;
const begin = async (options?: WsWorldOptions): Promise<WsWorld> => (world = await startWsWorld(options));
afterEach(() => world.close());

const EVENTS = 'subscription { events { name } }';
const hello = { data: { hello: 'world' } };
const limited = {
  message: 'Too many requests. Please wait before trying again.',
  extensions: { code: 'CALL_RATE_LIMITED', status: 429, retryable: true },
};

describe('a client that could not be judged', () => {
  it('counts for nothing at its address: others behind it are let in', async () => {
    const authenticate = () => Promise.reject(new SignalingError('CALL_UNAVAILABLE'));
    const { url, bearer } = await begin({ authenticate });
    const token = await bearer();
    const closes = Array.from({ length: 2 * LIMITS.silentSocketsPerAddressAndSecond }, async () => {
      const { send, closed } = await openWire(url);
      send({ type: 'connection_init', payload: { authorization: token } });
      return (await closed).code;
    });
    expect(new Set(await Promise.all(closes))).toEqual(new Set([1013]));
    const { socket } = await openWire(url);
    socket.terminate();
  });
});

describe('an upgrade', () => {
  it('is for the path only, whatever its query', async () => {
    const { url } = await begin();
    expect(await refusedStatus(url.replace('/graphql', '/else'))).toBe(404);
    expect(await refusedStatus(`${url}/more`)).toBe(404);
    const { socket } = await openWire(`${url}?v=1`);
    socket.terminate();
  });

  it('for another path is left to the host, where it listens too', async () => {
    const { url, server } = await begin();
    const asked: (string | undefined)[] = [];
    server.on('upgrade', ({ url: path }: IncomingMessage, socket: Duplex) => {
      asked.push(path);
      socket.end('HTTP/1.1 418 Other\r\nContent-Length: 0\r\n\r\n');
    });
    expect(await refusedStatus(url.replace('/graphql', '/else'))).toBe(418);
    expect(asked).toEqual(['/else']);
  });

  it.each([
    ['none, as from an app', undefined, true],
    ['the same host', 'same', true],
    ['an allowed one', 'https://app.example.com', true],
    ['any other', 'https://evil.example', false],
    ['a look-alike', 'https://app.example.com.evil.example', false],
    ['an opaque one', 'null', false],
  ])('from a page of %s: %s %s', async (_name, given, passes) => {
    const { url, port } = await begin({ allowsOrigin: (origin) => origin === 'https://app.example.com' });
    const origin = given === 'same' ? `http://127.0.0.1:${port}` : given;
    const headers = origin === undefined ? {} : { origin };
    if (!passes) return expect(await refusedStatus(url, { headers })).toBe(403);
    const { socket } = await openWire(url, { headers });
    socket.terminate();
  });

  it('carries the gateway secret where one is set', async () => {
    const { url } = await begin({ gatewaySecret: 'between-us' });
    expect(await refusedStatus(url)).toBe(403);
    expect(await refusedStatus(url, { headers: { 'x-gateway-secret': 'between-them' } })).toBe(403);
    const { socket } = await openWire(url, { headers: { 'x-gateway-secret': 'between-us' } });
    socket.terminate();
  });
});

describe('sockets', () => {
  /** The close code of a socket that asks to be let in, or that it was. */
  async function outcome(claims: Record<string, unknown>): Promise<number | 'in'> {
    const client = await openWire(world.url);
    client.send({ type: 'connection_init', payload: { authorization: await world.bearer(claims) } });
    return Promise.race([client.next().then(() => 'in' as const), client.closed.then(({ code }) => code)]).catch(
      async () => (await client.closed).code,
    );
  }

  it('of a device: 4; one more is closed with 1013, and those there are live on', async () => {
    await begin();
    const device = { sub: 'alice', device_id: 'phone' };
    const clients = await Promise.all(Array.from({ length: 4 }, () => world.connect(device)));
    expect(await outcome(device)).toBe(1013);
    expect(await outcome({ sub: 'alice', device_id: 'laptop' })).toBe('in');
    expect(await outcome({ sub: 'bob', device_id: 'phone' })).toBe('in');
    for (const client of clients) expect(await client.run('{ hello }')).toEqual(hello);

    clients[0]?.socket.close();
    await clients[0]?.closed;
    expect(await outcome(device)).toBe('in');
  });

  it('of which many more come and read no close: only a few are waited for, and the account is let in again', async () => {
    await begin();
    const device = { sub: 'alice', device_id: 'phone' };
    const clients = await Promise.all(Array.from({ length: 4 }, () => world.connect(device)));
    const token = await world.bearer(device);
    const many = await Promise.all(
      Array.from({ length: 30 }, async () => {
        const { socket, send } = await openWire(world.url);
        send({ type: 'connection_init', payload: { authorization: token } });
        socket.pause();
        return socket;
      }),
    );
    // The others are gone long before the 2 s in which a close may be answered.
    const most = LIMITS.socketsPerDevice + LIMITS.socketsTurnedAwayPerAccount;
    await eventually(async () => (await world.held()) <= most, 1_500);
    for (const socket of many) socket.terminate();
    for (const client of clients) expect(await client.run('{ hello }')).toEqual(hello);
    clients[0]?.socket.close();
    await clients[0]?.closed;
    expect(await outcome(device)).toBe('in');
  });

  it('of a device that answer nothing any more are dropped for a fifth, and those that answer are not', async () => {
    await begin();
    const device = { sub: 'alice', device_id: 'phone' };
    const alive = [await world.connect(device), await world.connect(device)];
    const ghosts = [await world.connect(device, { autoPong: false }), await world.connect(device, { autoPong: false })];
    const other = await world.connect({ sub: 'alice', device_id: 'laptop' }, { autoPong: false });
    const fifth = await world.connect(device);
    expect(await fifth.run('{ hello }')).toEqual(hello);
    expect(await Promise.all(ghosts.map(({ closed }) => closed.then(({ code }) => code)))).toEqual([1006, 1006]);
    for (const client of [...alive, other]) expect(await client.run('{ hello }')).toEqual(hello);
    expect(await outcome(device)).toBe('in');
    expect(await outcome(device)).toBe(1013);
  });

  it('of an account that answer nothing any more are dropped for one more', async () => {
    await begin();
    for (let n = 0; n < 32; n += 1) {
      await world.connect({ sub: 'alice', device_id: `device-${n % 8}` }, { autoPong: n > 0 });
    }
    expect(await outcome({ sub: 'alice', device_id: 'device-8' })).toBe('in');
    expect(await outcome({ sub: 'alice', device_id: 'device-8' })).toBe(1013);
  });

  it('of a device: exactly 4 of 20 that come at the same time', async () => {
    await begin();
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => outcome({ sub: 'alice' })));
    expect(outcomes.filter((each) => each === 'in')).toHaveLength(4);
    expect(outcomes.filter((each) => each === 1013)).toHaveLength(16);
  });

  it('of an account: 32', async () => {
    await begin();
    for (let n = 0; n < 32; n += 1) expect(await outcome({ sub: 'alice', device_id: `device-${n % 8}` })).toBe('in');
    expect(await outcome({ sub: 'alice', device_id: 'device-8' })).toBe(1013);
    expect(await outcome({ sub: 'bob' })).toBe('in');
  });

  it('of the process: as many as are set; one more is closed with 1013', async () => {
    await begin({ maxSockets: 2 });
    const first = await world.connect();
    const second = await world.connect();
    expect(await outcome({ sub: 'third' })).toBe(1013);
    expect(await first.run('{ hello }')).toEqual(hello);

    second.socket.close();
    await second.closed;
    await until(() => world.door.sockets === 1);
    const third = await world.connect();
    expect(await third.run('{ hello }')).toEqual(hello);
  });
});

describe('operations on one socket', () => {
  /** A socket with as many streams as it may have. */
  async function full(): Promise<WireClient> {
    const client = await world.connect();
    for (let n = 0; n < 64; n += 1) client.subscribe(`stream-${n}`, EVENTS);
    await until(() => world.streams.length === 64);
    return client;
  }

  it('are 64 at once; one more is refused for itself alone, and the socket lives', async () => {
    await begin();
    const client = await full();
    client.subscribe('more', '{ hello }');
    expect(await client.next()).toEqual({ id: 'more', type: 'error', payload: [limited] });
    client.complete('stream-0');
    await client.settled();
    expect(await client.run('{ hello }')).toEqual(hello);
    world.streams[1]?.push('alive');
    expect(await client.next()).toMatchObject({ id: 'stream-1', payload: { data: { events: { name: 'alive' } } } });
  });

  it('leave room for hangUpCall alone', async () => {
    await begin();
    const client = await full();
    expect(await client.run('mutation { end: hangUpCall }')).toEqual({ data: { end: 'ended' } });
    const both = 'mutation { hangUpCall change(signal: { sdp: "v=0" }) }';
    for (const query of [both, 'query hangUpCall { hello }']) expect(await client.run(query)).toEqual([limited]);
  });

  it('beyond the limit are not read: what is wrong with them is not told', async () => {
    await begin();
    const client = await full();
    const padded = `mutation { hangUpCall } #${' '.repeat(3_000)}`;
    for (const query of ['{ hello', '{ nope }', padded]) expect(await client.run(query)).toEqual([limited]);
  });

  it('may be 16 of hangUpCall beside the 64, and no more', async () => {
    await begin();
    const client = await full();
    for (let n = 0; n < 17; n += 1) client.subscribe(`end-${n}`, `mutation { hangUpCall(name: "end-${n}") }`);
    expect(await client.settled()).toEqual([{ id: 'end-16', type: 'error', payload: [limited] }]);
    for (const name of world.waitingAt) world.open(name);
  });

  it('of which some end a call leave 64 for the others', async () => {
    await begin();
    const client = await world.connect();
    for (let n = 0; n < 3; n += 1) client.subscribe(`end-${n}`, `mutation { hangUpCall(name: "end-${n}") }`);
    for (let n = 0; n < 64; n += 1) client.subscribe(`stream-${n}`, EVENTS);
    expect(await client.settled()).toEqual([]);
    expect(world.streams).toHaveLength(64);
    for (const name of world.waitingAt) world.open(name);
  });

  it('may be asked for 5,000 times at once: 64 run, the others are refused', async () => {
    await begin();
    const client = await world.connect();
    for (let n = 0; n < 5_000; n += 1) client.subscribe(`stream-${n}`, EVENTS);
    const answers = await client.settled();
    expect(answers.filter(({ type }) => type === 'error')).toHaveLength(4_936);
    expect(world.streams).toHaveLength(64);
  });

  it('that were completed count until they are over', async () => {
    await begin();
    const client = await world.connect();
    for (let n = 0; n < 64; n += 1) {
      client.subscribe(`slow-${n}`, `{ slow(name: "${n}") }`);
      client.complete(`slow-${n}`);
    }
    await client.settled();
    expect(await client.run('{ hello }')).toEqual([limited]);
    for (const name of world.waitingAt) world.open(name);
    await client.settled();
    expect(await client.run('{ hello }')).toEqual(hello);
  });
});

describe('a connection that only begins', () => {
  it('does not take a socket away from anybody', async () => {
    const { port, door } = await begin({ maxSockets: 1 });
    const slow: Socket = connect(port, '127.0.0.1');
    await once(slow, 'connect');
    slow.write('GET /graphql HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n');
    const client = await world.connect();
    expect(await client.run('{ hello }')).toEqual(hello);
    expect(door.sockets).toBe(1);
    slow.destroy();
    await once(slow, 'close');
  });
});
