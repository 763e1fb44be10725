import { describe, expect, it } from '@jest/globals';
import { register } from 'prom-client';
import { createMetrics } from '../../src/events/metrics.js';

/** The samples of one metric, by their line up to the value. */
async function samples(metrics: ReturnType<typeof createMetrics>, name: string): Promise<Record<string, number>> {
  const lines = (await metrics.text()).split('\n').filter((line) => line.startsWith(`${name}{`));
  return Object.fromEntries(
    lines.map((line) => [line.slice(name.length, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]),
  );
}

describe('the metrics', () => {
  it('show every outcome of a relay request from the start', async () => {
    expect(await samples(createMetrics(), 'call_relay_requests_total')).toEqual({
      '{outcome="issued"}': 0,
      '{outcome="rate_limited"}': 0,
      '{outcome="unauthenticated"}': 0,
      '{outcome="provider_error"}': 0,
    });
    const lookups = await samples(createMetrics(), 'call_relay_dns_total');
    expect(Object.keys(lookups)).toHaveLength(10);
    expect(Object.values(lookups)).toEqual(Array(10).fill(0));
  });

  it('count a relay request by outcome, and by arm apart from that', async () => {
    const metrics = createMetrics();
    metrics.request('issued', 'control');
    metrics.request('issued', 'turnBeta');
    metrics.request('provider_error', 'turnBeta');
    expect(await samples(metrics, 'call_relay_requests_total')).toMatchObject({
      '{outcome="issued"}': 2,
      '{outcome="provider_error"}': 1,
    });
    expect(await samples(metrics, 'call_relay_arm_requests_total')).toEqual({
      '{arm="control",outcome="issued"}': 1,
      '{arm="control",outcome="rate_limited"}': 0,
      '{arm="control",outcome="unauthenticated"}': 0,
      '{arm="control",outcome="provider_error"}': 0,
      '{arm="turnBeta",outcome="issued"}': 1,
      '{arm="turnBeta",outcome="provider_error"}': 1,
    });
  });

  it('count calls by what happened to them, and nothing that names anybody', async () => {
    const metrics = createMetrics();
    const call = { callId: 'c1', callerAccountId: 'alice', calleeAccountId: 'bob', media: 'VIDEO' } as const;
    metrics.calls.emit({ event: 'call.started', ...call, endReason: null, ringMs: null, talkMs: null });
    metrics.calls.emit({ event: 'call.answered', ...call, endReason: null, ringMs: 4_000, talkMs: null });
    metrics.calls.emit({ event: 'call.ended', ...call, endReason: 'COMPLETED', ringMs: 4_000, talkMs: 90_000 });
    metrics.calls.emit({ event: 'call.ended', ...call, endReason: 'NO_ANSWER', ringMs: 60_000, talkMs: 0 });
    expect(await samples(metrics, 'calls_started_total')).toEqual({ '{media="AUDIO"}': 0, '{media="VIDEO"}': 1 });
    expect(await samples(metrics, 'calls_answered_total')).toEqual({ '{media="AUDIO"}': 0, '{media="VIDEO"}': 1 });
    expect(await samples(metrics, 'calls_ended_total')).toMatchObject({
      '{end_reason="COMPLETED"}': 1,
      '{end_reason="NO_ANSWER"}': 1,
      '{end_reason="BUSY"}': 0,
    });
    const text = await metrics.text();
    expect(text).toMatch(/^call_ring_seconds_sum 4$/m);
    expect(text).toMatch(/^call_talk_seconds_sum 90$/m);
    expect(text).toMatch(/^call_talk_seconds_count 1$/m);
    expect(text).not.toMatch(/alice|bob|c1/);
  });

  it('show what is open, and which services around it fail', async () => {
    const metrics = createMetrics();
    let open = 3;
    let isDegraded = true;
    metrics.watchStreams(() => open);
    metrics.watchSockets(() => 2 * open);
    metrics.watchDependency('redis', () => isDegraded);
    metrics.dependencyFailed('redis', 'timeout');
    const text = await metrics.text();
    expect(text).toMatch(/^call_streams 3$/m);
    expect(text).toMatch(/^websocket_connections 6$/m);
    expect(await samples(metrics, 'dependency_degraded')).toEqual({ '{dependency="redis"}': 1 });
    expect(await samples(metrics, 'dependency_failures_total')).toEqual({ '{dependency="redis",reason="timeout"}': 1 });
    [open, isDegraded] = [0, false];
    expect(await metrics.text()).toMatch(/^call_streams 0$/m);
    expect(await samples(metrics, 'dependency_degraded')).toEqual({ '{dependency="redis"}': 0 });
  });

  it('show how long providers take, how their breakers stand, lookups and fall-backs', async () => {
    const metrics = createMetrics();
    metrics.providerCall('cloudflare', 'ok', 0.2);
    metrics.providerCall('cloudflare', 'timeout', 3);
    metrics.breaker('cloudflare', 'open');
    metrics.breaker('twilio', 'open');
    metrics.breaker('twilio', 'half_open');
    metrics.breaker('shared-secret', 'closed');
    metrics.dns(6, 'filtered');
    metrics.armFellBack('turnBeta');
    expect(await samples(metrics, 'call_relay_provider_seconds_sum')).toEqual({
      '{provider="cloudflare",result="ok"}': 0.2,
      '{provider="cloudflare",result="timeout"}': 3,
    });
    expect(await samples(metrics, 'call_relay_provider_breaker_state')).toEqual({
      '{provider="cloudflare"}': 2,
      '{provider="twilio"}': 1,
      '{provider="shared-secret"}': 0,
    });
    expect(await samples(metrics, 'call_relay_dns_total')).toMatchObject({ '{family="6",outcome="filtered"}': 1 });
    expect(await samples(metrics, 'call_relay_arm_fallbacks_total')).toEqual({ '{experiment="turnBeta"}': 1 });
  });

  it('count GraphQL operations and how long they take', async () => {
    const metrics = createMetrics();
    metrics.graphqlRequest('http', 'ok', 0.1);
    metrics.graphqlRequest('websocket', 'error', 0.3);
    expect(await samples(metrics, 'graphql_requests_total')).toEqual({
      '{transport="http",outcome="ok"}': 1,
      '{transport="websocket",outcome="error"}': 1,
    });
    expect(await samples(metrics, 'graphql_request_seconds_sum')).toEqual({
      '{transport="http"}': 0.1,
      '{transport="websocket"}': 0.3,
    });
  });

  it('are in a registry of their own, with those of the process', async () => {
    const [one, other] = [createMetrics(), createMetrics()];
    one.request('issued', 'control');
    expect(await samples(other, 'call_relay_requests_total')).toMatchObject({ '{outcome="issued"}': 0 });
    expect(await one.text()).toContain('process_cpu_seconds_total');
    expect(one.contentType).toMatch(/^text\/plain/);
    expect(await register.getMetricsAsJSON()).toEqual([]);
  });
});
