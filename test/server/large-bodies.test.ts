/** Of the large bodies of one account a few are read at a time: however many come at once, the others stay with their sender. */
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { LIMITS } from '../../src/limits.js';
import { eventually, untilStill } from '../support/process.js';
import { startWsWorld, type WsWorld } from '../support/ws-world.js';

let world: WsWorld;
beforeAll(async () => {
  world = await startWsWorld();
});
afterAll(() => world.close());

const sockets = new Set<Socket>();
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
});

const LARGE = JSON.stringify({ query: '{ __typename }' + ' '.repeat(LIMITS.messageBytes - 100) });
const SMALL = JSON.stringify({ query: '{ __typename }' });

interface Posted {
  readonly socket: Socket;
  /** What has come back. */
  readonly answer: () => string;
  /** Sends the rest of the body. */
  finish(): void;
}

/** Sends a request but for the last `kept` characters of its body. */
async function post(body: string, authorization: string | null, kept = 0): Promise<Posted> {
  const socket = connect(world.port, '127.0.0.1').on('error', () => undefined);
  sockets.add(socket);
  await once(socket, 'connect');
  let answer = '';
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
  const token = authorization === null ? '' : `Authorization: ${authorization}\r\n`;
  const type = 'Content-Type: application/json';
  socket.write(
    `POST /graphql HTTP/1.1\r\nHost: x\r\n${type}\r\n${token}Content-Length: ${body.length}\r\n\r\n` +
      body.slice(0, body.length - kept),
  );
  return { socket, answer: () => answer, finish: () => socket.write(body.slice(body.length - kept)) };
}
const isAnswered = ({ answer }: Posted): boolean => answer().startsWith('HTTP/1.1 200');

it.each([
  ['an account', () => world.bearer({ sub: 'a-large' }), () => world.bearer({ sub: 'a-small' })],
  ['clients without a token', () => null, () => world.bearer({ sub: 'a-small' })],
])('%s has a few bodies read, others and small ones do not wait for them', async (_who, mine, others) => {
  const held = await Promise.all(
    Array.from({ length: LIMITS.largeBodiesAtOnce }, async () => post(LARGE, await mine(), 1)),
  );
  await untilStill(() => world.bytesRead());
  const late = await Promise.all([1, 2].map(async () => post(LARGE, await mine())));
  const [other, small] = await Promise.all([post(LARGE, await others()), post(SMALL, await mine())]);
  await eventually(() => isAnswered(other) && isAnswered(small));
  await untilStill(() => world.bytesRead());
  expect(late.map((each) => each.answer())).toEqual(['', '']);

  // One was read, one was given up: two others are read.
  held[0]?.finish();
  held[1]?.socket.destroy();
  await eventually(() => late.every(isAnswered) && held.slice(0, 1).every(isAnswered));
  for (const each of held.slice(2)) each.finish();
  await eventually(() => held.slice(2).every(isAnswered));
});

it('what is no JSON, and who leaves while it waits, hold no place', async () => {
  const token = await world.bearer({ sub: 'a-refused' });
  const refused = await Promise.all(
    Array.from({ length: 2 * LIMITS.largeBodiesAtOnce }, () => post(LARGE.replace('{', 'x'), token)),
  );
  await eventually(() => refused.every(({ answer }) => answer().startsWith('HTTP/1.1 400')));
  const held = await Promise.all(Array.from({ length: LIMITS.largeBodiesAtOnce }, () => post(LARGE, token, 1)));
  await untilStill(() => world.bytesRead());
  const waiting = await Promise.all(Array.from({ length: 3 }, () => post(LARGE, token)));
  await untilStill(() => world.bytesRead());
  for (const { socket } of [...waiting, ...held]) socket.destroy();
  await eventually(async () => (await world.held()) === 0);
  const next = await Promise.all(Array.from({ length: LIMITS.largeBodiesAtOnce }, () => post(LARGE, token)));
  await eventually(() => next.every(isAnswered));
});
