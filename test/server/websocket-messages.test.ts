import { afterEach, describe, expect, it } from '@jest/globals';
import { LIMITS } from '../../src/limits.js';
import { startWsWorld, type WsWorld, type WsWorldOptions } from '../support/ws-world.js';

let world: WsWorld;
const begin = async (options?: WsWorldOptions): Promise<WsWorld> => (world = await startWsWorld(options));
afterEach(() => world.close());

const EVENTS = 'subscription { events { name } }';
const hello = { data: { hello: 'world' } };

describe('a message', () => {
  const padded = (bytes: number): string => {
    const message = { id: 'm', type: 'subscribe', payload: { query: '{ hello }', extensions: { pad: '' } } };
    message.payload.extensions.pad = 'x'.repeat(bytes - JSON.stringify(message).length);
    return JSON.stringify(message);
  };

  it('of 256 KiB is taken, of one byte more closes the socket with 1009', async () => {
    await begin();
    const client = await world.connect();
    client.send(padded(256 * 1024));
    expect((await client.next()).payload).toEqual(hello);
    await client.next();
    client.send(padded(256 * 1024 + 1));
    expect((await client.closed).code).toBe(1009);
  });

  it('of 2,048 JSON values is taken, of one more closes the socket with 1009', async () => {
    await begin();
    const client = await world.connect();
    // Beside them: id, type, payload, query and variables, and the commas between them.
    const sent = (values: number): object => ({
      id: 'm',
      type: 'subscribe',
      payload: { query: '{ hello }', variables: { list: Array(values - 8).fill('a,b') } },
    });
    client.send(sent(LIMITS.messageValues));
    expect((await client.next()).payload).toEqual(hello);
    await client.next();
    client.send(sent(LIMITS.messageValues + 1));
    expect((await client.closed).code).toBe(1009);
  });

  it('of 64 fragments is taken, of one more closes the socket with 1008', async () => {
    await begin();
    const client = await world.connect();
    const send = (fragments: number): void => {
      const text = padded(500);
      for (let n = 0; n < fragments - 1; n += 1) client.socket.send(text[n] ?? '', { fin: false });
      client.socket.send(text.slice(fragments - 1), { fin: true });
    };
    send(64);
    expect((await client.next()).payload).toEqual(hello);
    await client.next();
    send(65);
    expect((await client.closed).code).toBe(1008);
  });

  it('of 16,000 fragments of one byte closes the socket with 1008', async () => {
    await begin();
    const client = await world.connect();
    for (let n = 0; n < 16_000; n += 1) client.socket.send('x', { fin: false });
    expect((await client.closed).code).toBe(1008);
  });

  it.each([
    ['no JSON', '{'],
    ['no object', '[]'],
    ['nothing', 'null'],
    ['of no type', '{"id":"1"}'],
    ['of an unknown type', '{"type":"start","id":"1","payload":{"query":"{ hello }"}}'],
    ['for clients only', '{"type":"next","id":"1","payload":{}}'],
    ['without an id', '{"type":"subscribe","payload":{"query":"{ hello }"}}'],
    ['with an empty id', '{"type":"subscribe","id":"","payload":{"query":"{ hello }"}}'],
    ['without a query', '{"type":"subscribe","id":"1","payload":{}}'],
    ['with variables that are none', '{"type":"subscribe","id":"1","payload":{"query":"{ hello }","variables":[]}}'],
    ['complete without an id', '{"type":"complete"}'],
    ['noise', '\u0000(\u00c3'],
  ])('that is %s closes the socket with 4400', async (_name, text) => {
    await begin();
    const client = await world.connect();
    client.send(text);
    expect(await client.closed).toEqual({ code: 4400, reason: 'Invalid message' });
    expect(world.defects).toEqual([]);
  });

  it('that quotes 64 KiB in its id closes the socket in words of fixed length', async () => {
    await begin();
    const client = await world.connect();
    const id = 'é'.repeat(32 * 1024);
    client.subscribe(id, EVENTS);
    client.subscribe(id, EVENTS);
    expect(await client.closed).toEqual({ code: 4409, reason: 'Subscriber already exists' });
  });

  it('may name an operation like a property that every object has', async () => {
    await begin();
    const client = await world.connect();
    for (const id of ['__proto__', 'constructor', 'toString']) {
      client.subscribe(id, '{ hello }');
      expect(await client.next()).toEqual({ id, type: 'next', payload: hello });
      expect(await client.next()).toEqual({ id, type: 'complete' });
    }
  });
});
