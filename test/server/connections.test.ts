/** Connections: bounded for each address, for each account once its token is known, and taken a few in each turn of the event loop. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { LIMITS } from '../../src/limits.js';
import { startWsWorld, until, type WsWorld, type WsWorldOptions } from '../support/ws-world.js';

let world: WsWorld;
const refused: string[] = [];
const sockets: Socket[] = [];
const begin = async (options?: WsWorldOptions): Promise<WsWorld> =>
  (world = await startWsWorld({ onDropped: (of) => refused.push(of), ...options }));
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  refused.length = 0;
  await world.close();
});

async function open(localAddress = '127.0.0.1'): Promise<Socket> {
  const socket = connect({ port: world.port, host: '127.0.0.1', localAddress });
  socket.on('error', () => {});
  sockets.push(socket);
  await once(socket, 'connect');
  return socket;
}

/** Sends a request over a connection that is kept. @returns the first line of the answer; null: the connection is gone */
async function ask(socket: Socket, authorization?: string): Promise<string | null> {
  const body = '{"query":"{ hello }"}';
  const token = authorization === undefined ? '' : `Authorization: ${authorization}\r\n`;
  const head = `POST /graphql HTTP/1.1\r\nHost: x\r\n${token}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
  const answered = once(socket, 'data').then(([data]) => String(data).split('\r\n', 1)[0] ?? '');
  const gone = once(socket, 'close').then(() => null);
  socket.write(head + body);
  return socket.destroyed ? null : Promise.race([answered, gone]);
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const OK = 'HTTP/1.1 200 OK';
const isOpen = (socket: Socket): boolean => !socket.destroyed && socket.readyState === 'open';
describe('connections that nobody is known on', () => {
  it('are 256 of one address: the one that has asked for nothing for longest makes room', async () => {
    await begin();
    const first = await open();
    const second = await open();
    for (let n = 2; n < LIMITS.unknownConnectionsPerAddress; n += 1) await open();
    await pause(1_000);
    // It has asked for something since: the second one is the oldest now.
    expect(await ask(first)).toBe(OK);
    const next = await open();
    expect(await ask(next)).toBe(OK);
    await until(() => !isOpen(second));
    expect(await ask(first)).toBe(OK);
    expect(refused).toEqual(['address']);
    expect(await world.held()).toBe(LIMITS.unknownConnectionsPerAddress);
  });

  it('take no room from those with a good token, nor from other addresses', async () => {
    await begin();
    const known = await open();
    expect(await ask(known, await world.bearer())).toBe(OK);
    const neighbour = await open('127.0.0.2');
    for (let n = 0; n < LIMITS.unknownConnectionsPerAddress; n += 1) await open();
    await pause(1_000);
    for (let n = 0; n < 20; n += 1) await open();
    await until(() => refused.length === 20);
    expect(await ask(known, await world.bearer())).toBe(OK);
    expect(await ask(neighbour)).toBe(OK);
  });

  it('are those of a WebSocket no more, which is counted by itself', async () => {
    await begin();
    const client = await world.connect();
    for (let n = 0; n < LIMITS.unknownConnectionsPerAddress; n += 1) await open();
    await pause(1_000);
    for (let n = 0; n < 20; n += 1) await open();
    await until(() => refused.length === 20);
    expect(await client.run('{ hello }')).toEqual({ data: { hello: 'world' } });
  });

  it('are not told apart by the address of a proxy of ours, which has those of all clients', async () => {
    await begin({ trustProxy: ['127.0.0.1'] });
    for (let n = 0; n < LIMITS.unknownConnectionsPerAddress; n += 1) await open();
    await pause(1_000);
    for (let n = 0; n < 20; n += 1) await open();
    expect(await ask(await open())).toBe(OK);
    expect(refused).toEqual([]);
    expect(await world.held()).toBe(LIMITS.unknownConnectionsPerAddress + 21);
  });

  it('are all served when many come at once, from one address too, with what they send at once', async () => {
    await begin();
    const tokens = [await world.bearer({ sub: 'alice' }), await world.bearer({ sub: 'bob' })];
    // Together no more than the system accepts ahead of a server of Node.js's: 511.
    const many = Array.from({ length: 100 }, async (_, n) => ask(await open(`127.0.${n % 50}.2`)));
    const ofOne = Array.from({ length: 400 }, async (_, n) => ask(await open(), tokens[n % 2]));
    expect(new Set(await Promise.all([...many, ...ofOne]))).toEqual(new Set([OK]));
    expect(refused).toEqual([]);
  });

  it('make room before one that has been of use, and that before one with half a request, down to the number there may be', async () => {
    await begin();
    const slow = await open();
    slow.write('POST /graphql HTTP/1.1\r\nHost: x\r\n');
    const ofUse = await open();
    expect(await ask(ofUse)).toBe(OK);
    // All in one second, when none makes room for another.
    const silent = await Promise.all(Array.from({ length: 300 }, () => open()));
    // The last ones are accepted then, and not taken yet.
    await pause(1_500);
    const next = await open();
    expect(await ask(next)).toBe(OK);
    expect(await world.held()).toBe(LIMITS.unknownConnectionsPerAddress);
    await until(() => silent.filter(isOpen).length === LIMITS.unknownConnectionsPerAddress - 3);
    expect([slow, ofUse, next].map(isOpen)).toEqual([true, true, true]);
    const answered = once(slow, 'data').then(([data]) => String(data).split('\r\n', 1)[0]);
    slow.write('Content-Type: application/json\r\nContent-Length: 21\r\n\r\n{"query":"{ hello }"}');
    expect(await answered).toBe(OK);
  });

  it('are 4 times as many at most, whatever they do', async () => {
    await begin();
    const most = 4 * LIMITS.unknownConnectionsPerAddress;
    const first = await open();
    for (let n = 1; n < most + 10; n += 1) await open();
    await until(() => !isOpen(first));
    expect(await world.held()).toBeLessThanOrEqual(most);
  });
});

describe('connections of an account', () => {
  it('are 256, from wherever it comes: those that have asked for nothing for longest make room', async () => {
    await begin();
    const [alice, mallory] = [await world.bearer({ sub: 'alice' }), await world.bearer({ sub: 'mallory' })];
    const neighbour = await open();
    expect(await ask(neighbour, alice)).toBe(OK);
    const many: Socket[] = [];
    for (let n = 0; n < LIMITS.connectionsPerAccount; n += 1) {
      const socket = await open(`127.0.${n % 4}.2`);
      expect(await ask(socket, mallory)).toBe(OK);
      many.push(socket);
    }
    await pause(1_000);
    const more = await open('127.0.4.2');
    expect(await ask(more, mallory)).toBe(OK);
    await until(() => many.filter(isOpen).length === LIMITS.connectionsPerAccount - 1);
    expect(isOpen(many[0] as Socket)).toBe(false);
    expect(refused).toEqual(['account']);
    expect(await ask(neighbour, alice)).toBe(OK);
    expect(await ask(more, mallory)).toBe(OK);
  });

  it('are those on which its token came last: a backend asks for many over one', async () => {
    await begin();
    const socket = await open();
    for (const sub of ['alice', 'bob', 'alice']) expect(await ask(socket, await world.bearer({ sub }))).toBe(OK);
    expect(await ask(socket)).toBe(OK);
  });
});
