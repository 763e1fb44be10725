/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
export type AnswerCallInput = {
  answerSdp: string;
  callId: string;
  offerId: string;
};

export type CallEndReason =
  | 'ANSWERED_ELSEWHERE'
  | 'BUSY'
  | 'CANCELLED'
  | 'COMPLETED'
  | 'CONNECTION_LOST'
  | 'CONNECT_FAILED'
  | 'DECLINED'
  | 'DECLINED_ELSEWHERE'
  | 'DEVICE_REVOKED'
  | 'MEDIA_FAILED'
  | 'NOT_ALLOWED'
  | 'NO_ANSWER'
  | 'REPLACED'
  | 'SIGNALING_LOST'
  | 'UNREACHABLE';

export type CallMedia =
  | 'AUDIO'
  | 'VIDEO';

export type CallRole =
  | 'CALLEE'
  | 'CALLER';

export type CallState =
  | 'ACTIVE'
  | 'CONNECTING'
  | 'ENDED'
  | 'INITIATED'
  | 'RECONNECTING'
  | 'RINGING';

export type ConnectionReport =
  | 'CONNECTED'
  | 'DISCONNECTED';

export type DeclineCallInput = {
  callId: string;
  reason: DeclineReason;
};

export type DeclineReason =
  | 'BUSY'
  | 'DECLINED'
  | 'IGNORED';

export type HangUpCallInput = {
  callId: string;
  reason?: HangUpReason;
};

export type HangUpReason =
  | 'CONNECT_FAILED'
  | 'HUNG_UP'
  | 'MEDIA_FAILED';

export type IceCandidateInput = {
  candidate: string;
  sdpMLineIndex?: number | null | undefined;
  sdpMid?: string | null | undefined;
  usernameFragment?: string | null | undefined;
};

export type ReportConnectionInput = {
  callId: string;
  connection: ConnectionReport;
};

export type SdpType =
  | 'ANSWER'
  | 'OFFER'
  | 'ROLLBACK';

export type SendDescriptionInput = {
  callId: string;
  clientSeq: number;
  inReplyTo?: string | null | undefined;
  sdp: string;
  type: SdpType;
};

export type SendIceCandidatesInput = {
  callId: string;
  candidates: Array<IceCandidateInput>;
  clientSeq: number;
  endOfCandidates?: boolean;
};

export type StartCallInput = {
  attachment?: string | null | undefined;
  calleeAccountId: string;
  calleeDeviceId?: string | null | undefined;
  clientCallId: string;
  media: CallMedia;
  offerSdp: string;
  replacesCallId?: string | null | undefined;
};

export type StartCallOutcome =
  | 'ADOPTED'
  | 'CREATED'
  | 'REPLAYED';

export type StreamCloseReason =
  | 'DEVICE_REVOKED'
  | 'SESSION_EXPIRED'
  | 'SHUTDOWN'
  | 'TAKEN_OVER'
  | 'TOO_SLOW';

export type CallFieldsFragment = { id: string, state: CallState, media: CallMedia, viewerRole: CallRole, createdAt: string, ringingAt: string | null, answeredAt: string | null, connectedAt: string | null, endedAt: string | null, endReason: CallEndReason | null, endedBy: CallRole | null, remainingMs: number | null, replacesCallId: string | null, attachment: string | null, nextClientSeq: number, caller: { account: { id: string }, device: { id: string, name: string | null } | null }, callee: { account: { id: string }, device: { id: string, name: string | null } | null }, pendingOffer: DescriptionFieldsFragment | null };

export type DescriptionFieldsFragment = { id: string, type: SdpType, sdp: string, inReplyTo: string | null };

export type CallQueryVariables = Exact<{
  id: string;
}>;


export type CallQuery = { call: CallFieldsFragment | null };

export type OpenCallsQueryVariables = Exact<{ [key: string]: never; }>;


export type OpenCallsQuery = { openCalls: Array<CallFieldsFragment> | null };

export type RecentCallsQueryVariables = Exact<{
  first?: number;
}>;


export type RecentCallsQuery = { recentCalls: Array<CallFieldsFragment> | null };

export type StartCallMutationVariables = Exact<{
  input: StartCallInput;
}>;


export type StartCallMutation = { startCall: { outcome: StartCallOutcome, offerId: string, call: CallFieldsFragment } };

export type ReportRingingMutationVariables = Exact<{
  callId: string;
}>;


export type ReportRingingMutation = { reportRinging: CallFieldsFragment };

export type AnswerCallMutationVariables = Exact<{
  input: AnswerCallInput;
}>;


export type AnswerCallMutation = { answerCall: CallFieldsFragment };

export type DeclineCallMutationVariables = Exact<{
  input: DeclineCallInput;
}>;


export type DeclineCallMutation = { declineCall: CallFieldsFragment };

export type HangUpCallMutationVariables = Exact<{
  input: HangUpCallInput;
}>;


export type HangUpCallMutation = { hangUpCall: CallFieldsFragment };

export type SendDescriptionMutationVariables = Exact<{
  input: SendDescriptionInput;
}>;


export type SendDescriptionMutation = { sendDescription: { clientSeq: number, duplicate: boolean, descriptionId: string | null } };

export type SendIceCandidatesMutationVariables = Exact<{
  input: SendIceCandidatesInput;
}>;


export type SendIceCandidatesMutation = { sendIceCandidates: { clientSeq: number, duplicate: boolean } };

export type ReportConnectionMutationVariables = Exact<{
  input: ReportConnectionInput;
}>;


export type ReportConnectionMutation = { reportConnection: CallFieldsFragment };

export type CallEventsSubscriptionVariables = Exact<{
  after?: string | null | undefined;
}>;


export type CallEventsSubscription = { callEvents:
    | { __typename: 'CallInvited', cursor: string, at: string, call: CallFieldsFragment, offer: DescriptionFieldsFragment }
    | { __typename: 'CallStateChanged', state: CallState, endReason: CallEndReason | null, cursor: string, at: string, call: CallFieldsFragment }
    | { __typename: 'DescriptionReceived', callId: string, from: CallRole, polite: boolean, collision: boolean, cursor: string, at: string, description: DescriptionFieldsFragment }
    | { __typename: 'IceCandidatesReceived', callId: string, from: CallRole, endOfCandidates: boolean, cursor: string, at: string, candidates: Array<{ candidate: string, sdpMid: string | null, sdpMLineIndex: number | null, usernameFragment: string | null }> }
    | { __typename: 'StreamClosed', reason: StreamCloseReason, cursor: string, at: string }
    | { __typename: 'StreamReady', resumed: boolean, cursor: string, at: string, openCalls: Array<CallFieldsFragment> }
   };

export type CallRelayQueryVariables = Exact<{ [key: string]: never; }>;


export type CallRelayQuery = { callRelay: { turnUsername: string, turnPassword: string, turnTtlSeconds: number, turnUrls: Array<string>, turnUrlsWithIps: Array<string> | null, turnHostname: string | null, expiresAt: string, refreshAfter: string, iceServers: Array<{ urls: Array<string>, username: string | null, credential: string | null }> } | null };
