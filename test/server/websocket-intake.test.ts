/** What a socket brings is read in pieces, each within its account's share of a turn of the event loop. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import type { WebSocket } from 'ws';
import { createShares } from '../../src/server/shares.js';
import { takeMessages } from '../../src/server/websocket-intake.js';
import type { Session } from '../../src/server/websocket-protocol.js';
import { settled } from '../support/clock.js';
import { untilStill } from '../support/process.js';
import { startWsWorld, until, type WsWorld } from '../support/ws-world.js';

it('frames that ask for nothing are read within the share too: others have theirs between the pieces', async () => {
  let now = 0;
  const shares = createShares({ elapsed: () => now });
  const wire = new PassThrough();
  const pieces: Buffer[] = [];
  // As ws reads: all that came, at once.
  wire.on('data', (piece: Buffer) => {
    pieces.push(piece);
    now += 1;
  });
  const held: string[] = [];
  const channel = { isOpen: true, isFull: false, onRoom: () => {} };
  const holding = { hold: () => held.push('hold'), letGo: () => held.push('let go') };
  const session = { wire, channel: { ...channel, ...holding }, connection: { viewer: { accountId: 'mallory' } } };
  const socket = new EventEmitter() as unknown as WebSocket;
  takeMessages(socket, session as unknown as Session, { shares, receive: () => {} });

  // A segment full of pongs (RFC 6455, section 5.5.3), of which nobody has asked for one.
  const pongs = Buffer.concat(Array(10_900).fill(Buffer.from([0x8a, 0x80, 0, 0, 0, 0])));
  wire.write(pongs);
  await settled();
  const [first, others] = [pieces.length, Math.ceil(pongs.length / 4_096)];
  expect(first).toBeLessThan(6);
  expect(held).toContain('hold');
  expect(shares.run('alice', () => {})).toBe(true);
  for (let n = 0; n < others; n += 1) await settled();
  expect(Buffer.concat(pieces).equals(pongs)).toBe(true);
  expect(held.at(-1)).toBe('let go');
});

describe('a client that does not read its answers', () => {
  let world: WsWorld;
  afterEach(() => world.close());

  it('is asked nothing more of: operations wait until it reads, and are all answered then, in order', async () => {
    world = await startWsWorld();
    const mallory = await world.connect();
    const answered: string[] = [];
    mallory.socket.on('message', (data) => {
      const { id, type } = JSON.parse(String(data)) as { id: string; type: string };
      if (type === 'next' || type === 'error') answered.push(id);
    });
    mallory.socket.pause();
    // All in one segment, and 30 MB of answers: more than the network holds.
    const ids = Array.from({ length: 60 }, (_, n) => `n${n}`);
    for (const id of ids) mallory.subscribe(id, '{ big(bytes: 500000) }');
    await untilStill(() => world.bigAnswers);
    expect(world.bigAnswers).toBeLessThan(ids.length / 2);
    mallory.socket.resume();
    await until(() => answered.length === ids.length);
    expect(answered).toEqual(ids);
  });
});
