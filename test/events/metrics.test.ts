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
