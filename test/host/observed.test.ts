/** What parts of this package meet is counted and told where a host mounts them, without a word of the host's. */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { createHttpDirectory } from '../../src/directory/http-directory.js';
import { createHttpPolicy } from '../../src/directory/http-policy.js';
import { createWarnings, type Warning } from '../../src/events/warnings.js';
import { createRedisAdapters } from '../../src/redis/adapters.js';
import { createWebhook } from '../../src/events/webhook.js';
import { createJwtAuthenticator, type JwtAuthenticatorOptions } from '../../src/jwt/authenticator.js';
import { createMemoryAdapters } from '../../src/memory/adapters.js';
import { systemClock } from '../../src/ports.js';
import { createCallSignaling } from '../../src/signaling.js';
import type { CallSignaling } from '../../src/signaling/parts.js';
import type { CallAdapters, CallSignalingOptions } from '../../src/signaling/options.js';
import { SetClock } from '../support/clock.js';
import { startFakeJwks, type FakeJwks } from '../support/fake-jwks.js';
import { eventually } from '../support/process.js';
import { freePorts } from '../support/redis.js';
import { createTestLogin, type TestLogin } from '../support/tokens.js';
import { SMALL_RELAY } from '../support/small-relay.js';

let login: TestLogin;
let jwks: FakeJwks;
let nowhere = '';
beforeAll(async () => {
  login = await createTestLogin();
  jwks = await startFakeJwks(login.jwks);
  const [port] = await freePorts(1);
  nowhere = `http://127.0.0.1:${port}/of-the-secret-path`;
});
afterAll(() => jwks.close());

const jwtWith = (options: Partial<JwtAuthenticatorOptions>) =>
  createJwtAuthenticator({ keys: { jwksUrl: jwks.url }, issuer: login.issuer, audience: login.audience, ...options });

/** Mounts it, and closes it with what it was given. */
async function withSignaling(
  options: Omit<CallSignalingOptions, 'relay'>,
  test: (signaling: CallSignaling, warnings: readonly Warning[]) => Promise<void>,
): Promise<void> {
  const warnings: Warning[] = [];
  const signaling = createCallSignaling({
    relay: SMALL_RELAY,
    onWarning: (warning) => warnings.push(warning),
    ...options,
  });
  try {
    await test(signaling, warnings);
  } finally {
    await signaling.close();
    const parts = Object.values(options) as Partial<Record<'close', () => Promise<void>>>[];
    await Promise.all(parts.map((part) => part.close?.()));
  }
}
const sample = async ({ metrics }: CallSignaling, series: string): Promise<number> =>
  Number(
    (await metrics.text())
      .split('\n')
      .find((line) => line.startsWith(`${series} `))
      ?.split(' ')
      .at(-1) ?? 0,
  );
const failures = (signaling: CallSignaling, dependency: string): Promise<number> =>
  sample(signaling, `dependency_failures_total{dependency="${dependency}",reason="connection"}`);

describe('a mounted signaling', () => {
  it('counts refused tokens by their reason, and the listener of the host is told too', async () => {
    const told: string[] = [];
    await withSignaling(
      { authenticator: jwtWith({ onRefused: ({ reason }) => told.push(reason) }) },
      async (signaling) => {
        const ask = async (token: string) => signaling.websocket.authenticate(`Bearer ${token}`, { headers: {} });
        await expect(ask(await login.token({ exp: 1_000, iat: 1 }))).rejects.toThrow();
        await expect(ask('no-token')).rejects.toThrow();
        expect(await sample(signaling, 'tokens_refused_total{reason="expired"}')).toBe(1);
        expect(await sample(signaling, 'tokens_refused_total{reason="malformed"}')).toBe(1);
      },
    );
    expect(told).toEqual(['expired', 'malformed']);
  });

  it('counts and tells that the login service cannot be reached, from before it was mounted too', async () => {
    const told: string[] = [];
    const authenticator = jwtWith({ keys: { jwksUrl: nowhere }, onFailure: ({ reason }) => told.push(reason) });
    await authenticator.asked;
    await withSignaling({ authenticator }, async (signaling, warnings) => {
      const failed = { dependency: 'login', operation: 'keys', reason: 'connection', httpStatus: null, count: 1 };
      expect(warnings).toEqual([{ warning: 'dependency_failed', ...failed }]);
      expect(await failures(signaling, 'login')).toBe(1);
      expect(await sample(signaling, 'dependency_degraded{dependency="login"}')).toBe(1);
      await eventually(() => told.length > 1);
      expect(await failures(signaling, 'login')).toBe(told.length);
      expect(warnings).toHaveLength(1);
      expect(JSON.stringify(warnings)).not.toContain('secret');
    });
  });

  it('counts and tells of directory, policy and webhook, once where the webhook is both sink and waker', async () => {
    const deviceDirectory = createHttpDirectory({ url: nowhere });
    const callPolicy = createHttpPolicy({ url: nowhere });
    const events = createWebhook({ url: nowhere, secret: randomBytes(32).toString('base64') });
    const options = { authenticator: () => null, deviceDirectory, callPolicy, events, sendWakeUp: events.wakeUp };
    await withSignaling(options, async (signaling, warnings) => {
      await deviceDirectory.devicesOf(['a']).catch(() => undefined);
      await Promise.resolve(callPolicy.mayCall({ accountId: 'a', deviceId: 'd' }, 'b')).catch(() => undefined);
      events.emit({ event: 'call_relay.escalated', error_rate: 1 });
      await eventually(() => events.degraded());
      const told = warnings.map((each) => ('dependency' in each ? [each.dependency, each.operation] : []));
      expect(told).toEqual([
        ['device-directory', 'devicesOf'],
        ['call-policy', 'mayCall'],
        ['webhook', 'call_relay.escalated'],
      ]);
      for (const [dependency = ''] of told) expect(await failures(signaling, dependency)).toBeGreaterThan(0);
      expect(await failures(signaling, 'webhook')).toBe(1);
    });
  });

  it('sees a waker that is given alone, and nothing more once it is closed', async () => {
    const webhook = createWebhook({ url: nowhere, secret: randomBytes(32).toString('base64') });
    const policy = createHttpPolicy({ url: nowhere });
    const ask = () => Promise.resolve(policy.mayCall({ accountId: 'a', deviceId: 'd' }, 'b')).catch(() => undefined);
    let closed: CallSignaling | null = null;
    const options = { authenticator: () => null, callPolicy: policy, sendWakeUp: webhook.wakeUp };
    await withSignaling(options, async (signaling) => {
      webhook.emit({ event: 'call_relay.escalated', error_rate: 1 });
      await eventually(() => webhook.degraded());
      expect(await failures(signaling, 'webhook')).toBe(1);
      await ask();
      await signaling.close();
      await ask();
      closed = signaling;
    });
    expect(closed && (await failures(closed, 'call-policy'))).toBe(1);
    await webhook.close();
  });
});

describe('the health of a mounted signaling', () => {
  const adaptersWith = (degraded: () => boolean): CallAdapters => ({ ...createMemoryAdapters(systemClock), degraded });

  it('is 503 where nothing can be served: keys were never had, it starts or stops, or is closed', async () => {
    const authenticator = jwtWith({ keys: { jwksUrl: nowhere } });
    await authenticator.asked;
    await withSignaling({ authenticator }, async (signaling) => {
      const dependencies = { login: 'unavailable', 'relay-provider': 'ready' };
      const body = { status: 'unavailable', degraded: ['calls', 'relay'], dependencies };
      expect(signaling.health()).toEqual({ httpStatus: 503, body });
    });
    await withSignaling({ authenticator: () => null }, async (signaling) => {
      expect(signaling.health()).toMatchObject({ httpStatus: 200, body: { status: 'ready', degraded: [] } });
      expect(signaling.health(false)).toMatchObject({ httpStatus: 503, body: { status: 'unavailable' } });
      await signaling.close();
      expect(signaling.health()).toMatchObject({ httpStatus: 503, body: { status: 'unavailable' } });
    });
  });

  it('is 200 where something is served: degraded, with what is affected, whatever functions of a host do', async () => {
    const callPolicy = createHttpPolicy({ url: nowhere });
    await Promise.resolve(callPolicy.mayCall({ accountId: 'a', deviceId: 'd' }, 'b')).catch(() => undefined);
    let isDown = true;
    const adapters = adaptersWith(() => isDown);
    await withSignaling({ authenticator: () => null, adapters, callPolicy }, async (signaling) => {
      const dependencies = { redis: 'unavailable', 'call-policy': 'degraded', 'relay-provider': 'ready' };
      const body = { status: 'degraded', degraded: ['calls'], dependencies };
      expect(signaling.health()).toEqual({ httpStatus: 200, body });
      expect(await sample(signaling, 'dependency_degraded{dependency="redis"}')).toBe(1);
      isDown = false;
      expect(signaling.health().body.dependencies).toMatchObject({ redis: 'ready' });
    });
    const throwing = adaptersWith(() => {
      throw new Error('of the host');
    });
    await withSignaling({ authenticator: () => null, adapters: throwing }, async (signaling) =>
      expect(signaling.health()).toMatchObject({ httpStatus: 200, body: { dependencies: { redis: 'ready' } } }),
    );
  });
});

it('a Redis that is out of reach is told, counted and shown, as the standalone server does', async () => {
  const [port] = await freePorts(1);
  const encryptionKeys = [{ id: 'k1', key: randomBytes(32) }];
  const url = `redis://127.0.0.1:${port}`;
  const adapters = createRedisAdapters({ url, encryptionKeys, nameKey: randomBytes(32) });
  await withSignaling({ authenticator: () => null, adapters }, async (signaling, warnings) => {
    await expect(adapters.presence.devicesOf('alice')).rejects.toMatchObject({ code: 'CALL_UNAVAILABLE' });
    await eventually(() => warnings.length > 0);
    expect(warnings[0]).toMatchObject({ warning: 'dependency_failed', dependency: 'redis', count: 1 });
    expect(await sample(signaling, 'dependency_degraded{dependency="redis"}')).toBe(1);
    expect(await signaling.metrics.text()).toMatch(
      /dependency_failures_total\{dependency="redis",reason="\w+"\} [1-9]/,
    );
    expect(signaling.health().body).toMatchObject({ status: 'degraded', dependencies: { redis: 'unavailable' } });
  });
});

describe('warnings', () => {
  it('come at once, then once a minute for each dependency and reason, with how many there were', async () => {
    jest.useFakeTimers({ doNotFake: ['performance', 'Date'] });
    const clock = new SetClock();
    const told: Warning[] = [];
    const warnings = createWarnings((warning) => told.push(warning), clock);
    const fail = (dependency: string, httpStatus: number): void =>
      warnings.dependencyFailed(dependency, { operation: 'keys', reason: 'status', httpStatus });
    for (let n = 0; n < 10; n += 1) fail('login', 500 + n);
    fail('webhook', 500);
    clock.jump(60_000);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(told.map((each) => ('dependency' in each ? [each.dependency, each.httpStatus, each.count] : []))).toEqual([
      ['login', 500, 1],
      ['webhook', 500, 1],
      ['login', 509, 9],
    ]);
    jest.useRealTimers();
  });

  it('of origins are told apart up to a number of them', () => {
    const told: Warning[] = [];
    const warnings = createWarnings((warning) => told.push(warning), new SetClock());
    for (let n = 0; n < 1_000; n += 1)
      warnings.originRefused({ origin: `https://${n}.example.org`, host: 'calls.example.com' });
    expect(told).toHaveLength(101);
    const first = { origin: 'https://0.example.org', host: 'calls.example.com', count: 1 };
    expect(told[0]).toEqual({ warning: 'origin_refused', ...first });
  });
});
