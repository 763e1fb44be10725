/** Every function of a host x everything that it may do wrong, over real sockets: see protocol.md, callbacks of a host. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CallRelayDocument } from '../../src/client/generated/documents.js';
import { HostCallbackError } from '../../src/host/callback.js';
import { Refused, type TestDevice } from '../support/device.js';
import { eventually } from '../support/process.js';
import { openWire } from '../support/ws-client.js';
import { CALLBACKS, startHostWorld, type CallbackOfHost, type HostWorld } from './host-world.js';
import { MISBEHAVIOURS } from './misbehaviours.js';

let world: HostWorld;
let alice: TestDevice;
let bob: TestDevice;
let count = 0;
const unhandled: unknown[] = [];
const onUnhandled = (error: unknown): void => void unhandled.push(error);

beforeAll(async () => {
  process.on('unhandledRejection', onUnhandled);
  process.on('uncaughtException', onUnhandled);
  world = await startHostWorld();
  alice = world.device('alice/phone');
  bob = world.device('bob/phone');
  await Promise.all([alice.listen(), bob.listen()]);
});
afterAll(async () => {
  await world.close();
  process.off('unhandledRejection', onUnhandled);
  process.off('uncaughtException', onUnhandled);
});

const outcomeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'ok',
    (error: unknown) => (error instanceof Refused ? error.code : String(error)),
  );

/** A call from its start to its end, over streams that were open before. */
async function wholeCall(caller: TestDevice, callee: TestDevice, calleeAccountId: string): Promise<string> {
  const { call, offerId } = await caller.start(calleeAccountId);
  await callee.next('CallInvited', (event) => event.call.id === call.id);
  await callee.answer(call.id, offerId);
  await caller.next('CallStateChanged', (event) => event.call.id === call.id && event.state === 'CONNECTING');
  await caller.hangUp(call.id);
  await callee.next('CallStateChanged', (event) => event.call.id === call.id && event.state === 'ENDED');
  return 'ok';
}

/** A device that has no credentials from before. */
const relayOf = (odd: string): Promise<string> => outcomeOf(world.device(`${odd}/phone`).run(CallRelayDocument));

/** Opens a socket and says who it is. @returns how it was closed; null: it was let in */
async function closeCodeOf(name: string): Promise<number | null> {
  const wire = await openWire(`${world.origin.replace('http', 'ws')}/graphql`);
  wire.send({ type: 'connection_init', payload: { authorization: `Bearer ${name}` } });
  const first = await Promise.race([wire.next().catch(() => null), wire.closed.then(() => null)]);
  if (first !== null) {
    wire.socket.terminate();
    return null;
  }
  return (await wire.closed).code;
}

/** Whether the account that is concerned is served as by a host that behaves, or what it hears instead. */
const CONCERNED: Readonly<Record<CallbackOfHost, (odd: string) => Promise<unknown>>> = {
  authenticator: (odd) => closeCodeOf(`${odd}/phone`),
  deviceDirectory: (odd) => outcomeOf(alice.start(odd)),
  callPolicy: (odd) => outcomeOf(alice.start(odd)),
  onDefect: (odd) => outcomeOf(alice.start(odd)),
  sendWakeUp: async (odd) => {
    const callee = world.device(`${odd}/phone`);
    await callee.listen();
    // The tablet has no stream, and is to be woken for the start and for the end.
    return outcomeOf(wholeCall(alice, callee, odd));
  },
  events: async (odd) => {
    const callee = world.device(`${odd}/phone`);
    await callee.listen();
    return outcomeOf(wholeCall(alice, callee, odd));
  },
  provider: () => outcomeOf(bob.run(CallRelayDocument)),
  resolver: () => outcomeOf(bob.run(CallRelayDocument)),
  allowsOrigin: (odd) =>
    openWire(`${world.origin.replace('http', 'ws')}/graphql`, { origin: `https://${odd}.example` }).then(
      (wire) => {
        wire.socket.terminate();
        return 'ok';
      },
      (error: Error) => error.message,
    ),
  onRefusedOrigin: (odd) => CONCERNED.allowsOrigin(odd),
  metrics: async (odd) => [await CONCERNED.events(odd), await relayOf(odd)],
  countsOfSocket: (odd) => outcomeOf(world.device(`${odd}/phone`).openCalls()),
  rateLimiter: (odd) => outcomeOf(world.device(`${odd}/phone`).openCalls()),
  // A host's own resolvers may miss what it gives; ours do not.
  ownContext: (odd) => outcomeOf(world.device(`${odd}/phone`).openCalls()),
  keepsCredentials: (odd) => relayOf(odd),
  findsCredentials: (odd) => relayOf(odd),
};

/** What the account that is concerned hears, whatever the callback does wrong. */
const EXPECTED: Readonly<Record<CallbackOfHost, unknown>> = {
  authenticator: 1013,
  deviceDirectory: 'CALL_UNAVAILABLE',
  callPolicy: 'CALL_UNAVAILABLE',
  onDefect: 'CALL_UNAVAILABLE',
  sendWakeUp: 'ok',
  events: 'ok',
  provider: 'CALL_RELAY_PROVIDER_ERROR',
  resolver: 'ok',
  allowsOrigin: 'Unexpected server response: 403',
  onRefusedOrigin: 'Unexpected server response: 403',
  metrics: ['ok', 'ok'],
  countsOfSocket: 'ok',
  rateLimiter: 'CALL_UNAVAILABLE',
  ownContext: 'ok',
  keepsCredentials: 'ok',
  findsCredentials: 'CALL_RELAY_PROVIDER_ERROR',
};

describe.each(CALLBACKS)('%s that', (callback) => {
  // The breaker may still be open from a provider that failed in all cases before, and is no fault of the next callback.
  beforeAll(async () => {
    world.behave();
    await eventually(async () => (await relayOf(`before-${callback}`)) === 'ok');
  });

  it.each(Object.keys(MISBEHAVIOURS))(
    '%s harms nobody else, and no call',
    async (how) => {
      count += 1;
      const odd = `odd-${count}`;
      const others = world.device(`other-${count}/phone`);
      world.misbehave(callback, MISBEHAVIOURS[how]!);
      const [heard, called, listening] = await Promise.all([
        CONCERNED[callback](odd),
        // Of another pair each time: a pair may start six calls a minute.
        others.listen().then(() => outcomeOf(wholeCall(others, bob, 'bob'))),
        outcomeOf(others.openCalls()),
      ]);
      expect({ heard, called, listening }).toEqual({ heard: EXPECTED[callback], called: 'ok', listening: 'ok' });
      expect([alice.closes, bob.closes, alice.completed, bob.completed]).toEqual([[], [], false, false]);
      await others.close();
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(unhandled).toEqual([]);
    },
    60_000,
  );
});

describe('the host', () => {
  it('is told of each callback by its name, and at most once in ten seconds', () => {
    const told = world.defects.filter((error) => error instanceof HostCallbackError);
    const names = new Set(told.map(({ callback }) => callback));
    expect([...names].sort()).toEqual([
      'authenticator',
      'call-policy',
      'device-directory',
      'events',
      'own-context',
      'rate-limiter',
      'shared-credentials',
      'wake-up',
    ]);
    expect(told.length).toBeLessThan(count);
  });
});
