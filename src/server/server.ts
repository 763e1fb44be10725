import { ApolloServer } from '@apollo/server';
import type { Keyv } from 'keyv';
import { SignalingError } from '../errors.js';
import { createMetrics } from '../events/metrics.js';
import type { CallContext } from '../graphql/context.js';
import { systemClock } from '../ports.js';
import type { SharedCredentials } from '../relay/kept-credentials.js';
import { createCallSignaling } from '../signaling.js';
import type { CallSignaling } from '../signaling/parts.js';
import { isLoopbackOrigin } from './admission.js';
import { createApp } from './app.js';
import { createConnections } from './connections.js';
import type { DevelopmentToken } from './development.js';
import { serveHealth, serveMetrics } from './health.js';
import { createHttp } from './http.js';
import type { Log } from './log.js';
import { sharedPersistedQueries } from './persisted-queries.js';
import { servePlayground } from './playground.js';
import { boundByOpenFiles } from './open-files.js';
import { openRelaySource } from './relay-source.js';
import { serveRevocations, type RevocationOptions } from './revocations.js';
import { createDroppedConnections, createRefusedStrangers, logRefusedOrigins } from './refusal-log.js';
import type { Settings } from './settings.js';
import { createShares } from './shares.js';
import { listen, using } from './start-error.js';
import { createProxies } from './proxies.js';
import { createStrangers } from './strangers.js';
import { openSurroundings } from './surroundings.js';
import { builtPage, serveWebPage } from './web-page.js';
import { checkTrustedDocuments, openTrustedDocuments } from './trusted-documents.js';
import { attachWebSocket } from './attach.js';

/** How long all parts together may take to close, in milliseconds: a process is given 5 s to stop. */
const CLOSE_MS = 4_700;

export interface RunningServer {
  /** Where it listens, for example http://127.0.0.1:4000. */
  readonly origin: string;
  /** Ready for use where no login service is configured; else empty. */
  readonly tokens: readonly DevelopmentToken[];
  /** Stops taking requests, ends those being served, and closes everything that was opened. */
  close(): Promise<void>;
}

/**
 * The standalone server: everything that the settings ask for, on one port.
 *
 * @throws StartError naming the setting that cannot be used
 */
export async function startServer(settings: Settings, log: Log): Promise<RunningServer> {
  const production = settings.nodeEnv === 'production';
  const opened: { close(): unknown }[] = [];
  const open = <Part extends { close(): unknown }>(part: Part): Part => {
    opened.push(part);
    return part;
  };
  let serving = false;
  /** In the reverse order of opening: what others rest on goes last. What has not ended when the time is up is left. */
  const close = async (): Promise<void> => {
    serving = false;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise((resolve) => (timer = setTimeout(resolve, CLOSE_MS)));
    const end = async (part: { close(): unknown }): Promise<unknown> => part.close();
    for (let part = opened.pop(); part; part = opened.pop()) await Promise.race([end(part).catch(onDefect), late]);
    clearTimeout(timer);
  };
  const metrics = createMetrics();
  const onDefect = (error: unknown, correlationId?: string): void => {
    // What stands behind that is told as an outage.
    if (error instanceof SignalingError && error.code === 'CALL_UNAVAILABLE') return;
    log.defect(error, correlationId);
  };

  try {
    const { options, cache, login, loginAsked } = await openSurroundings(settings, log, open);
    const tokens = login?.tokens ?? [];
    const relay = open(await using('RELAY_CONFIG_FILE', () => openRelaySource(settings.relayConfigFile, log)));
    const { trustedDocumentsFile } = settings;
    const trusted =
      trustedDocumentsFile === null
        ? null
        : await using('TRUSTED_DOCUMENTS_FILE', () =>
            openTrustedDocuments(trustedDocumentsFile, log, () => metrics.untrustedDocument()),
          );
    const create = (): CallSignaling =>
      createCallSignaling({
        ...options,
        freshTokenSeconds: settings.authFreshTokenSeconds,
        relay: { ...relay.options, ...(cache && { sharedCredentials: sharedCredentials(cache) }) },
        ...(settings.nameKey && { nameKey: settings.nameKey }),
        opaqueSdp: settings.opaqueSdp,
        introspection: settings.introspection,
        ...(trusted && { trustedDocuments: trusted }),
        composeDirectives: settings.composeDirectives,
        production,
        metrics,
        onDefect,
      });
    // All other options are checked with the settings.
    const signaling = open(await using('RELAY_CONFIG_FILE', create));
    if (trusted) await using('TRUSTED_DOCUMENTS_FILE', () => checkTrustedDocuments(trusted, signaling.executor));
    relay.watch(signaling.reloadRelay);

    const apollo = new ApolloServer<CallContext>({
      ...signaling.apollo,
      // All fields are ours here: what is not known is masked.
      formatError: signaling.executor.masker,
      ...(cache && { cache: sharedPersistedQueries(cache) }),
      stopOnTerminationSignals: false,
    });
    await apollo.start();
    open({ close: () => apollo.stop() });

    const onRefused = createRefusedStrangers(log, systemClock);
    const ofAccount = createDroppedConnections(log, systemClock);
    const strangers = createStrangers({ clock: systemClock, onRefused });
    const proxies = createProxies(settings.trustProxy);
    const shares = createShares(systemClock);
    const doors = {
      allowsOrigin: originRule(settings.corsOrigins),
      onRefusedOrigin: logRefusedOrigins(log, systemClock),
      gatewaySecret: settings.gatewaySecret,
      trustProxy: settings.trustProxy,
      strangers,
      shares,
      connections: createConnections({
        proxies,
        clock: systemClock,
        shares,
        onDropped: (of) => (of === 'account' ? ofAccount() : onRefused('connection')),
      }),
      onDefect,
    };
    const app = await createHttp({
      ...doors,
      apollo,
      executor: signaling.executor,
      context: signaling.context,
      onAnswered: (outcome, seconds) => metrics.graphqlRequest('http', outcome, seconds),
    });
    serveHealth(app, () => signaling.health(serving));
    if (settings.metricsPort === null && !production) serveMetrics(app, metrics);
    const sockets = attachWebSocket(app.server, {
      ...signaling.websocket,
      ...doors,
      path: '/graphql',
      refusalsName: 'settings',
      maxSockets: settings.maxSockets,
      clock: systemClock,
      metrics,
    });
    boundByOpenFiles(app.server, settings.maxSockets, log, systemClock);
    const ownPort = settings.metricsPort === null ? null : createApp(onDefect);
    // Beside each other, for each may take nearly all of the time that a server is given to stop.
    open({ close: () => Promise.all([sockets.close(), app.close(), ownPort?.close()]) });
    metrics.watchSockets(() => sockets.sockets);
    if (settings.adminSecret !== null) {
      const revoke: RevocationOptions['revoke'] = async (accountId, deviceId, request) => {
        if (await signaling.revokeDevice(accountId, deviceId, request)) sockets.revoke(accountId, deviceId);
      };
      serveRevocations(app, { secret: settings.adminSecret, revoke, clock: systemClock });
    }
    if (settings.introspection) await servePlayground(app, tokens);
    if (!production && login) serveWebPage(app, { directory: builtPage(), login, clock: systemClock });
    if (ownPort && settings.metricsPort !== null) {
      serveMetrics(ownPort, metrics);
      const address = await listen(ownPort, settings.host, ['METRICS_PORT', settings.metricsPort]);
      log.info('Metrics are served', { address: `${address}/metrics` });
    }
    await loginAsked;
    const origin = await listen(app, settings.host, ['PORT', settings.port]);
    serving = true;

    return { origin, tokens, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** What the cache keeps is sealed. */
function sharedCredentials(cache: Keyv): SharedCredentials {
  return { get: (key) => cache.get<string>(key), set: (key, value, ttlMs) => cache.set(key, value, ttlMs) };
}

/** RFC 6454 origins are compared as text; any port of a loopback host passes where the setting says so. */
function originRule(allowed: Settings['corsOrigins']): (origin: string) => boolean {
  if (allowed !== 'loopback') return (origin) => allowed.includes(origin);
  return isLoopbackOrigin;
}
