import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Access } from '../../src/redis/connection.js';
import { Listener } from '../../src/redis/listener.js';
import { eventually } from '../support/process.js';

const ACCESS: Access = { tls: false, ca: '', username: null, password: null, database: 0, silentMs: 1_000 };

describe('a connection that only listens', () => {
  let server: Server;
  let listener: Listener;
  let socket: Socket;
  const told: string[] = [];
  beforeEach(async () => {
    told.length = 0;
    server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    listener = new Listener({ host: '127.0.0.1', port: (server.address() as AddressInfo).port }, ACCESS);
    listener.on('error', () => undefined);
    listener.onMessage = (message, channel) => told.push(`${channel}: ${String(message)}`);
    listener.onEnded = (channel) => told.push(`${channel} ended`);
    const accepted = once(server, 'connection');
    await listener.connect();
    [socket] = (await accepted) as [Socket];
    socket.on('error', () => undefined).resume();
  });
  afterEach(() => {
    listener.destroy();
    server.close();
  });

  /** An answer about a channel, or a message on it. */
  const said = (kind: string, channel: string, rest = ':1\r\n'): string =>
    `*3\r\n$${kind.length}\r\n${kind}\r\n$${channel.length}\r\n${channel}\r\n${rest}`;
  const ask = (...words: readonly string[]): Promise<unknown> =>
    listener.ask(...words).then(
      () => told.push(`${words.join(' ')} done`),
      (error: Error) => told.push(`${words.join(' ')}: ${error.message}`),
    );

  it('tells what ended by itself from what was asked for, in whatever pieces it comes', async () => {
    void ask('SSUBSCRIBE', 'a');
    void ask('PING');
    void ask('SUNSUBSCRIBE', 'b');
    void ask('SSUBSCRIBE', 'c');
    const answers = [
      said('sunsubscribe', 'x'),
      said('ssubscribe', 'a'),
      said('sunsubscribe', 'b'),
      '*2\r\n$4\r\npong\r\n$0\r\n\r\n',
      said('smessage', 'a', '$6\r\n1\r\n2é\r\n'),
      said('sunsubscribe', 'b'),
      '-MOVED 7 127.0.0.1:1\r\n',
    ];
    for (const byte of Buffer.from(answers.join(''))) {
      socket.write(Buffer.of(byte));
      await new Promise(setImmediate);
    }
    await eventually(() => told.length === 7);
    const byItself = told.filter((text) => /^\w(?: ended|:)/.test(text));
    expect(byItself).toEqual(['x ended', 'b ended', 'a: 1\r\n2é']);
    expect(told.filter((text) => !byItself.includes(text))).toEqual([
      'SSUBSCRIBE a done',
      'PING done',
      'SUNSUBSCRIBE b done',
      'SSUBSCRIBE c: redis: unexpected',
    ]);
  });

  it.each(['HTTP/1.1 400 Bad Request\r\n', said('subscribe', 'unasked')])('is over when it hears %j', async (text) => {
    const asked = ask('PING');
    socket.write(text);
    await asked;
    expect(told).toEqual(['PING: redis: unreachable']);
    expect(listener.isOpen).toBe(false);
    await expect(listener.ask('PING')).rejects.toMatchObject({ reason: 'unreachable' });
  });
});
