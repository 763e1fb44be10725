import { readFileSync } from 'node:fs';
import { createHttpDirectory } from '../directory/http-directory.js';
import { createHttpPolicy } from '../directory/http-policy.js';
import { createFanOut } from '../events/fan-out.js';
import { createLogSink } from '../events/log-sink.js';
import { createWebhook } from '../events/webhook.js';
import { createJwtAuthenticator, type JwtAuthenticatorOptions } from '../jwt/authenticator.js';
import { systemClock } from '../ports.js';
import type { CallSignalingOptions } from '../signaling.js';
import { createDevelopmentLogin, type DevelopmentToken } from './development.js';
import type { Dependency } from './health.js';
import type { Log } from './log.js';
import type { Settings } from './settings.js';

/** The services around this one, as the settings name them. */
export interface Surroundings {
  readonly options: Pick<
    CallSignalingOptions,
    'authenticator' | 'deviceDirectory' | 'callPolicy' | 'events' | 'sendWakeUp'
  >;
  readonly dependencies: readonly Dependency[];
  /** Of the development login; empty where the login service is a real one. */
  readonly tokens: readonly DevelopmentToken[];
}

/** @param open takes over what has to be closed in the end */
export async function openSurroundings(
  settings: Settings,
  log: Log,
  open: <Part extends { close(): unknown }>(part: Part) => Part,
): Promise<Surroundings> {
  const dependencies: Dependency[] = [];
  /** Opens what speaks to one of them; its failures are logged under its name. */
  const depend = <Part extends { close(): unknown; degraded(): boolean }>(
    name: string,
    create: (common: Common) => Part,
  ): Part => {
    const onFailure: Common['onFailure'] = ({ reason, httpStatus }) =>
      log.warn('A service around this one gave no answer', {
        dependency: name,
        reason,
        http_status: httpStatus ?? null,
      });
    const part = open(create({ clock: systemClock, production: settings.nodeEnv === 'production', onFailure }));
    dependencies.push({ name, degraded: () => part.degraded() });
    return part;
  };

  const login = hasKeySource(settings) ? null : await createDevelopmentLogin(developmentNames(settings), Date.now());
  const authenticator = depend('login', (common) =>
    createJwtAuthenticator({
      ...common,
      keys: login ? { publicKeyPem: login.publicKeyPem } : keysOf(settings),
      issuer: login?.issuer ?? settings.authIssuer ?? '',
      audience: login?.audience ?? settings.authAudience ?? '',
      accountClaim: settings.authAccountClaim,
      deviceClaim: settings.authDeviceClaim,
    }),
  );
  const { deviceDirectoryUrl, callPolicyUrl, webhookUrl, webhookSecret } = settings;
  const directory =
    deviceDirectoryUrl === null
      ? null
      : depend('device-directory', (common) => createHttpDirectory({ ...common, url: deviceDirectoryUrl }));
  const policy =
    callPolicyUrl === null
      ? null
      : depend('call-policy', (common) => createHttpPolicy({ ...common, url: callPolicyUrl }));
  const webhook =
    webhookUrl === null
      ? null
      : depend('webhook', (common) => createWebhook({ ...common, url: webhookUrl, secret: webhookSecret ?? '' }));

  const logSink = createLogSink((event) => log.event(event));
  return {
    options: {
      authenticator,
      ...(directory && { deviceDirectory: directory }),
      ...(policy && { callPolicy: policy }),
      ...(webhook && { sendWakeUp: webhook.wakeUp }),
      events: webhook ? createFanOut([logSink, webhook], (error) => log.defect(error)) : logSink,
    },
    dependencies,
    tokens: login?.tokens ?? [],
  };
}

interface Common {
  readonly clock: typeof systemClock;
  readonly production: boolean;
  readonly onFailure: (failure: { readonly reason: string; readonly httpStatus?: number | null }) => void;
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
