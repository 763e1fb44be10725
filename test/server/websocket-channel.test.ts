import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { LIMITS } from '../../src/limits.js';
import { createHeartbeat } from '../../src/server/heartbeat.js';
import { createChannel, type Channel } from '../../src/server/websocket-channel.js';
import { eventually } from '../support/process.js';

let server: Server;
let client: WebSocket;
let wire: Socket;
let channel: Channel;
const received: string[] = [];
beforeAll(async () => {
  server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const wss = new WebSocketServer({ server });
  client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  client.on('message', (data) => received.push(String(data)));
  const [socket, request] = (await once(wss, 'connection')) as [WebSocket, IncomingMessage];
  wire = request.socket;
  channel = createChannel(socket, { wire, heartbeat: createHeartbeat(60_000) });
});
afterAll(async () => {
  channel.terminate();
  await channel.left;
  server.close();
  await once(server, 'close');
});

describe('what is sent', () => {
  it('in one turn of the event loop leaves in one piece, in order', async () => {
    let pieces = 0;
    const { _write: write, _writev: writev } = wire;
    wire._write = (...args) => void ((pieces += 1), write.apply(wire, args));
    wire._writev = (...args) => void ((pieces += 1), writev?.apply(wire, args));
    for (const text of ['one', 'two', 'three']) void channel.send(text);
    await eventually(() => received.length === 3);
    expect([received, pieces]).toEqual([['one', 'two', 'three'], 1]);

    await channel.send('four');
    await eventually(() => received.length === 4);
    expect(pieces).toBe(2);
  });

  it('is waited for as soon as the other side does not read', async () => {
    client.pause();
    let isSent = true;
    // More than any buffer of the network takes.
    for (let n = 0; isSent && n < 1_000; n += 1) {
      isSent = await Promise.race([
        Promise.resolve(channel.send('x'.repeat(100_000))).then(() => true),
        new Promise<boolean>((resolve) => setTimeout(resolve, 1_000, false)),
      ]);
    }
    expect(isSent).toBe(false);
    client.resume();
    await eventually(() => !channel.hasUnsent());
  });

  it('and is never read ends the connection, before it is more than may wait', async () => {
    client.pause();
    let sent = 0;
    // In one turn: nothing of it leaves in between.
    for (; channel.isOpen && sent < 200; sent += 1) void channel.send('x'.repeat(100_000));
    expect(sent).toBe(Math.floor(LIMITS.unreadBytesPerSocket / 100_000) + 1);
    await channel.left;
    client.resume();
  });
});
