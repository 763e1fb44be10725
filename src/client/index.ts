/** Calls in browsers, and wherever else there is an `RTCPeerConnection`: `voip-call-signaling/client`. */
export { createCallClient } from './client.js';
export type { CallClient, CallClientOptions } from './client.js';
export { callSocket } from './call-socket.js';
export type { CallSocket, CallSocketOptions } from './call-socket.js';
export type { AccessToken, TokenSource } from './access-token.js';
export { graphqlWsTransport } from './graphql-ws-transport.js';
export type { GraphqlWsClient } from './graphql-ws-transport.js';
export { apolloTransport } from './apollo-transport.js';
export type { ApolloClientLike } from './apollo-transport.js';
export type { StreamSink, Transport } from './transport.js';
export type { AnswerOptions, Call, CallStatus, Decline, StartOptions } from './call.js';
export type { CallStats } from './stats.js';
export type { ClientState } from './stream.js';
export type { CallStorage } from './kept.js';
export type { GetUserMedia } from './local-media.js';
export type { Observable } from './observable.js';
export { CallError } from './errors.js';
export type { CallErrorDetails, LocalErrorCode, Outcome } from './errors.js';
export type { Document } from './generated/documents.js';
// For those who send operations by a GraphQL client of their own, such as Apollo Client.
export {
  AnswerCallDocument,
  CallDocument,
  CallEventsDocument,
  CallRelayDocument,
  DeclineCallDocument,
  HangUpCallDocument,
  OpenCallsDocument,
  RecentCallsDocument,
  ReportConnectionDocument,
  ReportRingingDocument,
  SendDescriptionDocument,
  SendIceCandidatesDocument,
  StartCallDocument,
} from './generated/nodes.js';
export type {
  AnswerCallInput,
  AnswerCallMutation,
  AnswerCallMutationVariables,
  CallEndReason,
  CallEventsSubscription,
  CallEventsSubscriptionVariables,
  CallFieldsFragment,
  CallMedia,
  CallQuery,
  CallQueryVariables,
  CallRelayQuery,
  CallRelayQueryVariables,
  CallRole,
  CallState,
  ConnectionReport,
  DeclineCallInput,
  DeclineCallMutation,
  DeclineCallMutationVariables,
  DeclineReason,
  DescriptionFieldsFragment,
  HangUpCallInput,
  HangUpCallMutation,
  HangUpCallMutationVariables,
  HangUpReason,
  IceCandidateInput,
  OpenCallsQuery,
  OpenCallsQueryVariables,
  RecentCallsQuery,
  RecentCallsQueryVariables,
  ReportConnectionInput,
  ReportConnectionMutation,
  ReportConnectionMutationVariables,
  ReportRingingMutation,
  ReportRingingMutationVariables,
  SdpType,
  SendDescriptionInput,
  SendDescriptionMutation,
  SendDescriptionMutationVariables,
  SendIceCandidatesInput,
  SendIceCandidatesMutation,
  SendIceCandidatesMutationVariables,
  StartCallInput,
  StartCallMutation,
  StartCallMutationVariables,
  StartCallOutcome,
  StreamCloseReason,
} from './generated/types.js';
