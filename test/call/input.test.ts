import { describe, it, expect } from '@jest/globals';
import { SignalingError } from '../../src/errors.js';
import {
  checkAnswerCall,
  checkFirst,
  checkSendDescription,
  checkSendIceCandidates,
  checkStartCall,
} from '../../src/call/input.js';
import { ANSWER, OFFER, candidate, startInput } from './world.js';

const strict = { opaqueSdp: false };
const opaque = { opaqueSdp: true };

function refusal(run: () => void): string | null {
  try {
    run();
    return null;
  } catch (error) {
    if (!(error instanceof SignalingError) || error.code !== 'CALL_INPUT_INVALID') throw error;
    return error.message;
  }
}

const start = (changes: object): string | null =>
  refusal(() => checkStartCall({ ...startInput('bob'), ...changes }, 'alice', strict));
const describing = (changes: object, options = strict): string | null =>
  refusal(() =>
    checkSendDescription(
      { callId: 'c', clientSeq: 1, type: 'OFFER', sdp: OFFER, inReplyTo: null, ...changes },
      options,
    ),
  );
const trickling = (changes: object, more: object = {}, options = strict): string | null =>
  refusal(() =>
    checkSendIceCandidates(
      { callId: 'c', clientSeq: 1, candidates: [{ ...candidate(1), ...changes }], endOfCandidates: false, ...more },
      options,
    ),
  );
const sdp = (bytes: number): string => 'v=0'.padEnd(bytes, 'x');

describe('input', () => {
  it.each([
    ['clientCallId', 'a'.repeat(16), 'a'.repeat(15)],
    ['clientCallId', 'a'.repeat(64), 'a'.repeat(65)],
    ['clientCallId', '0aZ._~-0aZ._~-0aZ', 'no spaces allowed in it'],
    ['calleeAccountId', 'a'.repeat(256), 'a'.repeat(257)],
    ['calleeAccountId', '{}*:', 'ü'],
    ['calleeAccountId', 'bob', 'alice'],
    ['calleeAccountId', ' ', ''],
    ['calleeDeviceId', 'x', 'a\nb'],
    ['replacesCallId', 'x', ''],
    ['offerSdp', sdp(65_536), sdp(65_537)],
    ['offerSdp', 'v=0', 'o=-'],
    ['offerSdp', 'v=0', 'v=0\0'],
    ['offerSdp', `v=0${'é'.repeat(32_766)}`, `v=0${'é'.repeat(32_767)}`],
    ['attachment', 'x'.repeat(4_096), 'x'.repeat(4_097)],
  ])('of startCall: %s has its limit', (field, good, bad) => {
    expect(start({ [field]: good })).toBeNull();
    expect(start({ [field]: bad })).toMatch(new RegExp(`^${field}: `));
  });

  it('of answerCall has its limits', () => {
    const answer = { callId: 'c', offerId: 'o', answerSdp: ANSWER };
    expect(refusal(() => checkAnswerCall(answer, strict))).toBeNull();
    expect(refusal(() => checkAnswerCall({ ...answer, callId: '' }, strict))).toMatch(/^callId: /);
    expect(refusal(() => checkAnswerCall({ ...answer, offerId: '' }, strict))).toMatch(/^offerId: /);
    expect(refusal(() => checkAnswerCall({ ...answer, answerSdp: 'x' }, strict))).toMatch(/^answerSdp: /);
  });

  it('of sendDescription has its limits; a rollback carries no body', () => {
    expect(describing({})).toBeNull();
    expect(describing({ clientSeq: 0 })).toMatch(/^clientSeq: /);
    expect(describing({ clientSeq: 1.5 })).toMatch(/^clientSeq: /);
    expect(describing({ sdp: '' })).toMatch(/^sdp: /);
    expect(describing({ type: 'ROLLBACK', sdp: '' })).toBeNull();
    expect(describing({ type: 'ROLLBACK' })).toMatch(/^sdp: /);
    expect(describing({ inReplyTo: '' })).toMatch(/^inReplyTo: /);
  });

  it.each([
    ['candidate', 'x'.repeat(2_048), 'x'.repeat(2_049)],
    ['candidate', '', 'candidate:1\r\na=crypto:'],
    ['sdpMid', 'x'.repeat(255), 'x'.repeat(256)],
    ['sdpMLineIndex', 65_535, 65_536],
    ['sdpMLineIndex', 0, -1],
    ['usernameFragment', 'x'.repeat(4), 'x'.repeat(3)],
    ['usernameFragment', 'x'.repeat(256), 'x'.repeat(257)],
    ['usernameFragment', null, ''],
  ])('of sendIceCandidates: %s has its limit', (field, good, bad) => {
    expect(trickling({ [field]: good })).toBeNull();
    expect(trickling({ [field]: bad })).toMatch(new RegExp(`^${field}: `));
  });

  it('of sendIceCandidates names a media section, one way or the other', () => {
    expect(trickling({ sdpMid: null })).toBeNull();
    expect(trickling({ sdpMLineIndex: null })).toBeNull();
    expect(trickling({ sdpMid: null, sdpMLineIndex: null })).toMatch(/^sdpMid: /);
  });

  it('of sendIceCandidates has 1 to 50, and none only at the end of candidates', () => {
    const many = (length: number): object => ({ candidates: Array.from({ length }, (_, n) => candidate(n)) });
    expect(trickling({}, many(50))).toBeNull();
    expect(trickling({}, many(51))).toMatch(/^candidates: /);
    expect(trickling({}, many(0))).toMatch(/^candidates: /);
    expect(trickling({}, { ...many(0), endOfCandidates: true })).toBeNull();
  });

  it('of recentCalls is 1 to 50', () => {
    for (const first of [1, 50]) expect(refusal(() => checkFirst(first))).toBeNull();
    for (const first of [0, 51, 1.5, Number.NaN]) expect(refusal(() => checkFirst(first))).toMatch(/^first: /);
  });

  it('that is encrypted end to end is checked for its size only', () => {
    const options = opaque;
    expect(describing({ sdp: 'ciphertext\0' }, options)).toBeNull();
    expect(describing({ sdp: 'x'.repeat(65_537) }, options)).toMatch(/^sdp: /);
    expect(trickling({ candidate: 'ciphertext\r\n' }, {}, options)).toBeNull();
    expect(trickling({ candidate: 'x'.repeat(2_049) }, {}, options)).toMatch(/^candidate: /);
  });

  it('is never repeated in the error', () => {
    const secret = 'canary-value-that-must-not-come-back';
    expect(start({ offerSdp: secret })).not.toContain(secret);
    expect(trickling({ candidate: `${secret}\n` })).not.toContain(secret);
    expect(start({ calleeDeviceId: `${secret}\n` })).not.toContain(secret);
  });
});
