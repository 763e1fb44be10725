/** A device that stops reading costs the server nothing, and loses nothing. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { WebSocket } from 'ws';
import { LIMITS } from '../../src/limits.js';
import { startCallWorld, type CallWorld } from '../support/call-world.js';
import { eventually } from '../support/process.js';
import { ringFrom, sendAll } from './flood.js';

/** Their candidates fill what the two systems hold for a socket, some 3 MB; those of the other callers wait. */
const FILLING = 13;
const CALLERS = FILLING + 2;
const LINES_EACH = LIMITS.candidatesPerDescription;

let world: CallWorld;
beforeAll(async () => {
  world = await startCallWorld();
});
afterAll(() => world.close());

/** A device for which fifteen calls ring and whose socket is not read any more. */
async function stalled(name: string) {
  const sockets: WebSocket[] = [];
  const device = world.device(`${name}/phone`, { onSocket: (socket) => sockets.push(socket) });
  await device.listen();
  const calls = await ringFrom(world, CALLERS, name);
  for (let invites = 0; invites < CALLERS; invites += 1) await device.next('CallInvited');
  const [socket] = sockets as [WebSocket];
  socket.pause();
  return { device, calls, socket };
}

describe('a device that stops reading while 3,000 candidates go to it', () => {
  it('is told TOO_SLOW when it reads again, comes back by itself and gets each once and in order', async () => {
    const { device, calls, socket } = await stalled('slow');
    await Promise.all(calls.slice(0, FILLING).map((call) => sendAll(call, LINES_EACH, 50)));
    await Promise.all(calls.slice(FILLING).map((call) => sendAll(call, LINES_EACH, 1)));
    expect(device.closes).toEqual([]);
    socket.resume();

    const closed = await device.next('StreamClosed');
    expect(closed.reason).toBe('TOO_SLOW');
    const got = calls.map(({ call }) => device.received(call.id).length).reduce((sum, count) => sum + count, 0);
    expect(got).toBeLessThan(CALLERS * LINES_EACH - LIMITS.liveEventsWaiting);
    expect(await device.next('StreamReady')).toMatchObject({ resumed: true });
    await eventually(() => calls.every(({ call }) => device.received(call.id).length >= LINES_EACH));
    for (const { call, lines } of calls) expect(device.received(call.id)).toEqual(lines);
    expect(device.closes).toEqual([1013]);
  });
});
