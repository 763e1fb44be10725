/** What is kept for devices that do not read does not grow with what is sent to them, and is not kept for long. */
import { describe, expect, it } from '@jest/globals';
import type { WebSocket } from 'ws';
import { LIMITS } from '../../src/limits.js';
import { startCallWorld, type CallWorld } from '../support/call-world.js';
import type { TestDevice } from '../support/device.js';
import { eventually } from '../support/process.js';
import { ringFrom, sendAll, type RingingCall } from './flood.js';

const ACCOUNTS = 4;
const DEVICES_EACH = 10;
const CALLERS_EACH = 16;
const DEVICES = ACCOUNTS * DEVICES_EACH;
const LINES = LIMITS.candidatesPerDescription;
/** In the candidates of all calls, for all devices. The systems on both sides hold some 3 MB a socket of it. */
const SENT_BYTES = DEVICES * CALLERS_EACH * LINES * LIMITS.candidateBytes;

interface Flood {
  /** How much the server's resident memory grew while everything was sent, in bytes. */
  readonly growth: number;
  readonly devices: readonly { readonly device: TestDevice; readonly calls: readonly RingingCall[] }[];
  readonly sockets: readonly WebSocket[];
}

async function flood(world: CallWorld, isRead: boolean): Promise<Flood> {
  const sockets: WebSocket[] = [];
  const devices: { device: TestDevice; calls: RingingCall[] }[] = [];
  for (let account = 0; account < ACCOUNTS; account += 1) {
    const name = `callee-${account}`;
    const own = Array.from({ length: DEVICES_EACH }, (_, n) =>
      world.device(`${name}/device-${n}`, { onSocket: (socket) => sockets.push(socket) }),
    );
    await Promise.all(own.map((device) => device.listen()));
    const calls = await ringFrom(world, CALLERS_EACH, name);
    for (const device of own) for (let n = 0; n < CALLERS_EACH; n += 1) await device.next('CallInvited');
    devices.push(...own.map((device) => ({ device, calls })));
  }
  if (!isRead) for (const socket of sockets) socket.pause();
  const before = await residentMemory(world);
  const calls = new Set(devices.flatMap((each) => each.calls));
  await Promise.all([...calls].map((call) => sendAll(call, LINES, LIMITS.candidatesPerMutation)));
  if (isRead) await receivedEverything(devices);
  const growth = (await residentMemory(world)) - before;
  await Promise.all([...calls].map(({ caller }) => caller.close()));
  return { growth, devices, sockets };
}

async function receivedEverything(devices: Flood['devices']): Promise<void> {
  for (const { device, calls } of devices) {
    await eventually(() => calls.every(({ call }) => device.received(call.id).length >= LINES), 60_000);
    for (const { call, lines } of calls) expect(device.received(call.id)).toEqual(lines);
  }
}

async function residentMemory(world: CallWorld): Promise<number> {
  return Number(/^process_resident_memory_bytes (\d+)/m.exec(await world.metrics())?.[1]);
}

/** How many TCP connections the server has, but for the one that asks. */
async function openSockets(world: CallWorld): Promise<number> {
  return Number(/nodejs_active_resources\{type="TCPSocketWrap"\} (\d+)/.exec(await world.metrics())?.[1]) - 1;
}

async function inWorld<T>(work: (world: CallWorld) => Promise<T>): Promise<T> {
  const world = await startCallWorld();
  try {
    return await work(world);
  } finally {
    await world.close();
  }
}

describe('forty devices that stop reading while 250 MB go to them', () => {
  it('cost little more memory than as many that read, are let go, and get everything when they come back', async () => {
    const control = await inWorld(async (world) => (await flood(world, true)).growth);
    await inWorld(async (world) => {
      const { growth, devices, sockets } = await flood(world, false);
      const stalled = sockets.slice(0, DEVICES);
      // Nobody has been given up so far: all that was sent was there to be kept for them.
      await eventually(async () => (await openSockets(world)) === DEVICES);
      expect(growth).toBeLessThan(control + SENT_BYTES / 5);
      // A socket that answers no ping is dropped, with all that it has not taken.
      await eventually(async () => (await openSockets(world)) === 0, 20_000);
      for (const socket of stalled) socket.resume();
      await receivedEverything(devices);
    });
  }, 150_000);
});
