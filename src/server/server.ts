import { ApolloServer } from '@apollo/server';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createHttpDirectory } from '../directory/http-directory.js';
import { createLogSink } from '../events/log-sink.js';
import type { CallContext } from '../graphql/context.js';
import { createJwtAuthenticator, type JwtAuthenticatorOptions } from '../jwt/authenticator.js';
import { systemClock } from '../ports.js';
import { createCallSignaling } from '../signaling.js';
import { createDevelopmentLogin, type DevelopmentToken } from './development.js';
import { serveHealth, type Dependency } from './health.js';
import { createHttp } from './http.js';
import type { Log } from './log.js';
import { servePlayground } from './playground.js';
import { openRelaySource } from './relay-source.js';
import type { Settings } from './settings.js';

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
 * @throws Error the address is in use
 */
export async function startServer(settings: Settings, log: Log): Promise<RunningServer> {
  const production = settings.nodeEnv === 'production';
  const opened: { close(): unknown }[] = [];
  const open = <Part extends { close(): unknown }>(part: Part): Part => {
    opened.push(part);
    return part;
  };
  /** In the reverse order of opening: what others rest on goes last. */
  const close = async (): Promise<void> => {
    for (let part = opened.pop(); part; part = opened.pop()) await part.close();
  };

  try {
    const dependencies: Dependency[] = [];
    const onFailure = (dependency: string) => (error: { reason: string; httpStatus: number | null }) =>
      log.warn('A service around this one gave no answer', {
        dependency,
        reason: error.reason,
        http_status: error.httpStatus,
      });

    const login = hasKeySource(settings) ? null : await createDevelopmentLogin(developmentNames(settings), Date.now());
    const authenticator = open(
      createJwtAuthenticator({
        keys: login ? { publicKeyPem: login.publicKeyPem } : keysOf(settings),
        issuer: login?.issuer ?? settings.authIssuer ?? '',
        audience: login?.audience ?? settings.authAudience ?? '',
        accountClaim: settings.authAccountClaim,
        deviceClaim: settings.authDeviceClaim,
        clock: systemClock,
        production,
        onFailure: onFailure('login'),
      }),
    );
    dependencies.push({ name: 'login', degraded: () => authenticator.degraded() });

    const directory =
      settings.deviceDirectoryUrl === null
        ? null
        : open(
            createHttpDirectory({
              url: settings.deviceDirectoryUrl,
              clock: systemClock,
              production,
              onFailure: onFailure('device-directory'),
            }),
          );
    if (directory) dependencies.push({ name: 'device-directory', degraded: () => directory.degraded() });

    const relay = open(await openRelaySource(settings.relayConfigFile, log));
    const signaling = open(
      createCallSignaling({
        authenticator,
        ...(directory && { deviceDirectory: directory }),
        freshTokenSeconds: settings.authFreshTokenSeconds,
        relay: relay.options,
        events: createLogSink((event) => log.event(event)),
        ...(settings.nameKey && { nameKey: settings.nameKey }),
        introspection: settings.introspection,
        composeDirectives: settings.composeDirectives,
        production,
        onDefect: (error, correlationId) => log.defect(error, correlationId),
      }),
    );
    relay.watch(signaling.reloadRelay);

    const apollo = new ApolloServer<CallContext>({ ...signaling.apollo, stopOnTerminationSignals: false });
    await apollo.start();
    open({ close: () => apollo.stop() });

    const app = open(
      await createHttp({
        apollo,
        executor: signaling.executor,
        context: signaling.context,
        onAnswered: (outcome, seconds) => signaling.metrics.graphqlRequest('http', outcome, seconds),
        allowsOrigin: originRule(settings.corsOrigins),
        gatewaySecret: settings.gatewaySecret,
        onDefect: (error) => log.defect(error),
      }),
    );
    serveHealth(app, { isServing: () => opened.includes(app), dependencies, metrics: signaling.metrics });
    if (!production) servePlayground(app, login?.tokens[0]?.token ?? null);
    await app.listen({ host: settings.host, port: settings.port });

    return { origin: originOf(app.server.address() as AddressInfo), tokens: login?.tokens ?? [], close };
  } catch (error) {
    await close();
    throw error;
  }
}

function hasKeySource(settings: Settings): boolean {
  return settings.authJwksUrl !== null || settings.authPublicKeyFile !== null;
}

function keysOf(settings: Settings): JwtAuthenticatorOptions['keys'] {
  if (settings.authJwksUrl !== null) return { jwksUrl: settings.authJwksUrl };
  return { publicKeyPem: readFileSync(settings.authPublicKeyFile ?? '', 'utf8') };
}

function developmentNames(settings: Settings) {
  return {
    issuer: settings.authIssuer,
    audience: settings.authAudience,
    accountClaim: settings.authAccountClaim,
    deviceClaim: settings.authDeviceClaim,
  };
}

/** RFC 6454 origins are compared as text; any port of a loopback host passes where the setting says so. */
function originRule(allowed: Settings['corsOrigins']): (origin: string) => boolean {
  if (allowed !== 'loopback') return (origin) => allowed.includes(origin);
  return (origin) => URL.canParse(origin) && ['localhost', '127.0.0.1', '[::1]'].includes(new URL(origin).hostname);
}

function originOf({ address, port, family }: AddressInfo): string {
  const host = address === '0.0.0.0' || address === '::' ? 'localhost' : family === 'IPv6' ? `[${address}]` : address;
  return `http://${host}:${port}`;
}
