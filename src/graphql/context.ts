import type { CallEvent } from '../call/event.js';
import type { CallService } from '../call/service.js';
import type { EventStream } from '../call/stream.js';
import type { EventStreams } from '../call/streams.js';
import type { Viewer } from '../identity/viewer.js';
import type { RelayCredentials } from '../relay/credentials.js';

/** What resolvers may ask of the domain. */
export interface Services {
  readonly relay: { issue(viewer: Viewer): Promise<RelayCredentials> };
  readonly calls: Pick<
    CallService,
    | 'startCall'
    | 'reportRinging'
    | 'answerCall'
    | 'declineCall'
    | 'hangUpCall'
    | 'reportConnection'
    | 'sendDescription'
    | 'sendIceCandidates'
    | 'call'
    | 'openCalls'
    | 'recentCalls'
  >;
  readonly streams: Pick<EventStreams, 'subscribe'>;
  /** What a device is called; null when that is not known, or cannot be found out now. */
  deviceName(device: { readonly accountId: string; readonly id: string }): Promise<string | null>;
}

/** What a stream needs of the socket that it is sent over. */
export interface StreamCarrier {
  /** Of two streams of a device, the one with the greater epoch is the newer. */
  readonly epoch: number;
  /** @returns what is to be iterated over in the place of the stream, whose end is the socket's affair */
  register(stream: EventStream): AsyncIterable<CallEvent>;
}

/** One operation: who asks, and the services that answer. */
export interface Operation {
  readonly services: Services;
  /** The caller, checked once an operation. @throws SignalingError CALL_UNAUTHORIZED or CALL_UNAVAILABLE */
  viewer(): Promise<Viewer>;
  /** The socket that it came over; null over HTTP. */
  readonly connection: StreamCarrier | null;
}

/** The part of a GraphQL context that is this module's: one key, so that a host can spread it into its own. */
export interface CallContext {
  readonly callSignaling: Operation;
}

/** Makes the context of one operation; the caller is only looked at when a field asks for it. */
export function createOperation(
  services: Services,
  identify: () => Promise<Viewer>,
  connection: StreamCarrier | null = null,
): CallContext {
  let viewer: Promise<Viewer> | undefined;
  return { callSignaling: { services, viewer: () => (viewer ??= identify()), connection } };
}
