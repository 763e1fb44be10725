/** Limits hold on WebSocket as they do on HTTP, and a call can be ended whatever else is used up. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Writable } from 'node:stream';
import type { WebSocket } from 'ws';
import { LIMITS } from '../../src/limits.js';
import { CallRelayDocument, HangUpCallDocument, StartCallDocument } from '../../src/client/generated/documents.js';
import { startCallWorld, type CallWorld } from '../support/call-world.js';
import { settled } from '../support/clock.js';
import { candidateLine, Refused, sdp, type TestDevice } from '../support/device.js';

let world: CallWorld;
beforeAll(async () => {
  const relay = {
    requestedTtlSeconds: 86_400,
    clientTtlSeconds: 43_200,
    rateLimit: { max: 20, windowSeconds: 600 },
    providers: [{ type: 'shared-secret', secret: 'of-the-test' }],
    relay: { urls: ['turn:127.0.0.1:3478?transport=udp'] },
  };
  world = await startCallWorld({}, relay);
});
afterAll(() => world.close());

/** Operations sent together: fewer than a socket may have under way. */
const AT_ONCE = 50;

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: unknown) => (error instanceof Refused ? error.code : String(error)),
  );

/** What came of each, sorted into outcomes. */
function counted(outcomes: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const outcome of outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}

describe('a limit is one limit, over HTTP and WebSocket together', () => {
  it('callRelay: of 60 requests of an account, half over each, 20 are granted', async () => {
    const device = world.device('relayed/phone');
    const overHttp = async () => {
      const { errors } = await world.ask('relayed/laptop', CallRelayDocument);
      return String(errors[0]?.extensions['code'] ?? 'done');
    };
    const outcomes = await Promise.all(
      Array.from({ length: 60 }, (_, n) => (n % 2 === 0 ? overHttp() : codeOf(device.run(CallRelayDocument)))),
    );
    expect(counted(outcomes)).toEqual({ done: 20, CALL_RELAY_RATE_LIMITED: 40 });
    const refused = await device.run(CallRelayDocument).catch((error: unknown) => error as Refused);
    expect(refused).toMatchObject({ extensions: { status: 429, retryable: true } });
    expect((refused as Refused).extensions['retryAfterSeconds']).toBeGreaterThan(500);
  });

  it('startCall: 30 a minute of an account, whichever way they come', async () => {
    const device = world.device('busy/phone');
    const outcomes: string[] = [];
    const start = async (n: number): Promise<string> => {
      const input = { clientCallId: crypto.randomUUID(), calleeAccountId: `callee-${n}`, offerSdp: sdp('offer') };
      const variables = { input: { ...input, media: 'AUDIO' as const } };
      if (n % 2 === 0) return (await device.run(StartCallDocument, variables)).startCall.call.id;
      const { data, errors } = await world.ask('busy/phone', StartCallDocument, variables);
      if (!data) throw new Refused(String(errors[0]?.extensions['code']), {}, '');
      return data.startCall.call.id;
    };
    for (let n = 0; n < 40; n += 1) {
      const started = start(n);
      outcomes.push(await codeOf(started));
      // Only four may be open at a time.
      await started.then((callId) => device.hangUp(callId)).catch(() => {});
    }
    expect(outcomes).toEqual([...Array<string>(30).fill('done'), ...Array<string>(10).fill('CALL_RATE_LIMITED')]);
  });
});

describe('ending a call', () => {
  /** A call of two accounts that nobody else uses, answered. */
  async function answered(
    name: string,
    onSocket = (_socket: WebSocket): unknown => undefined,
  ): Promise<{ caller: TestDevice; callId: string }> {
    const [caller, callee] = [world.device(`${name}/phone`, { onSocket }), world.device(`${name}-callee/phone`)];
    await callee.listen();
    const { call, offerId } = await caller.start(`${name}-callee`);
    await callee.next('CallInvited');
    await callee.answer(call.id, offerId);
    return { caller, callId: call.id };
  }

  it('works when every other limit of the device is used up', async () => {
    const { caller, callId } = await answered('spent');
    const signal = `callId: "${callId}", clientSeq: 0`;
    const others: Record<string, { readonly max: number; readonly operation: string; readonly field: string }> = {
      callRelay: { max: 20, operation: 'query', field: 'callRelay { turnTtlSeconds }' },
      read: { max: 600, operation: 'query', field: 'openCalls { id }' },
      startCall: {
        max: 30,
        operation: 'mutation',
        field: 'startCall(input: { clientCallId: "-", calleeAccountId: "x", media: AUDIO, offerSdp: "" }) { offerId }',
      },
      control: { max: 600, operation: 'mutation', field: 'reportRinging(callId: "x") { id }' },
      description: {
        max: 300,
        operation: 'mutation',
        field: `sendDescription(input: { ${signal}, type: OFFER, sdp: "" }) { clientSeq }`,
      },
      candidates: {
        max: 1_200,
        operation: 'mutation',
        field: `sendIceCandidates(input: { ${signal}, candidates: [] }) { clientSeq }`,
      },
      stream: { max: 120, operation: 'subscription', field: 'callEvents { cursor }' },
    };
    for (const [bucket, { max, operation, field }] of Object.entries(others)) {
      const document = `${operation} { ${field} }`;
      for (let asked = 0; asked < max; asked += AT_ONCE) {
        await Promise.all(Array.from({ length: AT_ONCE }, () => firstAnswer(caller, document)));
      }
      const expected = bucket === 'callRelay' ? 'CALL_RELAY_RATE_LIMITED' : 'CALL_RATE_LIMITED';
      expect([bucket, await firstAnswer(caller, document)]).toEqual([bucket, expected]);
    }
    expect(await caller.hangUp(callId)).toMatchObject({ state: 'ENDED', endReason: 'COMPLETED' });
    expect(caller.closes).toEqual([]);
  });

  it('works behind as many signals as a socket may have under way, all sent in one piece', async () => {
    const sockets: WebSocket[] = [];
    const { caller, callId } = await answered('crowded', (socket) => sockets.push(socket));
    await caller.listen();
    // What is sent one by one may be answered in between.
    const { _socket: wire } = sockets.at(-1) as unknown as { readonly _socket: Writable };
    wire.cork();
    // Beside the stream. Each waits for an earlier signal, which is not sent.
    const waiting = Array.from({ length: LIMITS.operationsPerSocket - 1 }, (_, n) =>
      codeOf(caller.candidates(callId, [candidateLine(n)], n + 2)),
    );
    const ended = caller.run(HangUpCallDocument, { input: { callId } });
    await settled();
    wire.uncork();
    expect((await ended).hangUpCall).toMatchObject({ state: 'ENDED', endReason: 'COMPLETED' });
    // What waited is acknowledged and discarded, as the call is over; more than may wait are told of the gap.
    const { done = 0, CALL_SIGNAL_GAP: late = 0, ...others } = counted(await Promise.all(waiting));
    expect({ all: done + late, others }).toEqual({ all: LIMITS.operationsPerSocket - 1, others: {} });
    expect(done).toBeGreaterThan(0);
    expect(await caller.openCalls()).toEqual([]);
    expect(caller.closes).toEqual([]);
  });
});

/** Runs an operation up to its first answer. @returns the code of its first error; null: it has none */
function firstAnswer({ client }: TestDevice, query: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const answered = (errors: readonly { extensions?: Record<string, unknown> }[] | undefined): void => {
      stop();
      resolve(errors?.[0]?.extensions?.['code'] ?? null);
    };
    const stop = client.subscribe(
      { query },
      {
        next: ({ errors }) => answered(errors),
        error: (error) => (Array.isArray(error) ? answered(error) : reject(error as Error)),
        complete: () => {},
      },
    );
  });
}
