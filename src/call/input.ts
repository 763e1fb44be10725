import { SignalingError } from '../errors.js';
import { CLIENT_CALL_ID, LIMITS, OPAQUE_ID } from '../limits.js';
import type { IceCandidate } from './call.js';
import type { AnswerCallInput } from './ring.js';
import type { SendDescriptionInput, SendIceCandidatesInput } from './signal.js';
import type { StartCallInput } from './start.js';

/** How strictly bodies are looked at. */
export interface InputOptions {
  /** The clients encrypt what they send each other: only its size can be checked. */
  readonly opaqueSdp: boolean;
}

/** @returns the error that names a field and its limit, never the value. */
export function invalid(field: string, limit: string): SignalingError {
  return new SignalingError('CALL_INPUT_INVALID', { message: `${field}: ${limit}.` });
}

function check(holds: boolean, field: string, limit: string): void {
  if (!holds) throw invalid(field, limit);
}

/** What `recentCalls` gives at most. */
export const MAX_RECENT_CALLS = 50;

const bytes = (text: string): number => Buffer.byteLength(text, 'utf8');

/** @throws SignalingError CALL_INPUT_INVALID */
export function checkId(field: string, id: string): void {
  check(OPAQUE_ID.test(id), field, `1 to ${LIMITS.idLength} printable ASCII characters`);
}

function checkSdp(field: string, sdp: string, { opaqueSdp }: InputOptions): void {
  check(bytes(sdp) <= LIMITS.sdpBytes, field, `at most ${LIMITS.sdpBytes} bytes`);
  if (opaqueSdp) check(sdp.length > 0, field, 'must not be empty');
  else check(sdp.startsWith('v=0') && !sdp.includes('\0'), field, 'must begin with v=0 and have no NUL');
}

function checkClientSeq(clientSeq: number): void {
  check(Number.isSafeInteger(clientSeq) && clientSeq >= 1, 'clientSeq', 'a whole number, 1 or more');
}

/** @throws SignalingError CALL_INPUT_INVALID */
export function checkStartCall(input: StartCallInput, viewerAccountId: string, options: InputOptions): void {
  check(
    CLIENT_CALL_ID.test(input.clientCallId),
    'clientCallId',
    '16 to 64 characters out of 0-9, A-Z, a-z and . _ ~ -',
  );
  checkId('calleeAccountId', input.calleeAccountId);
  check(input.calleeAccountId !== viewerAccountId, 'calleeAccountId', 'must be another account than your own');
  if (input.calleeDeviceId !== null) checkId('calleeDeviceId', input.calleeDeviceId);
  if (input.replacesCallId !== null) checkId('replacesCallId', input.replacesCallId);
  checkSdp('offerSdp', input.offerSdp, options);
  const { attachment } = input;
  if (attachment !== null)
    check(bytes(attachment) <= LIMITS.attachmentBytes, 'attachment', `at most ${LIMITS.attachmentBytes} bytes`);
}

/** @throws SignalingError CALL_INPUT_INVALID */
export function checkAnswerCall(input: AnswerCallInput, options: InputOptions): void {
  checkId('callId', input.callId);
  checkId('offerId', input.offerId);
  checkSdp('answerSdp', input.answerSdp, options);
}

/** @throws SignalingError CALL_INPUT_INVALID */
export function checkSendDescription(input: SendDescriptionInput, options: InputOptions): void {
  checkId('callId', input.callId);
  checkClientSeq(input.clientSeq);
  if (input.inReplyTo !== null) checkId('inReplyTo', input.inReplyTo);
  if (input.type === 'ROLLBACK') check(input.sdp === '', 'sdp', 'must be empty for a ROLLBACK');
  else checkSdp('sdp', input.sdp, options);
}

function checkCandidate(candidate: IceCandidate, { opaqueSdp }: InputOptions): void {
  const { sdpMid, sdpMLineIndex, usernameFragment } = candidate;
  const line = candidate.candidate;
  check(bytes(line) <= LIMITS.candidateBytes, 'candidate', `at most ${LIMITS.candidateBytes} bytes`);
  if (!opaqueSdp) check(!/[\r\n]/.test(line), 'candidate', 'must be one line, without CR or LF');
  check(sdpMid !== null || sdpMLineIndex !== null, 'sdpMid', 'must not be null together with sdpMLineIndex');
  if (sdpMid !== null)
    check(sdpMid.length <= LIMITS.sdpMidLength, 'sdpMid', `at most ${LIMITS.sdpMidLength} characters`);
  if (sdpMLineIndex !== null) {
    const inRange = Number.isInteger(sdpMLineIndex) && sdpMLineIndex >= 0 && sdpMLineIndex <= LIMITS.sdpMLineIndexMax;
    check(inRange, 'sdpMLineIndex', `0 to ${LIMITS.sdpMLineIndexMax}`);
  }
  if (usernameFragment !== null) {
    const { min, max } = LIMITS.usernameFragmentLength;
    const { length } = usernameFragment;
    check(length >= min && length <= max, 'usernameFragment', `${min} to ${max} characters`);
  }
}

/** @throws SignalingError CALL_INPUT_INVALID */
export function checkSendIceCandidates(input: SendIceCandidatesInput, options: InputOptions): void {
  checkId('callId', input.callId);
  checkClientSeq(input.clientSeq);
  const { length } = input.candidates;
  check(length <= LIMITS.candidatesPerMutation, 'candidates', `at most ${LIMITS.candidatesPerMutation}`);
  check(length > 0 || input.endOfCandidates, 'candidates', 'at least 1, unless endOfCandidates is true');
  for (const candidate of input.candidates) checkCandidate(candidate, options);
}

/** @throws SignalingError CALL_INPUT_INVALID */
export function checkFirst(first: number): void {
  const max = MAX_RECENT_CALLS;
  check(Number.isInteger(first) && first >= 1 && first <= max, 'first', `1 to ${max}`);
}
