import { afterEach, beforeEach, describe, it, expect } from '@jest/globals';
import { SignalingError } from '../../src/errors.js';
import { ACTIONS, ACTORS, CALL_STATES, MOVES, moveOf } from '../../src/call/state.js';
import type { Action, Actor, CallState } from '../../src/call/state.js';
import type { Viewer } from '../../src/identity/viewer.js';
import { ALICE, ALICE_TABLET, ANSWER, BOB, BOB_LAPTOP, OFFER, World, candidate, startInput } from './world.js';

const cells = CALL_STATES.flatMap((state) =>
  ACTIONS.flatMap((action) => ACTORS.map((actor) => ({ state, action, actor }))),
);

describe('the table of moves', () => {
  it('reads, line by line, as the protocol has it', () => {
    const lines = CALL_STATES.map((state) => {
      const moves = Object.entries(MOVES[state]).map(([action, { to, by, reason }]) => {
        return `${action}: ${by.join(' ')} > ${to}${reason ? ` ${reason}` : ''}`;
      });
      return [state, ...moves.sort()];
    });
    const ringing = (state: string): string[] => [
      'answer: LEG > CONNECTING',
      'busy: SERVER > ENDED BUSY',
      'decline: LEG > ENDED DECLINED',
      `declineBusy: LEG > ${state}`,
      `declineIgnored: LEG > ${state}`,
      'hangUp: CALLER > ENDED CANCELLED',
      'hangUpConnectFailed: CALLER > ENDED CANCELLED',
      'hangUpMediaFailed: CALLER > ENDED CANCELLED',
      'noAnswer: SERVER > ENDED NO_ANSWER',
      'reportRinging: LEG > RINGING',
      `revokeLeg: SERVER > ${state}`,
      'revokeParty: SERVER > ENDED DEVICE_REVOKED',
      `sendCandidates: CALLER LEG > ${state}`,
    ];
    const answered = (state: string): string[] => [
      `answer: WINNER > ${state}`,
      'hangUp: CALLER WINNER > ENDED COMPLETED',
      'hangUpConnectFailed: CALLER WINNER > ENDED CONNECT_FAILED',
      'hangUpMediaFailed: CALLER WINNER > ENDED MEDIA_FAILED',
      'replace: CALLER WINNER > ENDED REPLACED',
      'reportConnected: CALLER WINNER > ACTIVE',
      'reportDisconnected: CALLER WINNER > RECONNECTING',
      'revokeParty: SERVER > ENDED DEVICE_REVOKED',
      `sendCandidates: CALLER WINNER OTHER > ${state}`,
      `sendDescription: CALLER WINNER OTHER > ${state}`,
      'signalingLost: SERVER > ENDED SIGNALING_LOST',
    ];
    expect(lines).toEqual([
      ['INITIATED', ...[...ringing('INITIATED'), 'unreachable: SERVER > ENDED UNREACHABLE'].sort()],
      ['RINGING', ...ringing('RINGING')],
      ['CONNECTING', ...[...answered('CONNECTING'), 'connectFailed: SERVER > ENDED CONNECT_FAILED'].sort()],
      ['ACTIVE', ...answered('ACTIVE')],
      ['RECONNECTING', ...[...answered('RECONNECTING'), 'connectionLost: SERVER > ENDED CONNECTION_LOST'].sort()],
      ['ENDED', 'sendCandidates: CALLER LEG WINNER OTHER > ENDED', 'sendDescription: CALLER LEG WINNER OTHER > ENDED'],
    ]);
  });

  it.each(cells)('$state, $action by $actor: allowed exactly if the table has it', ({ state, action, actor }) => {
    const cell = MOVES[state][action];
    expect(moveOf(state, action, actor)).toBe(cell?.by.includes(actor) ? cell : null);
  });

  it('gives a reason for every end, and for nothing else', () => {
    for (const { state, action, actor } of cells) {
      const move = moveOf(state, action, actor);
      if (move) expect(move.reason !== undefined).toBe(move.to === 'ENDED' && state !== 'ENDED');
    }
  });
});

/** Which device is what in a call of Alice's phone that Bob's phone answers. */
function deviceFor(actor: Actor, state: CallState): Viewer | null {
  const ringing = state === 'INITIATED' || state === 'RINGING';
  if (actor === 'CALLER') return ALICE;
  if (actor === 'LEG') return ringing ? BOB : null;
  if (actor === 'WINNER') return ringing ? null : BOB;
  return actor === 'OTHER' ? (ringing ? ALICE_TABLET : BOB_LAPTOP) : null;
}

type Doing = (world: World, viewer: Viewer, callId: string, offerId: string) => unknown;

const DOINGS: Partial<Record<Action, Doing>> = {
  reportRinging: ({ calls }, viewer, callId) => calls.reportRinging(viewer, callId),
  answer: ({ calls }, viewer, callId, offerId) => calls.answerCall(viewer, { callId, offerId, answerSdp: ANSWER }),
  decline: ({ calls }, viewer, callId) => calls.declineCall(viewer, callId, 'DECLINED'),
  declineBusy: ({ calls }, viewer, callId) => calls.declineCall(viewer, callId, 'BUSY'),
  declineIgnored: ({ calls }, viewer, callId) => calls.declineCall(viewer, callId, 'IGNORED'),
  hangUp: ({ calls }, viewer, callId) => calls.hangUpCall(viewer, callId, 'HUNG_UP'),
  hangUpConnectFailed: ({ calls }, viewer, callId) => calls.hangUpCall(viewer, callId, 'CONNECT_FAILED'),
  hangUpMediaFailed: ({ calls }, viewer, callId) => calls.hangUpCall(viewer, callId, 'MEDIA_FAILED'),
  replace: ({ calls }, viewer, callId) =>
    calls.startCall(viewer, startInput(viewer.accountId === 'alice' ? 'bob' : 'alice', { replacesCallId: callId })),
  reportConnected: ({ calls }, viewer, callId) => calls.reportConnection(viewer, callId, 'CONNECTED'),
  reportDisconnected: ({ calls }, viewer, callId) => calls.reportConnection(viewer, callId, 'DISCONNECTED'),
  sendDescription: ({ calls }, viewer, callId) =>
    calls.sendDescription(viewer, { callId, clientSeq: 1, type: 'OFFER', sdp: OFFER, inReplyTo: null }),
  sendCandidates: ({ calls }, viewer, callId) =>
    calls.sendIceCandidates(viewer, { callId, clientSeq: 1, candidates: [candidate(1)], endOfCandidates: false }),
};

const doable = cells.flatMap(({ state, action, actor }) => {
  const viewer = deviceFor(actor, state);
  const doing = DOINGS[action];
  return viewer && doing ? [{ state, action, actor, viewer, doing }] : [];
});

describe('what devices do', () => {
  let world: World;
  beforeEach(() => {
    world = new World();
  });
  afterEach(() => world.stop());

  it.each(doable)(
    '$state, $action by $actor ends where the table says, or is refused and changes nothing',
    async (cell) => {
      const { state, action, actor, viewer, doing } = cell;
      const { callId, offerId } = await world.callUpTo(state === 'RECONNECTING' ? 'ACTIVE' : state);
      // Who lost the peer is the one that finds it again.
      const loser = viewer === BOB ? BOB : ALICE;
      if (state === 'RECONNECTING') await world.calls.reportConnection(loser, callId, 'DISCONNECTED');
      const stored = async (): Promise<unknown> => (await world.store.read(callId)).stored?.call;
      const before = await stored();
      const move = moveOf(state, action, actor);
      if (move) {
        await doing(world, viewer, callId, offerId);
        const { state: now, endReason } = (await world.calls.call(ALICE, callId)) ?? {};
        expect(now).toBe(move.to);
        if (move.reason) expect(endReason).toBe(move.reason);
        return;
      }
      if (action.startsWith('hangUp')) await doing(world, viewer, callId, offerId);
      else {
        const error = await Promise.resolve(doing(world, viewer, callId, offerId)).then(
          () => null,
          (thrown: unknown) => thrown,
        );
        expect(error).toBeInstanceOf(SignalingError);
        expect(['CALL_STATE_CONFLICT', 'CALL_ENDED', 'CALL_ANSWERED_ELSEWHERE']).toContain(
          (error as SignalingError).code,
        );
        expect((error as SignalingError).details.call?.id).toBe(callId);
      }
      const heard = actor === 'CALLER' || actor === 'WINNER' ? { heardAt: expect.any(Number) } : {};
      expect(await stored()).toMatchObject({ ...(before as object), ...heard });
    },
  );
});
