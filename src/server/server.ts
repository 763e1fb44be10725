import { ApolloServer } from '@apollo/server';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { createMetrics } from '../events/metrics.js';
import type { CallContext } from '../graphql/context.js';
import { systemClock } from '../ports.js';
import { createCallSignaling, type CallSignaling } from '../signaling.js';
import { isLoopbackOrigin } from './admission.js';
import type { DevelopmentToken } from './development.js';
import { serveHealth } from './health.js';
import { createHttp } from './http.js';
import type { Log } from './log.js';
import { sharedPersistedQueries } from './persisted-queries.js';
import { servePlayground } from './playground.js';
import { openRelaySource } from './relay-source.js';
import { serveRevocations, type RevocationOptions } from './revocations.js';
import type { Settings } from './settings.js';
import { openSurroundings } from './surroundings.js';
import { serveWebPage } from './web-page.js';
import { checkTrustedDocuments, openTrustedDocuments } from './trusted-documents.js';
import { attachWebSocket } from './websocket.js';

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
 * @throws RelayConfigError the relay configuration cannot be used
 * @throws TrustedDocumentsError the trusted documents cannot be used
 * @throws Error the address is in use
 */
export async function startServer(settings: Settings, log: Log): Promise<RunningServer> {
  const production = settings.nodeEnv === 'production';
  const opened: { close(): unknown }[] = [];
  const open = <Part extends { close(): unknown }>(part: Part): Part => {
    opened.push(part);
    return part;
  };
  let serving = false;
  /** In the reverse order of opening: what others rest on goes last. */
  const close = async (): Promise<void> => {
    serving = false;
    for (let part = opened.pop(); part; part = opened.pop()) await part.close();
  };
  const metrics = createMetrics();
  const onDefect = (error: unknown, correlationId?: string): void => log.defect(error, correlationId);

  try {
    const { options, cache, dependencies, login } = await openSurroundings(settings, log, open, metrics);
    const tokens = login?.tokens ?? [];
    const relay = open(await openRelaySource(settings.relayConfigFile, log));
    const trusted =
      settings.trustedDocumentsFile === null
        ? null
        : openTrustedDocuments(settings.trustedDocumentsFile, log, () => metrics.untrustedDocument());
    const signaling: CallSignaling = open(
      createCallSignaling({
        ...options,
        freshTokenSeconds: settings.authFreshTokenSeconds,
        relay: relay.options,
        ...(settings.nameKey && { nameKey: settings.nameKey }),
        opaqueSdp: settings.opaqueSdp,
        introspection: settings.introspection,
        ...(trusted && { trustedDocuments: trusted }),
        composeDirectives: settings.composeDirectives,
        production,
        metrics,
        onDefect,
      }),
    );
    if (trusted) checkTrustedDocuments(trusted, signaling.executor);
    relay.watch(signaling.reloadRelay);

    const apollo = new ApolloServer<CallContext>({
      ...signaling.apollo,
      ...(cache && { cache: sharedPersistedQueries(cache, systemClock) }),
      stopOnTerminationSignals: false,
    });
    await apollo.start();
    open({ close: () => apollo.stop() });

    const doors = { allowsOrigin: originRule(settings.corsOrigins), gatewaySecret: settings.gatewaySecret, onDefect };
    const app = open(
      await createHttp({
        ...doors,
        apollo,
        executor: signaling.executor,
        context: signaling.context,
        onAnswered: (outcome, seconds) => metrics.graphqlRequest('http', outcome, seconds),
      }),
    );
    serveHealth(app, { isServing: () => serving, dependencies, metrics });
    const sockets = open(
      attachWebSocket(app.server, {
        ...signaling.websocket,
        ...doors,
        path: '/graphql',
        maxSockets: settings.maxSockets,
        clock: systemClock,
        metrics,
      }),
    );
    metrics.watchSockets(() => sockets.sockets);
    if (settings.adminSecret !== null) {
      const revoke: RevocationOptions['revoke'] = async (accountId, deviceId, request) => {
        if (await signaling.revokeDevice(accountId, deviceId, request)) sockets.revoke(accountId, deviceId);
      };
      serveRevocations(app, { secret: settings.adminSecret, revoke, clock: systemClock });
    }
    if (settings.introspection) servePlayground(app, tokens);
    if (!production && login) serveWebPage(app, { directory: WEB_PAGE, login, clock: systemClock });
    await app.listen({ host: settings.host, port: settings.port });
    serving = true;

    return { origin: originOf(app.server.address() as AddressInfo), tokens, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Made by the build from examples/web. */
const WEB_PAGE = fileURLToPath(new URL('../web', import.meta.url));

/** RFC 6454 origins are compared as text; any port of a loopback host passes where the setting says so. */
function originRule(allowed: Settings['corsOrigins']): (origin: string) => boolean {
  if (allowed !== 'loopback') return (origin) => allowed.includes(origin);
  return isLoopbackOrigin;
}

function originOf({ address, port, family }: AddressInfo): string {
  const host = address === '0.0.0.0' || address === '::' ? 'localhost' : family === 'IPv6' ? `[${address}]` : address;
  return `http://${host}:${port}`;
}
