/** Calls in browsers, and wherever else there is an `RTCPeerConnection`: `voip-call-signaling/client`. */
export { createCallClient } from './client.js';
export type { CallClient, CallClientOptions } from './client.js';
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
export type { CallEndReason, CallMedia, CallState } from './generated/types.js';
