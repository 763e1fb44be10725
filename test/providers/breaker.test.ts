import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Breaker, type BreakerState } from '../../src/providers/breaker.js';
import { SetClock } from '../support/clock.js';
import { type FakeAnswer, type FakeProvider, startFakeProvider } from '../support/fake-provider.js';
import { ALICE, configFor, failureOf, type Relay, relayWith } from '../relay/harness.js';

describe('a breaker', () => {
  function closedBreaker() {
    const clock = new SetClock();
    const states: BreakerState[] = [];
    const breaker = new Breaker({ clock, probeMs: 500, onState: (state) => states.push(state) });
    const fail = (times: number): void => {
      for (let i = 0; i < times; i++) {
        expect(breaker.admits()).toBe(true);
        breaker.failed();
      }
    };
    return { breaker, clock, states, fail };
  }

  it('opens when none of 30 tries succeeded', () => {
    const { breaker, states, fail } = closedBreaker();
    fail(29);
    expect(states).toEqual([]);
    fail(1);
    expect(states).toEqual(['open']);
    expect(breaker.admits()).toBe(false);
  });

  it('stays closed for a provider that answers once in ten seconds', () => {
    const { breaker, clock, states, fail } = closedBreaker();
    for (let i = 0; i < 5; i++) {
      breaker.succeeded();
      fail(50);
      clock.jump(9_999);
      fail(50);
    }
    expect(states).toEqual([]);
    clock.jump(1);
    fail(1);
    expect(states).toEqual(['open']);
  });

  it('forgets failures after ten seconds', () => {
    const { clock, states, fail } = closedBreaker();
    fail(29);
    clock.jump(10_000);
    fail(29);
    expect(states).toEqual([]);
  });

  it('lets one probe through at a time, and the first that succeeds closes it', () => {
    const { breaker, clock, states, fail } = closedBreaker();
    fail(30);
    clock.jump(499);
    expect(breaker.admits()).toBe(false);
    clock.jump(1);
    expect([breaker.admits(), breaker.admits()]).toEqual([true, false]);
    breaker.failed();
    expect(breaker.admits()).toBe(false);
    clock.jump(500);
    expect(breaker.admits()).toBe(true);
    breaker.succeeded();
    expect(breaker.admits()).toBe(true);
    expect(states).toEqual(['open', 'half_open', 'open', 'half_open', 'closed']);
  });

  it('goes on probing after a probe that said nothing', () => {
    const { breaker, clock, fail } = closedBreaker();
    fail(30);
    clock.jump(500);
    expect(breaker.admits()).toBe(true);
    breaker.abandoned();
    expect(breaker.admits()).toBe(false);
    clock.jump(500);
    expect(breaker.admits()).toBe(true);
  });

  it('does not stay open because somebody sets the clock back', () => {
    const { breaker, clock, fail } = closedBreaker();
    fail(30);
    clock.setWall(-3_600_000);
    clock.jump(500);
    expect(breaker.admits()).toBe(true);
  });
});

describe('a provider that answers nothing', () => {
  let fake: FakeProvider;
  let relay: Relay | undefined;

  beforeEach(async () => {
    fake = await startFakeProvider();
  });
  afterEach(async () => {
    await relay?.close();
    await fake.close();
  });

  /** Its breaker is open. */
  async function down(answer: FakeAnswer, deadlineMs = 600) {
    fake.setAnswer(answer);
    const all = relayWith(configFor(fake.url), { times: { patienceMs: 20, backoffMs: 1, probeMs: 100, deadlineMs } });
    relay = all.relay;
    while (all.metrics.count('breaker cloudflare-1 open') === 0) await failureOf(all.service.issue(ALICE));
    return all;
  }

  it.each<FakeAnswer>([500, 503, 429, 'reset', 'hang', 'html'])('(%s) is only probed', async (answer) => {
    const { service } = await down(answer);
    const asked = fake.requests.length;
    const devices = Array.from({ length: 20 }, (_, i) => ({ accountId: `account-${i}`, deviceId: 'phone' }));
    await Promise.all(devices.map((device) => failureOf(service.issue(device))));
    // Twenty requests of six tries are 120 without it; probes come every 100 ms until the deadline.
    expect(fake.requests.length - asked).toBeLessThan(20);
  });

  it.each<FakeAnswer>([400, 401])('(%s) but refuses, is asked each time', async (answer) => {
    fake.setAnswer(answer);
    const all = relayWith(configFor(fake.url));
    relay = all.relay;
    for (let i = 0; i < 40; i++) await failureOf(all.service.issue(ALICE));
    expect(fake.requests).toHaveLength(40);
    expect(all.metrics.starting('breaker')).toEqual(['breaker cloudflare-1 closed']);
  });

  it('and recovers serves every request that was waiting', async () => {
    const { service } = await down(500, 5_000);
    const devices = Array.from({ length: 20 }, (_, i) => ({ accountId: `account-${i}`, deviceId: 'phone' }));
    const waiting = devices.map((device) => service.issue(device));
    fake.setAnswer('object');
    expect(new Set((await Promise.all(waiting)).map(({ turnUsername }) => turnUsername)).size).toBe(20);
  });

  it('is left out where another one answers, without a try lost', async () => {
    const other = await startFakeProvider();
    try {
      fake.setAnswer(500);
      const providers = [fake, other].map(({ url }) => ({ type: 'cloudflare', endpoint: url, token: 'api-token' }));
      const all = relayWith(configFor('', { providers }), { times: { probeMs: 60_000 } });
      relay = all.relay;
      for (let i = 0; i < 40; i++) await all.service.issue(ALICE);
      expect([fake.requests.length, other.requests.length]).toEqual([30, 40]);
    } finally {
      await relay?.close();
      await other.close();
    }
  });
});
