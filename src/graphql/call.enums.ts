import type { CallMedia, CallRole, ConnectionReport, SdpType } from '../call/call.js';
import type { StreamCloseReason } from '../call/event.js';
import type { HangUpReason } from '../call/party.js';
import type { DeclineReason } from '../call/ring.js';
import type { StartOutcome } from '../call/starter.js';
import type { CallState, EndReason } from '../call/state.js';
import { describeEnum } from './enums.js';

export const CallRoleEnum = describeEnum<CallRole>('CallRole', "A party's part in a call.", {
  CALLER: 'The account that started the call.',
  CALLEE: 'The account that was called.',
});

export const CallMediaEnum = describeEnum<CallMedia>('CallMedia', 'What a call was started with.', {
  AUDIO: 'A voice call.',
  VIDEO: 'A video call.',
});

export const CallStateEnum = describeEnum<CallState>('CallState', 'Where a call stands, as this viewer sees it.', {
  INITIATED: "The callee's devices are being told.",
  RINGING: 'A device of the callee shows the call to its user.',
  CONNECTING: 'Answered; the peers look for a path (ICE).',
  ACTIVE: 'A peer reported that it is connected.',
  RECONNECTING: 'A peer reported that it lost the other; it has 30 seconds to come back.',
  ENDED: 'Over; see endReason.',
});

export const CallEndReasonEnum = describeEnum<EndReason>('CallEndReason', 'Why a call ended, as this viewer sees it.', {
  COMPLETED: 'A party hung up after the answer.',
  CANCELLED: 'The caller hung up before an answer.',
  DECLINED: 'The callee declined.',
  BUSY: 'The callee is in another call.',
  NO_ANSWER: 'It rang, and nobody answered in time.',
  UNREACHABLE: 'No device of the callee showed life within 20 seconds.',
  ANSWERED_ELSEWHERE: 'Another device of this account answered.',
  DECLINED_ELSEWHERE: 'Another device of this account declined.',
  REPLACED: 'A new call took its place (replacesCallId).',
  CONNECT_FAILED: 'Answered, but the peers found no path.',
  CONNECTION_LOST: 'The peers lost each other for more than 30 seconds.',
  MEDIA_FAILED: 'A device could not use its microphone or camera.',
  SIGNALING_LOST: 'Neither party was heard of for 60 seconds.',
  DEVICE_REVOKED: "A party's device was revoked.",
  NOT_ALLOWED: 'Reserved; not given by this version.',
});

export const SdpTypeEnum = describeEnum<SdpType>('SdpType', 'W3C RTCSdpType, without the provisional answer.', {
  OFFER: 'An offer (RFC 3264).',
  ANSWER: 'The answer to an offer.',
  ROLLBACK: "Takes back one's own unanswered offer (RFC 8829, section 4.1.10.2).",
});

export const StartCallOutcomeEnum = describeEnum<StartOutcome>(
  'StartCallOutcome',
  'ADOPTED: the callee was calling us at the same moment; the returned call is theirs, answer its pendingOffer.',
  {
    CREATED: 'A new call rings.',
    REPLAYED: 'This clientCallId already made this call; nothing was done again.',
    ADOPTED: 'Their call to us is the call now.',
  },
);

export const DeclineReasonEnum = describeEnum<DeclineReason>(
  'DeclineReason',
  'DECLINED ends the call for the whole account; BUSY and IGNORED speak for this device alone.',
  {
    DECLINED: 'The user does not want the call.',
    BUSY: 'This device is in another call.',
    IGNORED: 'This device stops ringing; the others ring on.',
  },
);

export const HangUpReasonEnum = describeEnum<HangUpReason>('HangUpReason', 'Why a party ends the call.', {
  HUNG_UP: 'The user hung up.',
  CONNECT_FAILED: 'ICE found no path.',
  MEDIA_FAILED: 'The microphone or camera cannot be used.',
});

export const ConnectionReportEnum = describeEnum<ConnectionReport>(
  'ConnectionReport',
  "What the device's RTCPeerConnection says (W3C RTCPeerConnectionState).",
  { CONNECTED: 'connected', DISCONNECTED: 'disconnected or failed' },
);

export const StreamCloseReasonEnum = describeEnum<StreamCloseReason>(
  'StreamCloseReason',
  'Why the server gives up a stream.',
  {
    TAKEN_OVER: 'A newer stream of the same device is the stream now.',
    SHUTDOWN: 'This server stops; another one, or this one later, goes on.',
    SESSION_EXPIRED: 'The access token expired.',
    DEVICE_REVOKED: 'The device is no longer registered.',
    TOO_SLOW: 'Too many events were waiting to be read.',
  },
);
