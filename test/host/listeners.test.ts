/** Functions that parts of this package tell something, or ask for something at once: whatever they do, the part goes on. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'graphql';
import { randomBytes } from 'node:crypto';
import { Keyv } from 'keyv';
import { createHttpDirectory } from '../../src/directory/http-directory.js';
import { createHttpPolicy } from '../../src/directory/http-policy.js';
import { createMetrics } from '../../src/events/metrics.js';
import { createWebhook } from '../../src/events/webhook.js';
import { readTrustedDocuments } from '../../src/graphql/trusted-documents.js';
import { createJwtAuthenticator } from '../../src/jwt/authenticator.js';
import { currentSecret } from '../../src/providers/secret.js';
import { createRedisAdapters, type RedisAdapters, type RedisOptions } from '../../src/redis/adapters.js';
import { createCallSignaling } from '../../src/signaling.js';
import { outcomeOf } from '../identity/outcome.js';
import { startFakeDirectory, type FakeDirectory } from '../support/fake-directory.js';
import { eventually } from '../support/process.js';
import { freePorts, startRedis, type RedisServer } from '../support/redis.js';
import { MISBEHAVIOURS } from './misbehaviours.js';

const unhandled: unknown[] = [];
const onUnhandled = (error: unknown): void => void unhandled.push(error);
let nowhere = '';
let service: FakeDirectory;
let redis: RedisServer;
beforeAll(async () => {
  process.on('unhandledRejection', onUnhandled);
  process.on('uncaughtException', onUnhandled);
  const [port] = await freePorts(1);
  nowhere = `http://127.0.0.1:${port}/`;
  [service, redis] = await Promise.all([startFakeDirectory(), startRedis()]);
  await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
});
afterAll(async () => {
  await Promise.all([service.close(), redis.stop()]);
  process.off('unhandledRejection', onUnhandled);
  process.off('uncaughtException', onUnhandled);
});

type Misbehaving = (...told: unknown[]) => never;

/** Opens a part, has it do its work, and closes it. */
async function using<Part extends { close(): Promise<void> }, Result>(
  part: Part,
  work: (part: Part) => Promise<Result>,
): Promise<Result> {
  try {
    return await work(part);
  } finally {
    await part.close();
  }
}

const redisWith = (options: Partial<RedisOptions>): RedisAdapters =>
  createRedisAdapters({
    url: redis.url,
    encryptionKeys: [{ id: 'k', key: Buffer.alloc(32, 1) }],
    nameKey: Buffer.alloc(32, 2),
    ...options,
  });
const jwtWith = (options: object): ReturnType<typeof createJwtAuthenticator> =>
  createJwtAuthenticator({ keys: { jwksUrl: nowhere }, issuer: 'i', audience: 'a', timeoutMs: 1_000, ...options });

/** What each part has to do although a function of the host's misbehaves, and what comes of it. */
const PARTS: Readonly<Record<string, readonly [work: (odd: Misbehaving) => Promise<unknown>, outcome: unknown]>> = {
  'createWebhook.onFailure': [
    (onFailure) =>
      using(createWebhook({ url: nowhere, secret: randomBytes(32).toString('base64'), onFailure }), async (webhook) => {
        webhook.emit({ event: 'call_relay.escalated', error_rate: 1 });
        await eventually(() => webhook.degraded());
        return webhook.degraded();
      }),
    true,
  ],
  'createHttpPolicy.onFailure': [
    (onFailure) =>
      using(createHttpPolicy({ url: nowhere, onFailure }), (policy) =>
        outcomeOf(Promise.resolve(policy.mayCall({ accountId: 'a', deviceId: 'd' }, 'b'))),
      ),
    'CALL_UNAVAILABLE',
  ],
  'createHttpDirectory.onFailure': [
    (onFailure) =>
      using(createHttpDirectory({ url: nowhere, onFailure }), (directory) => outcomeOf(directory.devicesOf(['a']))),
    'CALL_UNAVAILABLE',
  ],
  'createHttpDirectory.cacheName': [
    (cacheName) =>
      using(createHttpDirectory({ url: service.url, cache: new Keyv(), cacheName }), (directory) =>
        directory.devicesOf(['a']),
      ),
    [[]],
  ],
  'createHttpDirectory.cache': [
    (odd) =>
      using(createHttpDirectory({ url: nowhere, cache: { get: odd, set: odd } as unknown as Keyv }), (directory) =>
        outcomeOf(directory.devicesOf(['a'])),
      ),
    'CALL_UNAVAILABLE',
  ],
  'createJwtAuthenticator.onFailure': [
    (onFailure) => using(jwtWith({ onFailure }), (login) => login.asked.then(() => login.state())),
    'unavailable',
  ],
  'createJwtAuthenticator.onRefused': [
    (onRefused) => using(jwtWith({ onRefused }), (login) => outcomeOf(login.authenticate('no token'))),
    'CALL_UNAUTHORIZED',
  ],
  'readTrustedDocuments.onRefused': [
    async (onRefused) =>
      readTrustedDocuments({ id: 'query A { a }' }, onRefused).refusalOf(parse('query B { b }'))?.extensions['code'],
    'QUERY_NOT_IN_SAFELIST',
  ],
  'createCallSignaling.relay.readSecret': [
    async (readSecret) => {
      try {
        return typeof currentSecret({ file: '/run/secret' }, readSecret);
      } catch (error) {
        return (error as { reason: unknown }).reason;
      }
    },
    expect.stringMatching(/^(secret|string)$/),
  ],
  'createMetrics().watchStreams.open': [
    async (odd) => {
      const metrics = createMetrics();
      metrics.watchStreams(odd);
      metrics.watchSockets(odd);
      metrics.watchDependency('odd', odd);
      return /^call_streams (0|42)$/m.test(await metrics.text());
    },
    true,
  ],
  'createCallSignaling.onWarning': [
    (onWarning) =>
      using(jwtWith({}), async (authenticator) => {
        const config = {
          requestedTtlSeconds: 60,
          clientTtlSeconds: 30,
          rateLimit: { max: 1, windowSeconds: 1 },
          providers: [{ type: 'shared-secret' as const, secret: 'of-the-test' }],
          relay: { urls: ['turn:127.0.0.1:3478'] },
        };
        return using(createCallSignaling({ authenticator, relay: { config }, onWarning }), async ({ metrics }) => {
          await authenticator.asked;
          return /^dependency_failures_total\{dependency="login"/m.test(await metrics.text());
        });
      }),
    true,
  ],
  'createRedisAdapters.onFailure': [
    (onFailure) =>
      using(redisWith({ url: nowhere.replace('http', 'redis'), operationMs: 300, onFailure }), (adapters) =>
        outcomeOf(Promise.resolve(adapters.callStore.read('none'))),
      ),
    'CALL_UNAVAILABLE',
  ],
  'createRedisAdapters.onProblems': [
    (onProblems) => using(redisWith({ onProblems }), async (adapters) => (await adapters.inspect()).length),
    1,
  ],
};

describe.each(Object.entries(PARTS))('%s', (_name, [work, outcome]) => {
  it.each(Object.entries(MISBEHAVIOURS))('that %s stops nothing', async (_how, misbehave) => {
    let calls = 0;
    const odd: Misbehaving = () => {
      calls += 1;
      return misbehave() as never;
    };
    expect(await work(odd)).toEqual(outcome);
    expect(calls).toBeGreaterThan(0);
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(unhandled).toEqual([]);
  });
});
