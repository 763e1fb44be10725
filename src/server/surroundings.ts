import type { Keyv } from 'keyv';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createHttpDirectory } from '../directory/http-directory.js';
import { createHttpPolicy } from '../directory/http-policy.js';
import { createFanOut } from '../events/fan-out.js';
import { createLogSink } from '../events/log-sink.js';
import { createWebhook } from '../events/webhook.js';
import { createJwtAuthenticator, type JwtAuthenticatorOptions } from '../jwt/authenticator.js';
import { createGivenKey } from '../jwt/keys.js';
import { systemClock } from '../ports.js';
import { createRedisAdapters, type RedisAdapters } from '../redis/adapters.js';
import type { OnRedisFailure } from '../redis/failure.js';
import type { CallSignalingOptions } from '../signaling/options.js';
import { createDevelopmentLogin, type DevelopmentLogin } from './development.js';
import type { Log } from './log.js';
import type { Settings } from './settings.js';
import { createOutageLog } from './outage-log.js';
import { StartError, using } from './start-error.js';

/** The services around this one, as the settings name them. */
export interface Surroundings {
  readonly options: Pick<
    CallSignalingOptions,
    'authenticator' | 'deviceDirectory' | 'callPolicy' | 'events' | 'sendWakeUp' | 'adapters'
  >;
  /** For what is safe to lose; null: this process's memory. */
  readonly cache: Keyv | null;
  /** Resolves when the login service's keys are there, or known to be out of reach. Never rejects. */
  readonly loginAsked: Promise<void>;
  /** null where the login service is a real one. */
  readonly login: DevelopmentLogin | null;
}

/** @param open takes over what has to be closed in the end */
export async function openSurroundings(
  settings: Settings,
  log: Log,
  open: <Part extends { close(): unknown }>(part: Part) => Part,
): Promise<Surroundings> {
  /** Opens what speaks to one of them; its failures are logged under its name. */
  const depend = <Part extends { close(): unknown; degraded(): boolean }>(
    name: string,
    create: (common: Common) => Part,
  ): Part => {
    const known: { part: Part | null } = { part: null };
    const isDown = (): boolean => known.part?.degraded() ?? false;
    const outages = open(createOutageLog({ dependency: name, isDown, log, clock: systemClock }));
    const onFailure: Common['onFailure'] = ({ operation, reason, httpStatus }) => {
      outages.failed({ ...(operation !== undefined ? { operation } : { http_status: httpStatus ?? null }), reason });
    };
    const part = open(create({ clock: systemClock, production: settings.nodeEnv === 'production', onFailure }));
    known.part = part;
    return part;
  };

  const redis =
    settings.redisUrl === null
      ? null
      : await using('REDIS_URL', () => depend('redis', ({ onFailure }) => openRedis(settings, onFailure, log)));
  const unfit = (await redis?.inspect()) ?? [];
  if (unfit.length > 0) throw new StartError(unfit);
  const login = hasKeySource(settings)
    ? null
    : await createDevelopmentLogin(developmentNames(settings), systemClock.now());
  const authenticator = await using(
    settings.authPublicKeyFile === null ? 'AUTH_JWKS_URL' : 'AUTH_PUBLIC_KEY_FILE',
    () =>
      depend('login', (common) =>
        createJwtAuthenticator({
          ...common,
          keys: login ? { publicKeyPem: login.publicKeyPem } : keysOf(settings),
          issuer: login?.issuer ?? settings.authIssuer ?? '',
          audience: login?.audience ?? settings.authAudience ?? '',
          accountClaim: settings.authAccountClaim,
          deviceClaim: settings.authDeviceClaim,
          clockLeewaySeconds: settings.authClockLeewaySeconds,
          timeoutMs: settings.authTimeoutMs,
          onRefused: ({ reason, claims }) =>
            log.debug('An access token was refused', { reason, claims: claims.join(' ') }),
        }),
      ),
  );
  const { deviceDirectoryUrl, callPolicyUrl, webhookUrl, webhookSecret } = settings;
  const directory =
    deviceDirectoryUrl === null
      ? null
      : depend('device-directory', (common) =>
          createHttpDirectory({
            ...common,
            url: deviceDirectoryUrl,
            timeoutMs: settings.deviceDirectoryTimeoutMs,
            ...(redis && { cache: redis.keyv }),
          }),
        );
  const policy =
    callPolicyUrl === null
      ? null
      : depend('call-policy', (common) =>
          createHttpPolicy({ ...common, url: callPolicyUrl, timeoutMs: settings.callPolicyTimeoutMs }),
        );
  const webhook =
    webhookUrl === null
      ? null
      : depend('webhook', (common) => createWebhook({ ...common, url: webhookUrl, secret: webhookSecret ?? '' }));

  const logSink = createLogSink((record, count) => log.event(count > 1 ? { ...record, count } : record));
  return {
    options: {
      authenticator,
      ...(directory && { deviceDirectory: directory }),
      ...(policy && { callPolicy: policy }),
      ...(webhook && { sendWakeUp: webhook.wakeUp }),
      ...(redis && { adapters: redis }),
      events: createFanOut([logSink, ...(webhook ? [webhook] : [])], {
        onDefect: (error) => log.defect(error),
      }),
    },
    cache: redis?.keyv ?? null,
    login,
    loginAsked: authenticator.asked,
  };
}

/** Checked with the settings: both keys are there where REDIS_URL is. @throws StartError */
function openRedis(settings: Settings, onFailure: OnRedisFailure, log: Log): RedisAdapters {
  const { redisUrl, encryptionKeys, nameKey, redisWaitReplicas, redisTlsCaFile } = settings;
  const { redisSentinelUsername: username, redisSentinelPassword: password } = settings;
  if (redisTlsCaFile !== null && !holdsCertificate(redisTlsCaFile))
    throw new StartError(['REDIS_TLS_CA_FILE must name a file with certificates (PEM)']);
  return createRedisAdapters({
    url: redisUrl ?? '',
    encryptionKeys: encryptionKeys ?? [],
    nameKey: nameKey ?? Buffer.alloc(0),
    waitReplicas: redisWaitReplicas,
    ...(redisTlsCaFile !== null && { tlsCa: readFileSync(redisTlsCaFile, 'utf8') }),
    sentinel: { ...(username !== null && { username }), ...(password !== null && { password }) },
    onFailure,
    onProblems: (problems) => {
      if (problems.length === 0) log.info('Redis is fit for calls', { dependency: 'redis' });
      for (const problem of problems) log.error('Redis is not fit for calls', { dependency: 'redis', reason: problem });
    },
  });
}

function holdsCertificate(file: string): boolean {
  try {
    return new X509Certificate(readFileSync(file)).ca;
  } catch {
    return false;
  }
}

interface Common {
  readonly clock: typeof systemClock;
  readonly production: boolean;
  readonly onFailure: (failure: {
    readonly operation?: string;
    readonly reason: string;
    readonly httpStatus?: number | null;
  }) => void;
}

function hasKeySource(settings: Settings): boolean {
  return settings.authJwksUrl !== null || settings.authPublicKeyFile !== null;
}

function keysOf(settings: Settings): JwtAuthenticatorOptions['keys'] {
  if (settings.authJwksUrl !== null) return { jwksUrl: settings.authJwksUrl };
  const publicKeyPem = readFileSync(settings.authPublicKeyFile ?? '', 'utf8');
  // Whose words are those of a file.
  createGivenKey(publicKeyPem);
  return { publicKeyPem };
}

function developmentNames(settings: Settings) {
  return {
    issuer: settings.authIssuer,
    audience: settings.authAudience,
    accountClaim: settings.authAccountClaim,
    deviceClaim: settings.authDeviceClaim,
  };
}
