import type { GraphQLSchema } from 'graphql';
import type { Metrics } from '../events/metrics.js';
import type { Warnings } from '../events/warnings.js';
import type { ApolloOptions } from '../graphql/apollo.js';
import type { CallContext, StreamCarrier } from '../graphql/context.js';
import type { Masker } from '../graphql/errors.js';
import type { Executor } from '../graphql/executor.js';
import type { LoginRequest } from '../identity/login.js';
import type { RevocationRequest } from '../identity/revocations.js';
import type { Viewer } from '../identity/viewer.js';
import type { Clock } from '../ports.js';
import type { Health } from './health.js';

/** One schema, and what serves it. */
export interface Graph {
  /** Executable; with `@auth` and `@rateLimit` in force on our fields. */
  readonly schema: GraphQLSchema;
  /** Options for `new ApolloServer()`: schema, limits, masking, status codes. */
  readonly apollo: ApolloOptions;
  /** Runs operations with the limits and the masking of `apollo`, for transports that Apollo Server does not serve. */
  readonly executor: Executor;
  /** For `attachWebSocket` and `createWebSocket`. */
  readonly websocket: WebSocketParts;
}

/** What a host needs to mount call signaling in its own server. */
export interface CallSignaling extends Graph {
  /**
   * The same for a schema in which the host merged ours with its own.
   *
   * @param ownContext what the host's resolvers find in the context of an operation over WebSocket, beside ours
   * @throws OptionsError the schema is of another copy of graphql
   */
  withSchema(schema: GraphQLSchema, ownContext?: (viewer: Viewer) => object): Graph;
  /** The context of one operation, to be spread into the host's own. @throws OptionsError the request has no headers */
  context(request: LoginRequest | { readonly headers: Headers }): CallContext;
  /** Turns what this module's fields throw into what may be sent, and leaves a host's own errors alone. Part of `apollo`. */
  readonly formatError: Masker;
  readonly metrics: Metrics;
  /**
   * What this process can serve, and the state of each service around it that parts of this package speak to: an answer to /readyz.
   *
   * @param isServing false while the host starts or stops; true when left out
   */
  health(isServing?: boolean): Health;
  /**
   * A device was removed: its calls and its streams end, on every node, within 5 s.
   *
   * @param request when and under which id it was asked for, so that it can be asked for twice
   * @returns false when a request of that id was carried out before, and so nothing was ended
   */
  revokeDevice(accountId: string, deviceId: string, request?: RevocationRequest): Promise<boolean>;
  /** Takes a new relay configuration into use. @throws RelayConfigError listing every problem; the old one stays */
  reloadRelay(config: unknown): void;
  /** Ends what was begun here: waits for requests that are being served, then closes connections. */
  close(): Promise<void>;
}

/** The part of a WebSocket door's options that is this module's. */
export interface WebSocketParts {
  readonly executor: Executor;
  readonly onDefect: (error: unknown) => void;
  readonly metrics: Metrics;
  readonly clock: Clock;
  /** Pages of the origins that the authenticator lists, beside those of the same host. */
  readonly allowsOrigin: (origin: string) => boolean;
  /** Tells the host, by `onWarning`. */
  readonly onRefusedOrigin: Warnings['originRefused'];
  /** @param request the upgrade request of the socket */
  authenticate(authorization: string | undefined, request: LoginRequest): Promise<Viewer>;
  contextFor(connection: StreamCarrier & { readonly viewer: Viewer }): CallContext;
  nextEpoch(): Promise<number>;
  recheck(viewers: readonly Viewer[]): Promise<readonly Viewer[]>;
}
