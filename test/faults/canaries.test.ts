/** What devices send each other is in no log line, no metric and no refusal, whatever is refused. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ERRORS, type ErrorCode } from '../../src/errors.js';
import {
  AnswerCallDocument,
  SendDescriptionDocument,
  SendIceCandidatesDocument,
  StartCallDocument,
  type Document,
} from '../../src/client/generated/documents.js';
import type { StartCallInput } from '../../src/client/generated/types.js';
import { CANARIES, canariesIn } from '../support/canaries.js';
import { startCallWorld, type CallWorld } from '../support/call-world.js';
import { candidateLine, Refused, sdp, type TestDevice } from '../support/device.js';
import { openWire } from '../support/ws-client.js';

const SDP = sdp(CANARIES.sdp);
const CANDIDATE = `${candidateLine(1)} ${CANARIES.candidate}`;

let world: CallWorld;
beforeAll(async () => {
  world = await startCallWorld({ LOG_LEVEL: 'trace' });
});
afterAll(() => world.close());

/** Everything that a client was told when something was refused. */
const refusals: { readonly code: string; readonly text: string }[] = [];

async function refused(work: Promise<unknown>): Promise<void> {
  const error = (await work.then(
    () => new Error('it was not refused'),
    (reason: unknown) => reason,
  )) as Refused;
  if (!(error instanceof Refused)) throw error;
  refusals.push({ code: error.code, text: `${error.message} ${JSON.stringify(error.extensions)}` });
}

async function refusedOverHttp(
  name: string | null,
  document: string | Document<unknown, unknown>,
  variables?: unknown,
): Promise<void> {
  const { errors, text } = await world.ask(name, document, variables);
  expect(errors).not.toEqual([]);
  refusals.push({ code: String(errors[0]?.extensions['code']), text });
}

const answer = (device: TestDevice, callId: string, offerId: string, answerSdp: string): Promise<unknown> =>
  device.run(AnswerCallDocument, { input: { callId, offerId, answerSdp } });

describe('descriptions and candidates', () => {
  it('pass through a call from end to end, and through nothing else', async () => {
    const [caller, callee, laptop] = [world.device('a/phone'), world.device('b/phone'), world.device('b/laptop')];
    await Promise.all([caller.listen(), callee.listen(), laptop.listen()]);
    const start = (device: TestDevice, changes: Partial<StartCallInput> = {}) =>
      device.start('b', { offerSdp: SDP, attachment: CANARIES.sdp, ...changes });
    const clientCallId = crypto.randomUUID();
    const { call, offerId } = await start(caller, { clientCallId });
    const candidates = (changes: Record<string, unknown>): Promise<unknown> => {
      const candidate = { candidate: CANDIDATE, sdpMid: CANARIES.candidate, usernameFragment: CANARIES.candidate };
      const input = { callId: call.id, clientSeq: 1, candidates: [candidate], endOfCandidates: false, ...changes };
      return caller.run(SendIceCandidatesDocument, { input });
    };
    const describe = (changes: Record<string, unknown>): Promise<unknown> => {
      const input = { callId: call.id, clientSeq: 2, type: 'OFFER' as const, sdp: SDP, ...changes };
      return caller.run(SendDescriptionDocument, { input });
    };
    await candidates({});
    const invited = await callee.next('CallInvited');
    expect([invited.offer.sdp === SDP, invited.call.attachment === CANARIES.sdp]).toEqual([true, true]);
    const { candidates: received } = await callee.next('IceCandidatesReceived');
    expect(received[0]?.candidate === CANDIDATE).toBe(true);

    await refused(describe({}));
    await refused(start(caller));
    await refused(start(caller, { clientCallId, attachment: CANARIES.candidate }));
    await refused(answer(callee, call.id, CANARIES.sdp, SDP));
    await answer(callee, call.id, offerId, SDP);
    const { description } = await caller.next('DescriptionReceived');
    expect(description.sdp === SDP).toBe(true);
    await refused(answer(laptop, call.id, offerId, SDP));
    await refused(answer(callee, call.id, offerId, `${SDP}a=${CANARIES.sdp}\r\n`));
    await refused(candidates({ endOfCandidates: true }));
    await refused(candidates({ clientSeq: 9 }));
    await refused(describe({ type: 'ANSWER', inReplyTo: CANARIES.sdp }));
    await describe({ clientSeq: 3 });
    expect((await callee.next('DescriptionReceived')).description.sdp === SDP).toBe(true);

    await refused(candidates({ callId: CANARIES.candidate }));
    await refused(candidates({ clientSeq: 4, candidates: [{ candidate: `${CANDIDATE}\r\n`, sdpMid: '0' }] }));
    await refused(candidates({ clientSeq: 4, candidates: [{ candidate: CANDIDATE }] }));
    await refused(candidates({ clientSeq: CANARIES.candidate }));
    await refused(describe({ clientSeq: 4, sdp: CANARIES.sdp }));
    await refused(describe({ clientSeq: 4, sdp: `${SDP}\0` }));
    await refused(describe({ clientSeq: 4, sdp: SDP.repeat(1_000) }));
    await refused(describe({ clientSeq: 4, type: CANARIES.sdp }));
    await refused(start(caller, { clientCallId: `${CANARIES.sdp} ` }));
    await refused(start(caller, { attachment: CANARIES.sdp.repeat(200) }));
    await caller.hangUp(call.id);
    await refused(answer(callee, call.id, offerId, SDP));
    await caller.run(SendDescriptionDocument, { input: { callId: call.id, clientSeq: 5, type: 'OFFER', sdp: SDP } });

    // Six calls a minute are one too many when there is a seventh.
    for (let calls = 1; calls < 7; calls += 1) {
      const next = start(caller).then((started) => caller.hangUp(started.call.id));
      await next.catch(() => refused(next));
    }
    const input = { clientCallId: CANARIES.sdp, calleeAccountId: 'b', media: 'AUDIO', offerSdp: SDP };
    await refusedOverHttp(null, StartCallDocument, { input });
    await refusedOverHttp('a/phone', StartCallDocument, { input: { ...input, media: CANARIES.sdp } });
    await refusedOverHttp('a/phone', `{ call(id: "${CANARIES.candidate}") { sdp } }`);
    await refusedOverHttp('a/phone', `{ "${CANARIES.sdp}" `);
    // A cursor that is none is no refusal.
    expect(await world.device('a/tablet').listen(CANARIES.sdp)).toMatchObject({ resumed: false });

    const codes = new Set(refusals.map(({ code }) => code));
    // Those of relay credentials, and of services that are down, carry nothing of a call.
    const elsewhere = (code: string): boolean => code.startsWith('CALL_RELAY') || code === 'CALL_UNAVAILABLE';
    for (const code of Object.keys(ERRORS) as ErrorCode[])
      expect([code, codes.has(code)]).toEqual([code, !elsewhere(code)]);
    expect(refusals.flatMap(({ code, text }) => canariesIn(text).map((name) => `${name} in ${code}`))).toEqual([]);
  });

  it('are in no reason for which a socket is closed', async () => {
    const open = async () => {
      const wire = await openWire(`${world.origin.replace('http', 'ws')}/graphql`);
      await wire.init(`Bearer ${await world.token('closed/phone')}`);
      return wire;
    };
    const reasons: string[] = [];
    for (const message of [`{"type":"${CANARIES.sdp}"}`, CANARIES.candidate, `"${SDP.repeat(10_000)}"`]) {
      const wire = await open();
      wire.send(message);
      const { code, reason } = await wire.closed;
      reasons.push(`${code} ${reason}`);
    }
    expect(reasons.map((reason) => reason.slice(0, 4))).toEqual(['4400', '4400', '1009']);
    expect(canariesIn(reasons.join())).toEqual([]);
  });

  it('are in nothing that the server printed or counted meanwhile', async () => {
    const metrics = await world.metrics();
    expect(metrics).toMatch(/graphql_requests_total\{transport="websocket",outcome="error"\} \d/);
    await world.server.stop();
    const output = world.server.output();
    expect(output).toContain('call.ended');
    expect(canariesIn(metrics + output)).toEqual([]);
  });
});
