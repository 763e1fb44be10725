/** Who asks for more than its share of a turn of the event loop waits for the next one; nobody else does. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createShares } from '../../src/server/shares.js';
import { SetClock, settled } from '../support/clock.js';
import { untilStill } from '../support/process.js';
import { startWsWorld, type WsWorld } from '../support/ws-world.js';

describe('a share of a turn', () => {
  it('is 2 ms of work: what comes on top is begun in the next turns, in order', async () => {
    let now = 0;
    const shares = createShares({ elapsed: () => now });
    const begun: number[] = [];
    const isNow = Array.from({ length: 7 }, (_, n) => shares.run('mallory', () => void ((now += 1), begun.push(n))));
    expect(isNow).toEqual([true, true, false, false, false, false, false]);
    expect(begun).toEqual([0, 1]);
    await settled();
    expect(begun).toEqual([0, 1, 2, 3]);
    // Behind those that wait.
    expect(shares.run('mallory', () => void begun.push(7))).toBe(false);
    for (let n = 0; n < 2; n += 1) await settled();
    expect(begun).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it('is of its owner alone, and is there again in the next turn', async () => {
    let now = 0;
    const shares = createShares({ elapsed: () => now });
    const work = (): void => void (now += 5);
    expect(shares.run('mallory', work)).toBe(true);
    expect(shares.run('mallory', work)).toBe(false);
    expect(shares.run('alice', work)).toBe(true);
    expect(shares.run({}, work)).toBe(true);
    for (let n = 0; n < 3; n += 1) await settled();
    expect(shares.run('mallory', work)).toBe(true);
  });

  it('is less where many wait: all of them together have 4 ms of a turn, by turns, and 0.5 ms while somebody comes', async () => {
    let now = 0;
    const shares = createShares({ elapsed: () => now });
    const begun = new Map<number, number>();
    const owners = Array.from({ length: 8 }, (_, n) => n);
    const work = (owner: number) => () => {
      now += 1;
      begun.set(owner, (begun.get(owner) ?? 0) + 1);
    };
    for (let n = 0; n < 10; n += 1) for (const owner of owners) shares.run(`${owner}`, work(owner));
    const total = (): number => [...begun.values()].reduce((sum, count) => sum + count, 0);
    // What was begun at once: a few, and then what each may have however full the turn is.
    const first = total();
    expect(first).toBeLessThanOrEqual(2 * owners.length);
    for (let turn = 0; turn < 12; turn += 1) {
      const before = total();
      await settled();
      expect(total() - before).toBeLessThanOrEqual(4);
    }
    const counts = [...begun.values()];
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(3);

    shares.hurry();
    const before = total();
    await settled();
    expect(total() - before).toBe(1);
    while (total() < 80) await settled();
  });

  it('is measured when a work says afterwards what it counts for', async () => {
    const shares = createShares(new SetClock());
    const isNow = Array.from({ length: 4 }, () =>
      shares.run(
        'mallory',
        () => {},
        () => 1,
      ),
    );
    expect(isNow).toEqual([true, true, false, false]);
    await settled();
  });

  it('is 20 works at most, for what they begin goes on by itself', async () => {
    const shares = createShares(new SetClock());
    const isNow = Array.from({ length: 25 }, () => shares.run('mallory', () => {}));
    expect(isNow.filter(Boolean)).toHaveLength(20);
    await settled();
  });
});

describe('who sends thousands of messages in one piece', () => {
  let world: WsWorld;
  afterEach(() => world.close());

  const COUNT = 3_000;

  it.each([
    [
      'operations that are not valid',
      () => '{"type":"subscribe","id":"ID","payload":{"query":"{ nothing ID }"}}',
      'error',
    ],
    ['pings of GraphQL', () => '{"type":"ping"}', 'pong'],
  ])('%s: has all of them answered, in order, after others have theirs', async (_what, text, type) => {
    world = await startWsWorld();
    const mallory = await world.connect();
    const alice = await world.connect();
    let answered = 0;
    mallory.socket.on('message', (data) => {
      const message = JSON.parse(String(data)) as { type: string; id?: string };
      expect(message.type).toBe(type);
      if (message.id !== undefined) expect(message.id).toBe(`n${answered}`);
      answered += 1;
    });
    for (let n = 0; n < COUNT; n += 1) mallory.send(text().replaceAll('ID', `n${n}`));
    for (let n = 0; n < 5; n += 1) {
      const before = answered;
      expect(await alice.run('{ hello }')).toEqual({ data: { hello: 'world' } });
      // A few turns of the event loop, of the server and of this process.
      expect(answered - before).toBeLessThan(COUNT / 6);
    }
    while (answered < COUNT) await settled();
    expect(await alice.run('{ hello }')).toEqual({ data: { hello: 'world' } });
  });

  it('pings of WebSocket, and reads none of the pongs: it is not read from while they wait, and has all in the end', async () => {
    world = await startWsWorld();
    const mallory = await world.connect();
    const read = world.bytesRead();
    const count = 120_000;
    let pongs = 0;
    mallory.socket.on('pong', () => (pongs += 1));
    mallory.socket.pause();
    for (let n = 0; n < count; n += 1) mallory.socket.ping(Buffer.alloc(125, 'x'));
    await untilStill(world.bytesRead, read);
    // Of the 16 MB: what the network holds, and what may wait in this process.
    expect(world.bytesRead() - read).toBeLessThan(10_000_000);
    mallory.socket.resume();
    while (pongs < count) await settled();
  });

  it('over as many HTTP connections: waits for most of the answers until another one has his', async () => {
    world = await startWsWorld();
    const open = async (): Promise<Socket> => {
      const socket = connect(world.port, '127.0.0.1');
      await once(socket, 'connect');
      return socket;
    };
    const body = '{"query":"{ nothing }"}';
    const head = 'POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n';
    const answers: string[] = [];
    const ask = (name: string, socket: Socket, authorization: string): Promise<void> => {
      socket.write(`${head}Authorization: ${authorization}\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
      return once(socket, 'data').then(() => void answers.push(name));
    };
    const [mallory, alice] = [await world.bearer({ sub: 'mallory' }), await world.bearer({ sub: 'alice' })];
    const many = await Promise.all(Array.from({ length: 200 }, open));
    const one = await open();
    // Both have been here before: their tokens are known.
    await Promise.all([ask('before', one, alice), ask('before', many[0] as Socket, mallory)]);
    answers.length = 0;
    const asked = many.map((socket) => ask('mallory', socket, mallory));
    await Promise.all([...asked, ask('alice', one, alice)]);
    expect(answers.indexOf('alice')).toBeLessThan(120);
    for (const socket of [...many, one]) socket.destroy();
  });
});
