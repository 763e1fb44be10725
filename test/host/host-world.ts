import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createMetrics } from '../../src/events/metrics.js';
import type { HostFunctions } from '../../src/host/functions.js';
import { createMemoryRateLimiter } from '../../src/memory/rate-limiter.js';
import { systemClock, type EventSink } from '../../src/ports.js';
import { attachWebSocket } from '../../src/server/attach.js';
import type { CallSignalingOptions } from '../../src/signaling/options.js';
import { ProviderError } from '../../src/relay/ports.js';
import { createCallSignaling } from '../../src/signaling.js';
import { TestDevice } from '../support/device.js';

/** The callbacks of a host's, each of which can be made to misbehave. */
export const CALLBACKS = [
  'authenticator',
  'deviceDirectory',
  'callPolicy',
  'sendWakeUp',
  'events',
  'provider',
  'resolver',
  'onDefect',
  'allowsOrigin',
  'onRefusedOrigin',
  'metrics',
  'countsOfSocket',
  'rateLimiter',
  'ownContext',
  'keepsCredentials',
  'findsCredentials',
] as const;
export type CallbackOfHost = (typeof CALLBACKS)[number];

/** A signaling in a host's server, with real sockets; tokens are `account/device`. */
export interface HostWorld {
  readonly origin: string;
  readonly defects: unknown[];
  /** From now on the callback does this where an account is concerned whose name begins with `odd`. */
  misbehave(callback: CallbackOfHost, how: () => unknown): void;
  behave(): void;
  device(name: string): TestDevice;
  close(): Promise<void>;
}

const isOdd = (name: string): boolean => name.startsWith('odd');

export async function startHostWorld(): Promise<HostWorld> {
  let wrong: { readonly callback: CallbackOfHost; readonly how: () => unknown } | null = null;
  const defects: unknown[] = [];
  const devices: TestDevice[] = [];
  /** @returns undefined: it is to do what it is for */
  const misbehaviour = (callback: CallbackOfHost, about: string): (() => never) | undefined =>
    wrong?.callback === callback && isOdd(about) ? (wrong.how as () => never) : undefined;

  const functions: HostFunctions = {
    authenticator: {
      timeoutMs: 200,
      authenticate: (token) => {
        const odd = misbehaviour('authenticator', token);
        if (odd) return odd();
        const [accountId = '', deviceId = ''] = token.split('/');
        return { accountId, deviceId, issuedAt: Date.now(), expiresAt: Date.now() + 3_600_000 };
      },
    },
    deviceDirectory: {
      timeoutMs: 200,
      devicesOf: (accountIds) => {
        const odd = accountIds.map((accountId) => misbehaviour('deviceDirectory', accountId)).find(Boolean);
        if (odd) return odd();
        return Promise.resolve(accountIds.map(() => ['phone', 'tablet'].map((id) => ({ id, name: id, active: true }))));
      },
    },
    callPolicy: {
      timeoutMs: 200,
      mayCall: (_caller, calleeAccountId) => {
        // onDefect is told of what the policy does wrong.
        const odd = misbehaviour('callPolicy', calleeAccountId) ?? misbehaviour('onDefect', calleeAccountId);
        return odd ? odd() : Promise.resolve(true);
      },
    },
    sendWakeUp: (wakeUp) => misbehaviour('sendWakeUp', wakeUp.accountId)?.(),
  };
  const events = {
    emit: (event) => ('calleeAccountId' in event ? misbehaviour('events', event.calleeAccountId)?.() : undefined),
  } satisfies EventSink;
  const limiter = createMemoryRateLimiter(systemClock);
  const provider = (): never => {
    // Credentials are looked for elsewhere when no provider has any.
    if (misbehaviour('findsCredentials', 'odd')) throw new ProviderError('status', 500);
    const odd = misbehaviour('provider', 'odd');
    return (odd ? odd() : { username: 'u', password: 'p', grantedTtlSeconds: 43_200, urls: [] }) as never;
  };
  const onDefect: NonNullable<CallSignalingOptions['onDefect']> = (error) => {
    defects.push(error);
    return misbehaviour('onDefect', 'odd')?.();
  };

  const signaling = createCallSignaling({
    ...functions,
    events,
    onDefect,
    metrics: misbehaving(createMetrics(), ['text'], () => misbehaviour('metrics', 'odd')),
    rateLimiter: {
      take: (key, limit) =>
        (misbehaviour('rateLimiter', /odd/.exec(key)?.[0] ?? '') ?? (() => limiter.take(key, limit)))(),
      close: () => limiter.close(),
    },
    rateLimits: { startCall: { max: 1_000, windowSeconds: 60 }, callRelay: { max: 1_000, windowSeconds: 60 } },
    relay: {
      config: {
        requestedTtlSeconds: 86_400,
        clientTtlSeconds: 43_200,
        rateLimit: { max: 1_000, windowSeconds: 600 },
        relay: {
          urls: ['turn:127.0.0.1:3478?transport=udp'],
          urlsWithIps: ['turn:{ip}:3478?transport=udp'],
          hostname: 'relay.example',
        },
      },
      providers: [{ name: 'of-the-host', credentials: () => provider() }],
      resolver: { resolve: () => (misbehaviour('resolver', 'odd')?.() ?? Promise.resolve(['192.0.2.1'])) as never },
      sharedCredentials: {
        get: () => misbehaviour('findsCredentials', 'odd')?.() ?? Promise.resolve(undefined),
        set: () => misbehaviour('keepsCredentials', 'odd')?.() ?? Promise.resolve(),
      },
      times: { deadlineMs: 400, patienceMs: 200, backoffMs: 10 },
    },
  });
  const server = createServer((_request, response) => response.writeHead(404).end());
  const door = attachWebSocket(server, {
    ...signaling.withSchema(signaling.schema, (viewer) => misbehaviour('ownContext', viewer.accountId)?.() ?? {})
      .websocket,
    metrics: { graphqlRequest: () => misbehaviour('countsOfSocket', 'odd')?.() },
    onRefusedOrigin: () => misbehaviour('onRefusedOrigin', 'odd')?.(),
    path: '/graphql',
    gatewaySecret: null,
    maxSockets: 1_000,
    clock: systemClock,
    onDefect,
    allowsOrigin: (origin) => {
      const odd = misbehaviour('allowsOrigin', new URL(origin).hostname);
      return odd ? odd() : !misbehaviour('onRefusedOrigin', 'odd');
    },
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    origin,
    defects,
    misbehave: (callback, how) => {
      wrong = { callback, how };
    },
    behave: () => {
      wrong = null;
    },
    device: (name) => {
      const device = new TestDevice({ origin, token: () => name });
      devices.push(device);
      return device;
    },
    close: async () => {
      wrong = null;
      await Promise.all(devices.map((device) => device.close()));
      await door.close();
      await signaling.close();
      await limiter.close();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** The same object, whose methods do something else as long as there is a misbehaviour. */
function misbehaving<Hooks extends object>(
  hooks: Hooks,
  but: readonly string[],
  misbehaviour: () => (() => never) | undefined,
): Hooks {
  const own = Object.entries(hooks).map(([name, value]: [string, unknown]) => [
    name,
    typeof value === 'function' && !but.includes(name)
      ? (...told: unknown[]): unknown => (misbehaviour() ?? (() => Reflect.apply(value, hooks, told) as never))()
      : value,
  ]);
  return Object.fromEntries(own) as Hooks;
}
