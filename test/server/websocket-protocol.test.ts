import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openWire, type WireClient } from '../support/ws-client.js';
import { startWsWorld, until, type WsWorld } from '../support/ws-world.js';

let world: WsWorld;
const opened: WireClient[] = [];
const open: typeof openWire = async (...args) => {
  const client = await openWire(...args);
  opened.push(client);
  return client;
};
const EVENTS = 'subscription { events { name } }';
const named = (name: string) => ({ data: { events: { name } } });

beforeAll(async () => {
  world = await startWsWorld();
});
afterAll(async () => {
  for (const { socket } of opened) socket.terminate();
  await world.close();
});

/** A socket with its event stream begun. */
async function streaming(id = 'e') {
  const client = await world.connect();
  const before = world.streams.length;
  client.subscribe(id, EVENTS);
  await until(() => world.streams.length > before);
  const stream = world.streams.at(-1);
  if (!stream) throw new Error('no stream');
  return { client, stream };
}

describe('the subprotocol', () => {
  it.each([
    ['none', { protocols: [] }],
    ['another', { protocols: [], headers: { 'sec-websocket-protocol': 'graphql-ws' } }],
  ])('%s is refused with 4406', async (_name, options) => {
    const client = await open(world.url, options);
    expect(await client.closed).toEqual({ code: 4406, reason: 'Subprotocol not acceptable' });
  });

  it('is chosen from several', async () => {
    const client = await open(world.url, { protocols: ['mqtt', 'graphql-transport-ws'] });
    expect(client.socket.protocol).toBe('graphql-transport-ws');
    expect(client.socket.extensions).toBe('');
  });
});

describe('connection_init', () => {
  it('is acknowledged without a payload', async () => {
    const client = await open(world.url);
    client.send({ type: 'connection_init', payload: { authorization: await world.bearer() } });
    expect(await client.next()).toEqual({ type: 'connection_ack' });
  });

  it('may leave the token to the upgrade request, as gateways do', async () => {
    const client = await open(world.url, { headers: { authorization: await world.bearer() } });
    await client.init();
    expect(await client.run('{ mine }')).toEqual({ data: { mine: 'mine' } });
  });

  it('within 3 seconds, or the socket closes with 4408', async () => {
    const client = await open(world.url);
    expect(await client.closed).toEqual({ code: 4408, reason: 'Connection initialisation timeout' });
  });

  it.each([
    ['no token', () => undefined],
    ['no Bearer token', () => 'Basic YTpi'],
    ['a token that is none', () => 'Bearer nonsense'],
    ['an expired token', () => world.bearer({ exp: Math.floor(Date.now() / 1_000) - 1 })],
    ['a token for somebody else', () => world.bearer({ aud: 'mail' })],
  ])('with %s is refused with 4403, after which clients come back with another', async (_name, authorization) => {
    const client = await open(world.url);
    client.send({ type: 'connection_init', payload: { authorization: await authorization() } });
    expect(await client.closed).toMatchObject({
      code: 4403,
      reason: expect.stringMatching(/^(Forbidden|No token in .*)$/),
    });
    expect(client.waiting).toEqual([]);
  });

  it('twice is refused with 4429, also while the first is being looked at', async () => {
    const after = await world.connect();
    after.send({ type: 'connection_init' });
    expect((await after.closed).code).toBe(4429);

    const during = await open(world.url);
    during.send({ type: 'connection_init', payload: { authorization: await world.bearer() } });
    during.send({ type: 'connection_init' });
    expect(await during.closed).toEqual({ code: 4429, reason: 'Too many initialisation requests' });
  });

  it('has to come before any operation: 4401', async () => {
    const client = await open(world.url);
    client.subscribe('1', '{ hello }');
    expect(await client.closed).toEqual({ code: 4401, reason: 'Unauthorized' });
  });
});

describe('pings and pongs of the protocol', () => {
  it('a ping is answered, its payload echoed', async () => {
    const client = await world.connect();
    client.send({ type: 'ping' });
    expect(await client.next()).toEqual({ type: 'pong' });
    client.send({ type: 'ping', payload: { at: 1 } });
    expect(await client.next()).toEqual({ type: 'pong', payload: { at: 1 } });
  });

  it('a pong is ignored', async () => {
    const client = await world.connect();
    client.send({ type: 'pong', payload: {} });
    expect(await client.settled()).toEqual([]);
  });
});

describe('an operation', () => {
  it('that is a query or mutation is answered with next and complete', async () => {
    const client = await world.connect();
    client.subscribe('q', '{ hello }');
    expect(await client.next()).toEqual({ id: 'q', type: 'next', payload: { data: { hello: 'world' } } });
    expect(await client.next()).toEqual({ id: 'q', type: 'complete' });
    expect(await client.run('mutation { change(signal: { sdp: "v=0" }) }')).toEqual({ data: { change: 'changed' } });
  });

  it('that is completed before its result is not answered', async () => {
    const client = await world.connect();
    client.subscribe('q', '{ slow(name: "cancelled") }');
    await until(() => world.waitingAt.has('cancelled'));
    client.complete('q');
    await client.settled();
    world.open('cancelled');
    expect(await client.run('{ hello }')).toEqual({ data: { hello: 'world' } });
    expect(await client.settled()).toEqual([]);
  });

  it('that is not valid is answered with error, and no complete', async () => {
    const client = await world.connect();
    client.subscribe('q', '{ nope }');
    expect(await client.next()).toMatchObject({ id: 'q', type: 'error' });
    expect(await client.settled()).toEqual([]);
  });

  it.each([
    ['running', EVENTS],
    ['being prepared', '{ slow(name: "twice") }'],
  ])('under the id of one that is %s closes the socket with 4409', async (_name, query) => {
    const client = await world.connect();
    client.subscribe('same', query);
    client.subscribe('same', '{ hello }');
    expect(await client.closed).toEqual({ code: 4409, reason: 'Subscriber already exists' });
    world.open('twice');
  });

  it('may have the id of one that the client has completed, and gets answers of its own only', async () => {
    const client = await world.connect();
    client.subscribe('same', '{ slow(name: "old") }');
    await until(() => world.waitingAt.has('old'));
    client.complete('same');
    client.subscribe('same', '{ hello }');
    expect(await client.settled()).toEqual([]);
    world.open('old');
    expect(await client.next()).toEqual({ id: 'same', type: 'next', payload: { data: { hello: 'world' } } });
    expect(await client.next()).toEqual({ id: 'same', type: 'complete' });
  });

  it('that waits for its id can be completed in its turn, and begun again, but not begun twice', async () => {
    const client = await world.connect();
    client.subscribe('same', '{ slow(name: "older") }');
    await until(() => world.waitingAt.has('older'));
    client.complete('same');
    client.subscribe('same', '{ slow(name: "never") }');
    client.complete('same');
    client.subscribe('same', '{ hello }');
    await client.settled();
    world.open('older');
    expect(await client.next()).toMatchObject({ id: 'same', payload: { data: { hello: 'world' } } });
    expect(world.waitingAt.has('never')).toBe(false);

    client.subscribe('again', '{ slow(name: "oldest") }');
    await until(() => world.waitingAt.has('oldest'));
    client.complete('again');
    client.subscribe('again', '{ hello }');
    client.subscribe('again', '{ hello }');
    expect((await client.closed).code).toBe(4409);
    world.open('oldest');
  });
});

describe('a subscription', () => {
  it('delivers its events in order, then complete', async () => {
    const client = await world.connect();
    client.subscribe('t', 'subscription { ticks(count: 3) }');
    for (const ticks of [1, 2, 3]) {
      expect(await client.next()).toEqual({ id: 't', type: 'next', payload: { data: { ticks } } });
    }
    expect(await client.next()).toEqual({ id: 't', type: 'complete' });
  });

  it('delivers nothing after the client has completed it, is given back, and complete is not echoed', async () => {
    const { client, stream } = await streaming();
    stream.push('one');
    expect((await client.next()).payload).toEqual(named('one'));
    client.complete('e');
    await until(() => stream.isReturned);
    stream.push('two');
    expect(await client.settled()).toEqual([]);
  });

  it('that is completed while it begins delivers nothing', async () => {
    const client = await world.connect();
    const before = world.streams.length;
    client.subscribe('e', EVENTS);
    client.complete('e');
    expect(await client.settled()).toEqual([]);
    for (const stream of world.streams.slice(before)) {
      stream.push('late');
      await until(() => stream.isReturned);
    }
    expect(await client.settled()).toEqual([]);
  });

  it('leaves its id free after complete, from either side', async () => {
    const { client, stream } = await streaming('same');
    stream.close('TAKEN_OVER');
    expect((await client.next()).payload).toEqual(named('closed: TAKEN_OVER'));
    expect(await client.next()).toEqual({ id: 'same', type: 'complete' });
    client.subscribe('same', EVENTS);
    await client.settled();
    client.complete('same');
    client.subscribe('same', '{ hello }');
    expect(await client.next()).toEqual({ id: 'same', type: 'next', payload: { data: { hello: 'world' } } });
  });

  it('that fails in mid-stream is answered with error and no complete; the socket lives', async () => {
    const client = await world.connect();
    client.subscribe('b', 'subscription { broken(code: "CALL_NOT_FOUND") }');
    expect((await client.next()).payload).toEqual({ data: { broken: 1 } });
    expect(await client.next()).toMatchObject({ id: 'b', type: 'error', payload: [{ message: 'No such call.' }] });
    expect(await client.settled()).toEqual([]);
    expect(await client.run('{ hello }')).toEqual({ data: { hello: 'world' } });
  });

  it('is given back when the client goes away', async () => {
    const { client, stream } = await streaming();
    client.socket.terminate();
    await until(() => stream.isReturned);
  });
});
