import type { CallError } from './errors.js';
import type { Document } from './generated/documents.js';
import type { GetUserMedia } from './local-media.js';
import type { RelayCredentials } from './relay.js';

/** What the calls of one client share. */
export interface Services {
  readonly relay: RelayCredentials;
  readonly createPeer: (configuration: RTCConfiguration) => RTCPeerConnection;
  /** What every peer connection begins with; the relay's servers are added. */
  readonly configuration: RTCConfiguration;
  readonly getUserMedia: GetUserMedia;
  /** Told of what costs quality and stops nothing. */
  readonly warn: (warning: CallError) => void;
  /** Aborts when the client is closed. */
  readonly signal: AbortSignal;
  /**
   * Runs an operation until it is answered.
   *
   * @param signal ends the tries; the client's where there is none
   * @throws CallError
   */
  run<Result, Variables>(
    document: Document<Result, Variables>,
    variables: Variables,
    signal?: AbortSignal,
    withinMs?: number,
  ): Promise<Result>;
}
