import type { GraphQLSchema } from 'graphql';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { claimDirectory } from './directory/claim-directory.js';
import { asAuthenticator, asDirectory, type HostAuthenticator, type HostDirectory } from './directory/host.js';
import { createFanOut } from './events/fan-out.js';
import { createMetrics, type Metrics } from './events/metrics.js';
import { apolloOptions, type ApolloOptions } from './graphql/apollo.js';
import { createOperation, type CallContext } from './graphql/context.js';
import { createMasker, type Masker } from './graphql/errors.js';
import { createExecutor, type Executor } from './graphql/executor.js';
import { createSchema } from './graphql/schema.js';
import { createSessions } from './identity/session.js';
import { createMemoryRateLimiter } from './memory/rate-limiter.js';
import { systemClock, type Clock, type EventSink, type RateLimit, type RateLimiter } from './ports.js';
import { createRelay, type CreateRelayOptions } from './providers/relay.js';

/** What the relay credentials come from; see RELAY_CONFIG_FILE for `config`. */
export type RelayOptions = Pick<CreateRelayOptions, 'config' | 'providers' | 'resolver' | 'times'> &
  Partial<Pick<CreateRelayOptions, 'readSecret'>>;

export interface CallSignalingOptions {
  /** Whose token this is: `createJwtAuthenticator(...)`, or the host's own function. */
  readonly authenticator: HostAuthenticator;
  /** Which devices are registered; when left out, the device that the authenticator names is believed. */
  readonly deviceDirectory?: HostDirectory;
  /** While the directory is down: the age up to which a token is believed for its device, in seconds. 300. */
  readonly freshTokenSeconds?: number;
  readonly relay: RelayOptions;
  /** Limits by bucket, in the place of those that the schema declares. */
  readonly rateLimits?: Readonly<Record<string, RateLimit>>;
  /** Where permits are counted. This process's memory. */
  readonly rateLimiter?: RateLimiter;
  /** Told of `call_relay.*` events. */
  readonly events?: EventSink;
  /** Counted in; by default a registry of its own, see `metrics`. */
  readonly metrics?: Metrics;
  /** 32 bytes for pseudonyms; drawn at start when left out. */
  readonly nameKey?: Buffer;
  /** Whether introspection and "did you mean" are answered. Not in production. */
  readonly introspection?: boolean;
  /** Whether `@auth` and `@rateLimit` are composed into a supergraph. Yes. */
  readonly composeDirectives?: boolean;
  /** Refuses what is fit for development only. */
  readonly production?: boolean;
  /** Given what was ours to prevent; clients see `correlationId`. Its messages may hold anything: do not log them as they are. */
  readonly onDefect?: (error: unknown, correlationId?: string) => void;
  readonly clock?: Clock;
}

/** What a host needs to mount call signaling in its own server. */
export interface CallSignaling {
  /** The executable subgraph, with `@auth` and `@rateLimit` in force. */
  readonly schema: GraphQLSchema;
  /** Options for `new ApolloServer()`: schema, limits, masking, status codes. */
  readonly apollo: ApolloOptions;
  /** The context of one operation, to be spread into the host's own. @param request anything with Node's headers */
  context(request: { readonly headers: { readonly authorization?: string | undefined } }): CallContext;
  /** Turns whatever was thrown into what may be sent. Part of `apollo`. */
  readonly formatError: Masker;
  /** Runs operations with the limits and the masking of `apollo`, for transports that Apollo Server does not serve. */
  readonly executor: Executor;
  readonly metrics: Metrics;
  /** Takes a new relay configuration into use. @throws RelayConfigError listing every problem; the old one stays */
  reloadRelay(config: unknown): void;
  /** Ends what was begun here: waits for requests that are being served, then closes connections. */
  close(): Promise<void>;
}

/**
 * Puts call signaling together.
 *
 * @throws RelayConfigError listing every problem of `relay.config`
 */
export function createCallSignaling(options: CallSignalingOptions): CallSignaling {
  const { clock = systemClock, metrics = createMetrics(), production = false, introspection = !production } = options;
  const onDefect = options.onDefect ?? (() => {});
  const rateLimiter = options.rateLimiter ?? createMemoryRateLimiter(clock);
  const relay = createRelay({
    readSecret: (path) => readFileSync(path, 'utf8'),
    ...options.relay,
    production,
    events: createFanOut(options.events ? [options.events] : [], onDefect),
    metrics,
    clock,
    nameKey: options.nameKey ?? randomBytes(32),
  });
  const sessions = createSessions({
    authenticator: asAuthenticator(options.authenticator, { onFailure: onDefect }),
    directory: options.deviceDirectory ? asDirectory(options.deviceDirectory, { onFailure: onDefect }) : claimDirectory,
    ...(options.freshTokenSeconds !== undefined && { freshTokenSeconds: options.freshTokenSeconds }),
    clock,
  });

  const schema = createSchema({
    composeDirectives: options.composeDirectives ?? true,
    rateLimiter,
    limitOf: (bucket, declared) =>
      options.rateLimits?.[bucket] ?? (bucket === 'callRelay' ? relay.service.rateLimit : declared),
    onRefused: (field, refusal, viewer) => {
      if (field !== 'callRelay') return;
      if (refusal === 'unavailable') relay.service.unavailable();
      else relay.service.refused(refusal, viewer?.accountId ?? null);
    },
  });
  const masker = createMasker({ onDefect });

  return {
    schema,
    apollo: apolloOptions({
      schema,
      masker,
      introspection,
      onAnswered: (outcome, seconds) => metrics.graphqlRequest('http', outcome, seconds),
    }),
    context: ({ headers }) => createOperation({ relay: relay.service }, () => sessions.viewerOf(headers.authorization)),
    formatError: masker,
    executor: createExecutor({ schema, masker, introspection }),
    metrics,
    reloadRelay: (config) => relay.reload(config),
    close: async () => {
      await relay.close();
      await rateLimiter.close();
    },
  };
}
