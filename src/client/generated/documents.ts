import type {
  CallQuery,
  CallQueryVariables,
  OpenCallsQuery,
  OpenCallsQueryVariables,
  RecentCallsQuery,
  RecentCallsQueryVariables,
  StartCallMutation,
  StartCallMutationVariables,
  ReportRingingMutation,
  ReportRingingMutationVariables,
  AnswerCallMutation,
  AnswerCallMutationVariables,
  DeclineCallMutation,
  DeclineCallMutationVariables,
  HangUpCallMutation,
  HangUpCallMutationVariables,
  SendDescriptionMutation,
  SendDescriptionMutationVariables,
  SendIceCandidatesMutation,
  SendIceCandidatesMutationVariables,
  ReportConnectionMutation,
  ReportConnectionMutationVariables,
  CallEventsSubscription,
  CallEventsSubscriptionVariables,
  CallRelayQuery,
  CallRelayQueryVariables,
} from './types.js';

/** The text of an operation, and the types of what goes in and what comes out, which are never there. */
export interface Document<Result, Variables> {
  readonly text: string;
  readonly types?: readonly [Result, Variables];
}

const CALL_FIELDS = 'fragment CallFields on Call{id state media viewerRole caller{account{id}device{id name}}callee{account{id}device{id name}}createdAt ringingAt answeredAt connectedAt endedAt endReason endedBy remainingMs pendingOffer{...DescriptionFields}replacesCallId attachment nextClientSeq}';
const DESCRIPTION_FIELDS = 'fragment DescriptionFields on SessionDescription{id type sdp inReplyTo}';

export const CallDocument: Document<CallQuery, CallQueryVariables> = {
  text: `query Call($id:ID!){call(id:$id){...CallFields}}${CALL_FIELDS}${DESCRIPTION_FIELDS}`,
};
export const OpenCallsDocument: Document<OpenCallsQuery, OpenCallsQueryVariables> = {
  text: `query OpenCalls{openCalls{...CallFields}}${CALL_FIELDS}${DESCRIPTION_FIELDS}`,
};
export const RecentCallsDocument: Document<RecentCallsQuery, RecentCallsQueryVariables> = {
  text: `query RecentCalls($first:Int!=20){recentCalls(first:$first){...CallFields}}${CALL_FIELDS}${DESCRIPTION_FIELDS}`,
};
export const StartCallDocument: Document<StartCallMutation, StartCallMutationVariables> = {
  text: `mutation StartCall($input:StartCallInput!){startCall(input:$input){outcome offerId call{...CallFields}}}${CALL_FIELDS}${DESCRIPTION_FIELDS}`,
};
export const ReportRingingDocument: Document<ReportRingingMutation, ReportRingingMutationVariables> = {
  text: `mutation ReportRinging($callId:ID!){reportRinging(callId:$callId){...CallFields}}${CALL_FIELDS}${DESCRIPTION_FIELDS}`,
};
export const AnswerCallDocument: Document<AnswerCallMutation, AnswerCallMutationVariables> = {
  text: `mutation AnswerCall($input:AnswerCallInput!){answerCall(input:$input){...CallFields}}${CALL_FIELDS}${DESCRIPTION_FIELDS}`,
};
export const DeclineCallDocument: Document<DeclineCallMutation, DeclineCallMutationVariables> = {
  text: `mutation DeclineCall($input:DeclineCallInput!){declineCall(input:$input){...CallFields}}${CALL_FIELDS}${DESCRIPTION_FIELDS}`,
};
export const HangUpCallDocument: Document<HangUpCallMutation, HangUpCallMutationVariables> = {
  text: `mutation HangUpCall($input:HangUpCallInput!){hangUpCall(input:$input){...CallFields}}${CALL_FIELDS}${DESCRIPTION_FIELDS}`,
};
export const SendDescriptionDocument: Document<SendDescriptionMutation, SendDescriptionMutationVariables> = {
  text: `mutation SendDescription($input:SendDescriptionInput!){sendDescription(input:$input){clientSeq duplicate descriptionId}}`,
};
export const SendIceCandidatesDocument: Document<SendIceCandidatesMutation, SendIceCandidatesMutationVariables> = {
  text: `mutation SendIceCandidates($input:SendIceCandidatesInput!){sendIceCandidates(input:$input){clientSeq duplicate}}`,
};
export const ReportConnectionDocument: Document<ReportConnectionMutation, ReportConnectionMutationVariables> = {
  text: `mutation ReportConnection($input:ReportConnectionInput!){reportConnection(input:$input){...CallFields}}${CALL_FIELDS}${DESCRIPTION_FIELDS}`,
};
export const CallEventsDocument: Document<CallEventsSubscription, CallEventsSubscriptionVariables> = {
  text: `subscription CallEvents($after:Cursor){callEvents(after:$after){__typename cursor at ...on StreamReady{resumed openCalls{...CallFields}}...on CallInvited{call{...CallFields}offer{...DescriptionFields}}...on CallStateChanged{state endReason call{...CallFields}}...on DescriptionReceived{callId from polite collision description{...DescriptionFields}}...on IceCandidatesReceived{callId from endOfCandidates candidates{candidate sdpMid sdpMLineIndex usernameFragment}}...on StreamClosed{reason}}}${CALL_FIELDS}${DESCRIPTION_FIELDS}`,
};
export const CallRelayDocument: Document<CallRelayQuery, CallRelayQueryVariables> = {
  text: `query CallRelay{callRelay{turnUsername turnPassword turnTtlSeconds turnUrls turnUrlsWithIps turnHostname iceServers{urls username credential}expiresAt refreshAfter}}`,
};
