import type { CallEvent } from '../call/event.js';
import type { CallReads } from '../call/reads.js';
import type { CallService } from '../call/service.js';
import type { EventStream } from '../call/stream.js';
import type { EventStreams } from '../call/streams.js';
import type { Viewer } from '../identity/viewer.js';
import { caught, isPromise, next, type Soon } from '../soon.js';
import type { RelayCredentials } from '../relay/credentials.js';
import { createWaiting, type Waiting } from './answer-time.js';
import type { LooseStreams } from './loose-streams.js';

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
    | 'reads'
  >;
  readonly streams: Pick<EventStreams, 'subscribe'>;
  /** For streams that come over no socket of ours. */
  readonly looseStreams: Pick<LooseStreams, 'carry'>;
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
  readonly viewer: () => Soon<Viewer>;
  /** Whether the caller's session was found valid: looked at before the operation is, which costs more. */
  identified(): Soon<boolean>;
  /** The caller's calls: none is read twice for it. @throws as {@link viewer} */
  reads(): Soon<CallReads>;
  /** The socket of ours that it came over; null over HTTP, and over a host's own WebSocket. */
  readonly connection: StreamCarrier | null;
  /** How long it waited for its client. */
  readonly waiting: Waiting;
}

/** The part of a GraphQL context that is this module's: one key, so that a host can spread it into its own. */
export interface CallContext {
  readonly callSignaling: Operation;
}

/** Makes the context of one operation; the caller is looked at once, when that is first asked for. */
export function createOperation(
  services: Services,
  identify: () => Soon<Viewer>,
  connection: StreamCarrier | null = null,
): CallContext {
  let known: Soon<Viewer> | undefined;
  let refused: { readonly error: unknown } | undefined;
  /** Once it is known it is there at once, so that whoever asks for it goes on in the same turn. */
  const viewer = (): Soon<Viewer> => {
    if (refused) throw refused.error;
    if (known !== undefined) return known;
    known = caught(identify, (error) => {
      refused = { error };
      throw error;
    });
    if (isPromise(known)) (known as Promise<Viewer>).then((found) => (known = found)).catch(() => undefined);
    return known;
  };
  const identified = (): Soon<boolean> =>
    caught(
      () => next(viewer(), () => true),
      () => false,
    );
  let reading: Soon<CallReads> | undefined;
  const reads = (): Soon<CallReads> => (reading ??= next(viewer(), (caller) => services.calls.reads(caller)));
  return { callSignaling: { services, viewer, identified, reads, connection, waiting: createWaiting() } };
}
