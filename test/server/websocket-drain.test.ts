import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Worker } from 'node:worker_threads';
import { WebSocketServer, type WebSocket } from 'ws';
import { createHeartbeat } from '../../src/server/heartbeat.js';
import { createChannel } from '../../src/server/websocket-channel.js';
import { openWire, refusedStatus } from '../support/ws-client.js';
import { startWsWorld, until, type WsWorld, type WsWorldOptions } from '../support/ws-world.js';

let world: WsWorld;
const begin = async (options?: WsWorldOptions): Promise<WsWorld> => (world = await startWsWorld(options));
afterEach(() => world.close());

const EVENTS = 'subscription { events { name } }';
const named = (id: string, name: string) => ({ id, type: 'next', payload: { data: { events: { name } } } });

/** A server is given 5 s to stop; the rest is for a machine that is busy. */
async function closeInTime(): Promise<void> {
  const from = performance.now();
  await world.door.close();
  expect(performance.now() - from).toBeLessThan(9_000);
}

describe('a drain', () => {
  it('tells every stream SHUTDOWN as its last word, lets answers out, and closes with 1012', async () => {
    await begin();
    const client = await world.connect();
    client.subscribe('e', EVENTS);
    client.subscribe('f', EVENTS);
    client.subscribe('q', '{ slow(name: "answer") }');
    await until(() => world.streams.length === 2 && world.waitingAt.has('answer'));
    const silent = await openWire(world.url);

    const drained = world.door.close();
    expect(await silent.closed).toEqual({ code: 1012, reason: 'Service restart' });
    expect(await client.next()).toEqual(named('e', 'closed: SHUTDOWN'));
    expect(await client.next()).toEqual(named('f', 'closed: SHUTDOWN'));
    world.open('answer');
    expect(await client.closed).toEqual({ code: 1012, reason: 'Service restart' });
    expect(client.waiting).toEqual([
      { id: 'q', type: 'next', payload: { data: { slow: 'answer' } } },
      { id: 'q', type: 'complete' },
    ]);
    await drained;
    expect(world.streams.every(({ isReturned }) => isReturned)).toBe(true);
    expect(world.door.sockets).toBe(0);
  });

  it('says goodbye to some at a time, and serves the others until then', async () => {
    await begin();
    const clients = await Promise.all(Array.from({ length: 200 }, () => world.connect()));
    const goodbyes: number[] = [];
    const all = clients.map(async ({ closed }) => {
      expect(await closed).toEqual({ code: 1012, reason: 'Service restart' });
      goodbyes.push(performance.now());
    });
    const drained = world.door.close();
    await clients[0]!.closed;
    expect(await clients.at(-1)!.run('{ hello }')).toEqual({ data: { hello: 'world' } });
    expect(goodbyes.length).toBeLessThan(100);
    await Promise.all([...all, drained]);
    // 20 each 50 ms.
    expect(goodbyes.at(-1)! - goodbyes[0]!).toBeGreaterThan(400);
  });

  it('takes no more sockets', async () => {
    await begin();
    const client = await world.connect();
    client.subscribe('q', '{ slow(name: "held") }');
    await until(() => world.waitingAt.has('held'));
    const drained = world.door.close();
    expect(await refusedStatus(world.url)).toBe(503);
    world.open('held');
    await drained;
  });

  it('tells a stream too that begins only now', async () => {
    await begin();
    const client = await world.connect();
    client.subscribe('q', '{ slow(name: "answer") }');
    client.subscribe('e', 'subscription { events(gate: "stream") { name } }');
    await until(() => world.waitingAt.size === 2);
    const drained = world.door.close();
    world.open('stream');
    expect(await client.next()).toEqual(named('e', 'closed: SHUTDOWN'));
    world.open('answer');
    await drained;
  });

  it('does not wait for ever for an answer', async () => {
    await begin();
    const client = await world.connect();
    client.subscribe('never', '{ slow(name: "never") }');
    await until(() => world.waitingAt.has('never'));
    await closeInTime();
    expect((await client.closed).code).toBe(1012);
  });

  it('is over within 5 s, though a client does not read', async () => {
    await begin();
    const client = await world.connect();
    client.subscribe('e', EVENTS);
    await until(() => world.streams.length === 1);
    client.socket.pause();
    // More than the buffers of the two ends hold.
    client.subscribe('big', '{ big(bytes: 16000000) }');
    await until(() => world.bigAnswers === 1);
    world.streams[0]?.push('unread');
    await closeInTime();
    expect(world.door.sockets).toBe(0);
  });

  it('is over within 5 s, though a client does not answer the close', async () => {
    const { port, login } = await begin();
    const worker = new Worker(SILENT_CLIENT, { eval: true, workerData: { port, token: await login.token() } });
    await once(worker, 'message');
    await closeInTime();
    await worker.terminate();
  });

  it('leaves no timer behind', async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const before = timers();
    await begin();
    const client = await world.connect();
    client.subscribe('e', EVENTS);
    await until(() => world.streams.length === 1);
    await openWire(world.url);
    await world.close();
    await client.closed;
    expect(timers()).toBeLessThanOrEqual(before);
  });

  it('can be asked for twice', async () => {
    await begin();
    await Promise.all([world.door.close(), world.door.close()]);
    await world.door.close();
  });
});

/** Writes what a client writes, by hand, and reads the acknowledgement, then nothing more. */
const SILENT_CLIENT = `
  const { workerData, parentPort } = require('node:worker_threads');
  const { WebSocket } = require('ws');
  const socket = new WebSocket('ws://127.0.0.1:' + workerData.port + '/graphql', 'graphql-transport-ws');
  socket.on('open', () => {
    const payload = { authorization: 'Bearer ' + workerData.token };
    socket.send(JSON.stringify({ type: 'connection_init', payload }));
  });
  socket.on('message', () => { socket.pause(); parentPort.postMessage('in'); });
  socket.on('error', () => {});
`;

describe('a client that is gone', () => {
  it('is noticed by the pings that it does not answer', async () => {
    await begin({ silenceMs: 60 });
    const dead = await world.connect({}, { autoPong: false });
    const alive = await world.connect();
    expect((await dead.closed).code).toBe(1006);
    for (let pings = 0; pings < 4; pings += 1) await once(alive.socket, 'ping');
    expect(await alive.run('{ hello }')).toEqual({ data: { hello: 'world' } });
  });

  it('is not one whose pong came while this process stood still', async () => {
    await begin();
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const wss = new WebSocketServer({ server });
    const { port } = server.address() as AddressInfo;
    const worker = new Worker(
      `
      const { WebSocket } = require('ws');
      new WebSocket('ws://127.0.0.1:${port}').on('error', () => {});
    `,
      { eval: true },
    );
    const [socket, { socket: wire }] = (await once(wss, 'connection')) as [WebSocket, IncomingMessage];
    const write = wire.write.bind(wire) as (chunk: Buffer) => boolean;
    let pings = 0;
    wire.write = (chunk: Buffer) => {
      const isTaken = write(chunk);
      pings += 1;
      // Three times as long as an answer may take, in which the pong arrives, and nobody looks.
      if (pings === 2) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
      return isTaken;
    };
    const channel = createChannel(socket, { wire, heartbeat: createHeartbeat(300) });
    await until(() => pings === 4 || !channel.isOpen);
    expect(channel.isOpen).toBe(true);

    channel.terminate();
    await channel.left;
    await worker.terminate();
    wss.close();
    server.close();
    await once(server, 'close');
  });
});

describe('a client that does not read', () => {
  it('is asked nothing more of before long, and is gone with the next pings', async () => {
    await begin({ silenceMs: 1_500 });
    const client = await world.connect();
    client.socket.pause();
    const payload = { pad: 'x'.repeat(100_000) };
    for (let n = 0; n < 600; n += 1) client.send({ type: 'ping', payload });
    await until(() => world.door.sockets === 0);
    // Of 60 MB the server took no more than the network's own buffers have room for the echo of.
    expect(world.bytesRead()).toBeLessThan(15_000_000);
  });

  it('for a while is served again when it reads again', async () => {
    await begin();
    const client = await world.connect();
    client.socket.pause();
    const payload = { pad: 'x'.repeat(100_000) };
    for (let n = 0; n < 200; n += 1) client.send({ type: 'ping', payload });
    await until(() => world.bytesRead() > 1_000_000);
    client.socket.resume();
    for (let n = 0; n < 200; n += 1) expect((await client.next()).type).toBe('pong');
    expect(await client.run('{ hello }')).toEqual({ data: { hello: 'world' } });
  });
});
