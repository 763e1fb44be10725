import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { RelayMetrics, RelayOutcome } from '../relay/ports.js';
import { createCallMetrics, type CallMetrics } from './call-metrics.js';

/** What the service counts, for Prometheus. Every label is a name from the configuration or a fixed word. */
export interface Metrics extends RelayMetrics, CallMetrics {
  /** Its own, so that a host's metrics and these never collide. */
  readonly registry: Registry;
  /** One GraphQL operation, whatever it carried. */
  graphqlRequest(transport: GraphqlTransport, outcome: 'ok' | 'error', seconds: number): void;
  /** An operation that is not one of the trusted documents was refused. */
  untrustedDocument(): void;
  /** @returns the text exposition that `contentType` names */
  text(): Promise<string>;
  readonly contentType: string;
}

export type GraphqlTransport = 'http' | 'websocket';

const RELAY_OUTCOMES = [
  'issued',
  'rate_limited',
  'unauthenticated',
  'provider_error',
] as const satisfies RelayOutcome[];
const DNS_OUTCOMES = ['resolved', 'empty', 'failed', 'timeout', 'filtered'] as const;
const BREAKER_STATES = { closed: 0, half_open: 1, open: 2 } as const;

/** Up to the deadline over one request to the providers, which is 3 s. */
const SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3];

/** Series whose labels are known from the start begin at 0, so that the first increment is seen as a rate. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });

  const requests = new Counter({
    name: 'call_relay_requests_total',
    help: 'Requests for relay credentials, by how they ended',
    labelNames: ['outcome'],
    registers,
  });
  const armRequests = new Counter({
    name: 'call_relay_arm_requests_total',
    help: 'Requests for relay credentials, by arm of the experiment (control, or its name) and how they ended',
    labelNames: ['arm', 'outcome'],
    registers,
  });
  const providerSeconds = new Histogram({
    name: 'call_relay_provider_seconds',
    help: 'Time a relay provider took to answer one try, in seconds',
    labelNames: ['provider', 'result'],
    buckets: SECONDS,
    registers,
  });
  const breakerState = new Gauge({
    name: 'call_relay_provider_breaker_state',
    help: 'Circuit breaker of a relay provider: 0 closed, 1 half-open, 2 open',
    labelNames: ['provider'],
    registers,
  });
  const lookups = new Counter({
    name: 'call_relay_dns_total',
    help: 'Lookups of relay addresses, by address family and outcome',
    labelNames: ['family', 'outcome'],
    registers,
  });
  const fallbacks = new Counter({
    name: 'call_relay_arm_fallbacks_total',
    help: 'Requests that an experiment could not serve and control did',
    labelNames: ['experiment'],
    registers,
  });
  const kept = new Counter({
    name: 'call_relay_kept_total',
    help: 'Requests that no relay provider could serve, answered with the last credentials of the device',
    registers,
  });
  const graphqlRequests = new Counter({
    name: 'graphql_requests_total',
    help: 'GraphQL operations, by transport and outcome',
    labelNames: ['transport', 'outcome'],
    registers,
  });
  const graphqlSeconds = new Histogram({
    name: 'graphql_request_seconds',
    help: 'Time a GraphQL operation took, in seconds, without what a signal waited for an earlier one of its client',
    labelNames: ['transport'],
    buckets: SECONDS,
    registers,
  });

  const untrusted = new Counter({
    name: 'graphql_untrusted_documents_total',
    help: 'Operations refused because they are not among the trusted documents',
    registers,
  });

  for (const outcome of RELAY_OUTCOMES) {
    requests.inc({ outcome }, 0);
    armRequests.inc({ arm: 'control', outcome }, 0);
  }
  for (const family of [4, 6]) for (const outcome of DNS_OUTCOMES) lookups.inc({ family, outcome }, 0);

  const requestSeries = seriesOf((outcome: string) => requests.labels({ outcome }));
  const armSeries = seriesOf((arm: string, outcome: string) => armRequests.labels({ arm, outcome }));
  const providerSeries = seriesOf((provider: string, result: string) => providerSeconds.labels({ provider, result }));
  const graphqlSeries = seriesOf((transport: string, outcome: string) =>
    graphqlRequests.labels({ transport, outcome }),
  );
  const graphqlTimes = seriesOf((transport: string) => graphqlSeconds.labels({ transport }));

  return {
    ...createCallMetrics(registry),
    registry,
    contentType: registry.contentType,
    text: () => registry.metrics(),
    request: (outcome, arm) => {
      requestSeries(outcome).inc();
      armSeries(arm, outcome).inc();
    },
    providerCall: (provider, result, seconds) => providerSeries(provider, result).observe(seconds),
    breaker: (provider, state) => breakerState.set({ provider }, BREAKER_STATES[state]),
    dns: (family, outcome) => lookups.inc({ family, outcome }),
    armFellBack: (experiment) => fallbacks.inc({ experiment }),
    servedKept: () => kept.inc(),
    untrustedDocument: () => untrusted.inc(),
    graphqlRequest: (transport, outcome, seconds) => {
      graphqlSeries(transport, outcome).inc();
      graphqlTimes(transport).observe(seconds);
    },
  };
}

/** Looks a series up once: prom-client sorts and joins the labels at every use. */
function seriesOf<Labels extends string[], Series>(find: (...labels: Labels) => Series): (...labels: Labels) => Series {
  const known = new Map<string, Series>();
  return (...labels) => {
    const name = labels.join('\n');
    let series = known.get(name);
    if (series === undefined) known.set(name, (series = find(...labels)));
    return series;
  };
}
