import { afterEach, describe, expect, it } from '@jest/globals';
import { SignalingError } from '../../src/errors.js';
import type { TestStream } from '../support/ws-stream.js';
import { openWire, type WireClient } from '../support/ws-client.js';
import { startWsWorld, until, type WsWorld, type WsWorldOptions } from '../support/ws-world.js';

let world: WsWorld;
const begin = async (options?: WsWorldOptions): Promise<WsWorld> => (world = await startWsWorld(options));
afterEach(() => world.close());

const named = (name: string) => ({ id: 'e', type: 'next', payload: { data: { events: { name } } } });

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

describe('while what connections rest on is down', () => {
  it.each([
    ['the login service', { authenticate: () => Promise.reject(new SignalingError('CALL_UNAVAILABLE')) }],
    ['the store', { nextEpoch: () => Promise.reject(new SignalingError('CALL_UNAVAILABLE')) }],
  ])('%s: 1013, after which clients come back', async (_name, options) => {
    await begin(options);
    const client = await openWire(world.url);
    client.send({ type: 'connection_init', payload: { authorization: await world.bearer() } });
    expect(await rest(client)).toEqual({ messages: [], code: 1013, reason: 'Try again later' });
    expect(world.defects).toEqual([]);
  });

  it('a defect is reported, and not told: 1013', async () => {
    const defect = new Error('password=hunter2');
    await begin({ authenticate: () => Promise.reject(defect) });
    const client = await openWire(world.url);
    client.send({ type: 'connection_init' });
    expect(await rest(client)).toEqual({ messages: [], code: 1013, reason: 'Try again later' });
    expect(world.defects).toEqual([defect]);
  });

  it.each([
    ['begin', 'subscription { refused(code: "CALL_UNAVAILABLE") }', []],
    ['go on', 'subscription { broken(code: "CALL_UNAVAILABLE") }', [{ data: { broken: 1 } }]],
  ])(
    'a stream that cannot %s closes the socket with 1013: told of an error, a client would not come back',
    async (_n, query, before) => {
      await begin();
      const client = await world.connect();
      client.subscribe('s', query);
      const { messages, code } = await rest(client);
      expect(code).toBe(1013);
      expect(messages.map(({ payload }) => payload)).toEqual(before);
    },
  );

  it('queries and mutations are answered, and the socket lives', async () => {
    await begin();
    const client = await world.connect();
    expect(await client.run('{ fail(code: "CALL_UNAVAILABLE") }')).toMatchObject({
      data: { fail: null },
      errors: [{ extensions: { code: 'CALL_UNAVAILABLE', retryable: true } }],
    });
    expect(await client.run('{ need(code: "CALL_UNAVAILABLE") }')).toMatchObject({
      data: null,
      errors: [{ extensions: { code: 'CALL_UNAVAILABLE', retryable: true } }],
    });
    expect(await client.settled()).toEqual([]);
  });
});

describe('a connection', () => {
  it('closes with 1013 when a stream ends because its client is too slow, after the farewell', async () => {
    await begin();
    const { client, stream } = await streaming();
    for (let n = 0; n < 3; n += 1) stream.push(`event ${n}`);
    stream.close('TOO_SLOW');
    const events = ['event 0', 'event 1', 'event 2', 'closed: TOO_SLOW'].map(named);
    expect(await rest(client)).toEqual({ messages: events, code: 1013, reason: 'Try again later' });
  });

  it('closes with 4403 when a stream is the first to know that its device was revoked, and ends the others', async () => {
    await begin();
    const { client, stream } = await streaming();
    client.subscribe('other', 'subscription { events { name } }');
    await until(() => world.streams.length === 2);
    stream.close('DEVICE_REVOKED');
    expect(await rest(client)).toEqual({
      messages: [named('closed: DEVICE_REVOKED'), { ...named('closed: DEVICE_REVOKED'), id: 'other' }],
      code: 4403,
      reason: 'Forbidden',
    });
  });

  it('has the epoch that was drawn for it', async () => {
    const epochs: number[] = [];
    let epoch = 40;
    await begin({ nextEpoch: () => (epoch += 1), contextHook: (connection) => epochs.push(connection.epoch) });
    for (let n = 0; n < 2; n += 1) await (await world.connect()).run('{ hello }');
    expect(epochs).toEqual([41, 42]);
  });

  it('has its operations counted', async () => {
    const counted: string[] = [];
    await begin({ metrics: { graphqlRequest: (transport, outcome) => counted.push(`${transport} ${outcome}`) } });
    const client = await world.connect();
    await client.run('{ hello }');
    await client.run('{ fail(code: "CALL_NOT_FOUND") }');
    client.subscribe('e', 'subscription { events { name } }');
    await until(() => world.streams.length === 1);
    await client.run('subscription { refused(code: "CALL_NOT_FOUND") }');
    expect(counted).toEqual(['websocket ok', 'websocket error', 'websocket ok', 'websocket error']);
  });

  it('lives on when one of its streams has been taken over: complete', async () => {
    await begin();
    const { client, stream } = await streaming();
    stream.close('TAKEN_OVER');
    expect(await client.next()).toEqual(named('closed: TAKEN_OVER'));
    expect(await client.next()).toEqual({ id: 'e', type: 'complete' });
    expect(await client.run('{ hello }')).toEqual({ data: { hello: 'world' } });
    world.door.revoke('account-of-socket-1', 'device-1');
    expect(await rest(client)).toMatchObject({ messages: [], code: 4403 });
  });

  it('tells when the client has shown life', async () => {
    await begin({ silenceMs: 150 });
    const { stream } = await streaming();
    await until(() => stream.heardTimes > 2);
  });
});
