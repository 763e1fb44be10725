/** A whole call through Hive Gateway by two apps on Apollo Client, while their sockets are cut and the gateway dies. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  AnswerCallDocument,
  HangUpCallDocument,
  ReportConnectionDocument,
  ReportRingingDocument,
  SendDescriptionDocument,
  SendIceCandidatesDocument,
  StartCallDocument,
} from '../../src/client/generated/documents.js';
import { randomNumbers } from '../faults/cut-call.js';
import { startCuttingProxy, type CuttingProxy } from '../faults/cutting-proxy.js';
import { candidateLine, sdp } from '../support/device.js';
import { eventually } from '../support/process.js';
import { App } from './app.js';
import { START_MS, startGraphWorld, type GraphWorld } from './graph-world.js';

/** Set SEED to run the same again. */
const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
const CUTS_PER_SIDE = 20;
const BATCHES = 30;
const CANDIDATES_PER_BATCH = 4;
/** One side offers anew each time so many batches have been sent, in turns. */
const BATCHES_PER_OFFER = 10;
const GATEWAY_DEATHS = 2;

let world: GraphWorld;
/** One device, and the piece of network between it and the gateway. */
class Side {
  /** Candidate lines and types of descriptions, in the order in which they were sent. */
  readonly sent: string[] = [];
  cuts = 0;
  #seq = 0;

  private constructor(
    readonly app: App,
    readonly proxy: CuttingProxy,
  ) {}

  static async start(name: string): Promise<Side> {
    const proxy = await startCuttingProxy(world.urls['Hive Gateway'].replace('/graphql', ''));
    return new Side(new App(proxy.origin, () => world.token(name)), proxy);
  }

  async cutAgainAndAgain(below: (bound: number) => number): Promise<void> {
    while (this.cuts < CUTS_PER_SIDE) {
      // As many bytes as a message or two; half a second is time to come back in.
      await this.proxy.cut(below(2) === 0 ? 'up' : 'down', below(4_000), below(500));
      this.cuts += 1;
    }
  }

  sendCandidates(callId: string): Promise<unknown> {
    const clientSeq = (this.#seq += 1);
    const lines = Array.from({ length: CANDIDATES_PER_BATCH }, (_, n) => candidateLine(clientSeq * 10 + n));
    this.sent.push(...lines);
    const candidates = lines.map((candidate) => ({ candidate, sdpMid: '0' }));
    return this.app.run(SendIceCandidatesDocument, {
      input: { callId, clientSeq, candidates, endOfCandidates: false },
    });
  }

  async describe(callId: string, type: 'OFFER' | 'ANSWER', inReplyTo: string | null = null): Promise<string> {
    this.sent.push(type);
    const input = { callId, clientSeq: (this.#seq += 1), type, sdp: sdp(type.toLowerCase()), inReplyTo };
    return (await this.app.run(SendDescriptionDocument, { input })).sendDescription.descriptionId!;
  }

  /** What it was told of, as the other side's `sent`. */
  told(): string[] {
    return this.app.events.flatMap((event) => {
      if (event.__typename === 'DescriptionReceived') return [event.description.type as string];
      return event.__typename === 'IceCandidatesReceived' ? event.candidates.map(({ candidate }) => candidate) : [];
    });
  }

  async close(): Promise<void> {
    await this.app.close();
    await this.proxy.close();
  }
}

async function negotiate(offering: Side, answering: Side, callId: string): Promise<void> {
  const id = await offering.describe(callId, 'OFFER');
  await answering.app.first('DescriptionReceived', ({ description }) => description.id === id);
  await answering.describe(callId, 'ANSWER', id);
  await offering.app.first('DescriptionReceived', ({ description }) => description.inReplyTo === id);
}

/** @returns the call's id, when both sides know that it is answered */
async function answeredCall({ app: caller }: Side, { app: callee }: Side, account: string): Promise<string> {
  await Promise.all([caller.first('StreamReady'), callee.first('StreamReady')]);
  const input = { clientCallId: crypto.randomUUID(), calleeAccountId: account, media: 'AUDIO' as const };
  const { startCall } = await caller.run(StartCallDocument, { input: { ...input, offerSdp: sdp('offer') } });
  const { call, offer } = await callee.first('CallInvited');
  expect([call.id, offer.id]).toEqual([startCall.call.id, startCall.offerId]);
  await callee.run(ReportRingingDocument, { callId: call.id });
  await caller.first('CallStateChanged', ({ state }) => state === 'RINGING');
  const answer = { callId: call.id, offerId: offer.id, answerSdp: sdp('answer') };
  await callee.run(AnswerCallDocument, { input: answer });
  await caller.first('DescriptionReceived');
  const report = { input: { callId: call.id, connection: 'CONNECTED' as const } };
  await Promise.all([caller, callee].map((app) => app.run(ReportConnectionDocument, report)));
  return call.id;
}

describe('a call through a gateway', () => {
  beforeAll(async () => {
    world = await startGraphWorld();
  }, START_MS);
  afterAll(() => world.close(), 60_000);

  it(`loses and doubles nothing while sockets are cut and the gateway dies (SEED=${SEED})`, async () => {
    const below = randomNumbers(SEED);
    const account = `callee-${SEED}`;
    const [caller, callee] = await Promise.all([Side.start(`caller-${SEED}/phone`), Side.start(`${account}/phone`)]);
    const sides = [caller, callee];
    const cutting = sides.map((side, index) => side.cutAgainAndAgain(randomNumbers(SEED + index + 1)));
    const callId = await answeredCall(caller, callee, account);

    const deaths = Array.from({ length: GATEWAY_DEATHS }, (_, n) => n * BATCHES_PER_OFFER + 1 + below(8));
    let dying = Promise.resolve();
    for (let batch = 1; batch <= BATCHES; batch += 1) {
      await eventually(() => sides.every(({ cuts }) => cuts >= (batch / BATCHES) * CUTS_PER_SIDE), 60_000);
      if (deaths.includes(batch)) dying = dying.then(() => world.kill('Hive Gateway'));
      await Promise.all(sides.map((side) => side.sendCandidates(callId)));
      if (batch % BATCHES_PER_OFFER !== 0) continue;
      const order = (batch / BATCHES_PER_OFFER) % 2 ? sides : [callee, caller];
      await negotiate(order[0]!, order[1]!, callId);
    }
    await Promise.all([dying, ...cutting]);
    await callee.app.run(HangUpCallDocument, { input: { callId } });
    await Promise.all(sides.map(({ app }) => app.first('CallStateChanged', ({ state }) => state === 'ENDED')));

    expect(caller.told()).toEqual(['ANSWER', ...callee.sent]);
    expect(callee.told()).toEqual(caller.sent);
    expect(callee.app.all('CallInvited')).toHaveLength(1);
    for (const { app } of sides) {
      expect(app.all('CallStateChanged').map(({ state }) => state)).toEqual([
        'RINGING',
        'CONNECTING',
        'ACTIVE',
        'ENDED',
      ]);
      const [first, ...returns] = app.all('StreamReady').map(({ resumed }) => resumed);
      expect([first, returns.length >= GATEWAY_DEATHS, returns.includes(false)]).toEqual([false, true, false]);
    }
    await Promise.all(sides.map((side) => side.close()));
  }, 150_000);
});
