/** The wall clock is set forward or back by an hour while everything runs: no duration is longer or shorter for it. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { Keyv } from 'keyv';
import { createHttpDirectory } from '../src/directory/http-directory.js';
import { DnsAddressResolver } from '../src/dns/resolver.js';
import { createSeldom } from '../src/events/seldom.js';
import { createCallback } from '../src/host/callback.js';
import { createRemoteKeys } from '../src/jwt/remote-keys.js';
import { createMemoryRateLimiter } from '../src/memory/rate-limiter.js';
import type { SignalingEvent } from '../src/ports.js';
import { Breaker } from '../src/providers/breaker.js';
import { RetryBudget } from '../src/providers/retry-budget.js';
import { Escalation } from '../src/relay/escalation.js';
import { KeptCredentials, type Kept } from '../src/relay/kept-credentials.js';
import { createRelayHealth } from '../src/signaling/relay-health.js';
import { createStrangers } from '../src/server/strangers.js';
import { ALICE, World } from './call/world.js';
import { startWebhookWorld } from './events/webhook-world.js';
import { eventually } from './identity/eventually.js';
import { SetClock } from './support/clock.js';
import { startFakeDirectory } from './support/fake-directory.js';
import { startFakeDns } from './support/fake-dns.js';
import { startFakeJwks } from './support/fake-jwks.js';
import { createTestLogin } from './support/tokens.js';

const HOUR_MS = 3_600_000;

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function cleaned<Part extends { close(): unknown }>(part: Part): Part {
  cleanups.push(() => part.close());
  return part;
}

/** Runs up to where something was measured, sets the wall, and looks whether the measure still holds. */
type Case = (clock: SetClock, setWall: (of?: SetClock) => void) => void | Promise<void>;

const CASES: Readonly<Record<string, Case>> = {
  'keys of a login service: they stay in use, and a new one is learned after 30 s': async (clock, setWall) => {
    const login = await createTestLogin({ clock });
    const service = cleaned(await startFakeJwks(login.jwks));
    const keys = cleaned(createRemoteKeys({ url: service.url, clock, timers: clock, keptSeconds: 900 }));
    expect(await keys.keysOf(login.kid)).toHaveLength(1);
    setWall();
    const next = await createTestLogin({ kid: 'login-key-2', clock });
    service.jwks = next.jwks;
    expect(await keys.keysOf(login.kid)).toHaveLength(1);
    expect(service.requests).toBe(1);
    clock.jump(30_000);
    expect(await keys.keysOf(next.kid)).toHaveLength(1);
    expect(keys.state()).toBe('ready');
  },

  'the device directory: an answer is fresh for a minute, and kept for a quarter of an hour': async (
    clock,
    setWall,
  ) => {
    const service = cleaned(await startFakeDirectory());
    service.accounts.set('a1', [{ id: 'd1', active: true }]);
    const directory = cleaned(createHttpDirectory({ url: service.url, clock }));
    const devices = async (): Promise<number> => (await directory.devicesOf(['a1']))[0]?.length ?? 0;
    expect(await devices()).toBe(1);
    setWall();
    service.accounts.set('a1', []);
    expect([await devices(), service.requests.length]).toEqual([1, 1]);
    clock.jump(60_000);
    expect([await devices(), service.requests.length]).toEqual([0, 2]);
    service.mode = 'error';
    clock.jump(899_000);
    expect(await devices()).toBe(0);
    setWall();
    clock.jump(1_000);
    await expect(devices()).rejects.toMatchObject({ code: 'CALL_UNAVAILABLE' });
  },

  'answers of the directory in a cache: none is used for longer than a quarter of an hour': async (clock, setWall) => {
    const service = cleaned(await startFakeDirectory());
    const entries = new Map<string, string>();
    const cache = new Keyv({ store: entries });
    await cleaned(createHttpDirectory({ url: service.url, clock, cache })).devicesOf(['a1']);
    await eventually(() => entries.size === 1);
    service.mode = 'error';
    setWall();
    clock.jump(900_000);
    const restarted = cleaned(createHttpDirectory({ url: service.url, clock, cache }));
    await expect(restarted.devicesOf(['a1'])).rejects.toMatchObject({ code: 'CALL_UNAVAILABLE' });
  },

  'the breaker of a provider: it probes after its pause, and not before': (clock, setWall) => {
    const breaker = new Breaker({ clock, probeMs: 500, onState: () => undefined });
    for (let n = 0; n < 30; n++) {
      breaker.admits();
      breaker.failed();
    }
    setWall();
    clock.jump(499);
    expect(breaker.admits()).toBe(false);
    clock.jump(1);
    expect(breaker.admits()).toBe(true);
  },

  'the budget of retries: a second gives ten': (clock, setWall) => {
    const budget = new RetryBudget(clock);
    while (budget.withdraw(false));
    setWall();
    expect(budget.withdraw(false)).toBe(false);
    clock.jump(1_000);
    expect(Array.from({ length: 11 }, () => budget.withdraw(false)).filter(Boolean)).toHaveLength(10);
  },

  'the rate limiter: a window of 5 s ends after 5 s': async (clock, setWall) => {
    const limiter = cleaned(createMemoryRateLimiter(clock));
    const limit = { max: 1, windowSeconds: 5 };
    await limiter.take('key', limit);
    setWall();
    expect(await limiter.take('key', limit)).toEqual({ granted: false, retryAfterMs: 5_000 });
    clock.jump(5_000);
    expect(await limiter.take('key', limit)).toMatchObject({ granted: true });
  },

  'kept credentials: they have the life that is left to them, and never more': async (clock, setWall) => {
    const minted = { username: 'u', password: 'p', grantedTtlSeconds: 7_200, urls: [] };
    const kept: Kept = { minted, relay: { urls: [], urlsWithIps: [], hostname: null }, arm: 'control' };
    const values = new Map<string, string>();
    const shared = {
      get: (key: string) => Promise.resolve(values.get(key)),
      set: (key: string, value: string) => Promise.resolve(values.set(key, value)),
    };
    const here = new KeptCredentials(clock, shared);
    here.put('key', kept);
    setWall();
    clock.jump(600_000);
    expect(here.here('key')?.minted.grantedTtlSeconds).toBe(6_600);
    const elsewhere = await new KeptCredentials(clock, shared).anywhere('key');
    expect(elsewhere?.minted.grantedTtlSeconds ?? 0).toBeLessThanOrEqual(6_600);
  },

  'the rate of failures that is escalated: it is that of five minutes': (clock, setWall) => {
    const told: SignalingEvent[] = [];
    const escalation = new Escalation(clock, { emit: (event) => told.push(event) });
    for (let n = 0; n < 19; n++) escalation.record(true);
    setWall();
    escalation.record(true);
    expect(told).toHaveLength(1);
    clock.jump(300_000);
    for (let n = 0; n < 20; n++) escalation.record(false);
    for (let n = 0; n < 19; n++) escalation.record(true);
    expect(told).toHaveLength(2);
  },

  'addresses of a relay: they are used for their TTL': async (clock, setWall) => {
    const dns = cleaned(await startFakeDns());
    dns.setZone({ 'turn.example.com': { A: { addresses: ['192.0.2.1'], ttlSeconds: 60 } } });
    const resolver = new DnsAddressResolver({
      servers: [dns.address],
      allowPrivate: true,
      metrics: { dns: () => undefined },
      clock,
      deadlineMs: 10_000,
    });
    await resolver.resolve('turn.example.com');
    const asked = dns.queries.length;
    setWall();
    clock.jump(59_000);
    await resolver.resolve('turn.example.com');
    expect(dns.queries).toHaveLength(asked);
    clock.jump(1_000);
    await resolver.resolve('turn.example.com');
    expect(dns.queries.length).toBeGreaterThan(asked);
  },

  'what keeps happening: it is told again after its while': (clock, setWall) => {
    const told: number[] = [];
    const seldom = createSeldom({ everyMs: 60_000, clock, tell: (_subject, count) => told.push(count) });
    seldom.happened('it');
    setWall();
    seldom.happened('it');
    expect(told).toEqual([1]);
    clock.jump(60_000);
    seldom.happened('it');
    expect(told).toEqual([1, 2]);
  },

  "failures of a host's function: they are told once in 10 s": async (clock, setWall) => {
    const told: unknown[] = [];
    const callback = createCallback({ name: 'call-policy' }, { onDefect: (error) => told.push(error), clock });
    const fail = (): Promise<void> =>
      callback
        .ask(
          null,
          () => Promise.reject(new Error('x')),
          () => undefined,
        )
        .catch(() => undefined);
    await fail();
    setWall();
    await fail();
    expect(told).toHaveLength(1);
    clock.jump(10_000);
    await fail();
    expect(told).toHaveLength(2);
  },

  'the health of the relay: a failure counts for a minute': (clock, setWall) => {
    const health = createRelayHealth(clock);
    health.emit({ event: 'call_relay.provider_error', account_id: 'alice', http_status: null });
    setWall();
    expect(health.state()).toBe('unavailable');
    clock.jump(60_000);
    expect(health.state()).toBe('ready');
  },

  'those who have not said who they are: a second is a second': (clock, setWall) => {
    const strangers = createStrangers({ clock });
    while (!strangers.refusedToken('192.0.2.1'));
    setWall();
    expect(strangers.refusedToken('192.0.2.1')).toBe(true);
    clock.jump(1_000);
    expect(strangers.refusedToken('192.0.2.1')).toBe(false);
  },

  'webhooks: a wake-up that failed goes out again within seconds': async (_clock, setWall) => {
    const world = cleaned(await startWebhookWorld());
    world.receiver.reply = () => 500;
    world.webhook.wakeUp(world.wakeUp());
    await world.until(() => world.failures.length === 1);
    setWall(world.clock);
    world.receiver.reply = () => 204;
    const from = world.clock.elapsed();
    await world.until(() => world.receiver.accepted.length === 1, 100);
    expect(world.clock.elapsed() - from).toBeLessThan(2_000);
  },

  'calls: one rings for its minute, and wake-ups say until when by the clock of today': async (_clock, setWall) => {
    const world = new World();
    cleanups.push(() => world.stop());
    setWall(world.clock);
    const { callId } = await world.callUpTo('RINGING');
    const remainingMs = (await world.calls.call(ALICE, callId))?.remainingMs ?? NaN;
    for (const { expiresAt } of world.wakeUps) expect(expiresAt - world.clock.now()).toBe(remainingMs);
    expect(world.wakeUps.length).toBeGreaterThan(0);
    setWall(world.clock);
    world.clock.jump(remainingMs + 1_999);
    expect(await world.calls.call(ALICE, callId)).toMatchObject({ state: 'RINGING' });
    world.clock.jump(1);
    expect(await world.calls.call(ALICE, callId)).toMatchObject({ state: 'ENDED', endReason: 'NO_ANSWER' });
  },
};

describe.each([
  ['forward', HOUR_MS],
  ['back', -HOUR_MS],
])('when the wall clock is set %s by an hour', (_, byMs) => {
  it.each(Object.entries(CASES))('%s', async (_name, run) => {
    const clock = new SetClock();
    await run(clock, (of = clock) => of.setWall(byMs));
  });
});
