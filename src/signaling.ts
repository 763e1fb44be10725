import type { GraphQLSchema } from 'graphql';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createCalls } from './call/calls.js';
import { cursorSeal } from './call/cursor.js';
import { pairTags } from './call/ids.js';
import { createFanOut } from './events/fan-out.js';
import { tellRefusalsSeldom } from './events/told-seldom.js';
import { createMetrics } from './events/metrics.js';
import { createWarnings } from './events/warnings.js';
import { createDeviceNames } from './graphql/device-names.js';
import { apolloOptions } from './graphql/apollo.js';
import { createOperation, type Services } from './graphql/context.js';
import { createMasker, type Masker } from './graphql/errors.js';
import { createExecutor } from './graphql/executor.js';
import { createLooseStreams } from './graphql/loose-streams.js';
import { createSchema } from './graphql/schema.js';
import { allowsPagesOf } from './host/authenticator.js';
import { quiet } from './host/callback.js';
import { guardFunctions } from './host/functions.js';
import { asOwnContext, withQuietMethods } from './host/listeners.js';
import { asRateLimiter, asSharedCredentials } from './host/stores.js';
import { authorizationIn } from './identity/login.js';
import { createSessions } from './identity/session.js';
import { findRevoked } from './identity/revoked.js';
import { shareRevocations } from './identity/revocations.js';
import type { Viewer } from './identity/viewer.js';
import { createMemoryAdapters } from './memory/adapters.js';
import { createMemoryRateLimiter } from './memory/rate-limiter.js';
import { systemClock, systemTimers } from './ports.js';
import { createRelay } from './providers/relay.js';
import { checkDevice, checkOptions, checkSchema, headersOf } from './signaling/check.js';
import { healthOf } from './signaling/health.js';
import { isProductionProcess } from './signaling/node-env.js';
import { observeServices } from './signaling/observe.js';
import type { CallAdapters, CallSignalingOptions } from './signaling/options.js';
import { createRelayHealth } from './signaling/relay-health.js';
import type { CallSignaling, Graph } from './signaling/parts.js';

/** How often other nodes' revocations are asked for, in milliseconds: with the recheck of sockets after it, within 5 s. */
const REVOCATIONS_MS = 1_000;

/**
 * Puts call signaling together.
 *
 * @throws OptionsError listing every problem of the options; RelayConfigError, which is one, where only `relay.config` has any
 */
export function createCallSignaling(options: CallSignalingOptions): CallSignaling {
  checkOptions(options);
  const { clock = systemClock, production = false } = options;
  const { introspection = !(production || isProductionProcess()) } = options;
  const onDefect = quiet(options.onDefect);
  const metrics = options.metrics ? withQuietMethods(options.metrics, ['text']) : createMetrics();
  const onFailure = (callback: string, reason: string): void => metrics.dependencyFailed(`host-${callback}`, reason);
  const watch = { onDefect, onFailure, clock };
  const warnings = createWarnings(quiet(options.onWarning), clock);
  const relayHealth = createRelayHealth(clock);
  const around = observeServices(options, { metrics, warnings, relayHealth });
  let isOpen = true;
  const adapters: CallAdapters = options.adapters ?? createMemoryAdapters(clock);
  const given = options.rateLimiter ? asRateLimiter(options.rateLimiter, watch) : adapters.rateLimiter;
  const rateLimiter = given ?? createMemoryRateLimiter(clock);
  const events = createFanOut([metrics.calls, relayHealth, ...(options.events ? [options.events] : [])], watch);
  const nameKey = Buffer.from(options.nameKey ?? adapters.nameKey ?? randomBytes(32));
  const { login, directory, policy, sendWakeUp } = guardFunctions(options, watch);
  const { sharedCredentials: shared } = options.relay;
  const relay = createRelay({
    readSecret: (path) => readFileSync(path, 'utf8'),
    ...options.relay,
    ...(shared && { sharedCredentials: asSharedCredentials(shared, watch) }),
    production,
    events: tellRefusalsSeldom(events, clock),
    metrics,
    clock,
    nameKey,
  });
  const calls = createCalls({
    store: adapters.callStore,
    index: adapters.accountIndex,
    presence: adapters.presence,
    bus: adapters.wakeBus,
    timers: systemTimers,
    limiter: rateLimiter,
    directory,
    policy,
    events,
    sendWakeUp,
    pairTag: pairTags(nameKey),
    input: { opaqueSdp: options.opaqueSdp ?? false },
    cursors: cursorSeal(options.cursorKeys ?? adapters.cursorKeys ?? [randomBytes(32)]),
    clock,
    onFailure: onDefect,
  });
  metrics.watchStreams(() => calls.streams.size);
  const sessions = createSessions({
    login,
    directory,
    ...(options.freshTokenSeconds !== undefined && { freshTokenSeconds: options.freshTokenSeconds }),
    clock,
  });
  const revocations = shareRevocations(sessions, adapters.revocations, clock);
  const learn = (): Promise<void> => revocations.learn().catch(onDefect);
  // Whoever comes first waits for it: what was revoked before this node began is refused here too.
  const learned = learn();
  const stopLearning = systemTimers.every(REVOCATIONS_MS, () => void learn());
  const recheck = async (viewers: readonly Viewer[]): Promise<readonly Viewer[]> => {
    const told = viewers.filter((viewer) => sessions.isRevoked(viewer));
    const removed = await findRevoked(viewers, directory);
    // A socket that closes ends no call: what the device holds or rings for ends here. Where that cannot be done, the
    // socket closes all the same.
    await Promise.allSettled(removed.map((device) => calls.service.revokeDevice(device)));
    return [...told, ...removed];
  };
  const looseStreams = createLooseStreams({ presence: adapters.presence, recheck, timers: systemTimers, onDefect });
  const services: Services = {
    relay: relay.service,
    calls: calls.service,
    streams: calls.streams,
    looseStreams,
    deviceName: createDeviceNames(directory),
  };

  const schema = createSchema({
    onDefect,
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
  const masker = createMasker({ onDefect, suggestions: introspection });
  const formatError = createMasker({ onDefect, suggestions: introspection, others: 'leave' });
  const { trustedDocuments: trusted } = options;

  /** @param own the masker of what the executor answers */
  const graphOf = (schema: GraphQLSchema, own: Masker, ownContext: (viewer: Viewer) => object): Graph => {
    const executor = createExecutor({ schema, masker: own, introspection, trusted });
    return {
      schema,
      executor,
      apollo: apolloOptions({
        executor,
        masker: formatError,
        introspection,
        trusted,
        rateLimiter,
        onAnswered: (outcome, seconds) => metrics.graphqlRequest('http', outcome, seconds),
      }),
      websocket: {
        executor,
        onDefect,
        metrics,
        clock,
        allowsOrigin: allowsPagesOf(options.authenticator),
        onRefusedOrigin: warnings.originRefused,
        authenticate: async (authorization, { headers }) => {
          await revocations.learn();
          return sessions.viewerOf(authorization, { headers });
        },
        contextFor: (connection) => ({
          ...ownContext(connection.viewer),
          ...createOperation(services, () => connection.viewer, connection),
        }),
        nextEpoch: () => adapters.presence.nextEpoch(),
        recheck,
      },
    };
  };

  return {
    ...graphOf(schema, masker, () => ({})),
    withSchema: (merged, ownContext = () => ({})) => {
      checkSchema(merged);
      return graphOf(merged, formatError, asOwnContext(ownContext, watch));
    },
    context: (request) => {
      const headers = headersOf(request);
      return createOperation(services, () =>
        learned.then(() => sessions.viewerOf(authorizationIn(headers), { headers })),
      );
    },
    formatError,
    metrics,
    health: (isServing = true) => healthOf(around.dependencies, isOpen && isServing),
    // Its streams end after that: with the same token it must not come back in at another node.
    revokeDevice: async (accountId, deviceId, request = {}) => {
      checkDevice(accountId, deviceId);
      const end = (): Promise<void> => calls.service.revokeDevice({ accountId, deviceId });
      return revocations.revoke(accountId, deviceId, request, end);
    },
    reloadRelay: (config) => relay.reload(config),
    close: async () => {
      stopLearning();
      isOpen = false;
      around.stop();
      looseStreams.stop();
      await calls.close();
      await relay.close();
      // What was given is closed by whoever gave it.
      if (!options.adapters) await Promise.all([adapters.wakeBus.close(), adapters.callStore.close()]);
      if (!given) await rateLimiter.close();
    },
  };
}
