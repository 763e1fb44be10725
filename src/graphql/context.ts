import type { Viewer } from '../identity/viewer.js';
import type { RelayCredentials } from '../relay/credentials.js';

/** What resolvers may ask of the domain. */
export interface Services {
  readonly relay: { issue(viewer: Viewer): Promise<RelayCredentials> };
}

/** One operation: who asks, and the services that answer. */
export interface Operation {
  readonly services: Services;
  /** The caller, checked once an operation. @throws SignalingError CALL_UNAUTHORIZED or CALL_UNAVAILABLE */
  viewer(): Promise<Viewer>;
}

/** The part of a GraphQL context that is this module's: one key, so that a host can spread it into its own. */
export interface CallContext {
  readonly callSignaling: Operation;
}

/** Makes the context of one operation; the caller is only looked at when a field asks for it. */
export function createOperation(services: Services, identify: () => Promise<Viewer>): CallContext {
  let viewer: Promise<Viewer> | undefined;
  return { callSignaling: { services, viewer: () => (viewer ??= identify()) } };
}
