import type { Clock } from '../ports.js';
import { asProviderError } from '../relay/deadline.js';
import { type ProviderFailure, ProviderError, type RelayMetrics, type RelayProvider } from '../relay/ports.js';
import { Breaker } from './breaker.js';
import { SUPERSEDED } from './chain.js';

/** Failures that say that the provider is not well. A refusal (4xx) says that something is wrong with the request. */
const UNWELL: readonly ProviderFailure[] = ['status', 'timeout', 'connection', 'malformed'];

export interface GuardOptions {
  readonly metrics: RelayMetrics;
  readonly clock: Clock;
  /** The time between two probes of a provider that answers nothing, in milliseconds. */
  readonly probeMs: number;
}

/**
 * A provider that is left alone while it answers nothing, and whose calls are counted.
 *
 * @returns a provider that throws ProviderError and nothing else: `breaker_open` at once while the breaker is open
 */
export function guarded(provider: RelayProvider, { metrics, clock, probeMs }: GuardOptions): RelayProvider {
  const { name } = provider;
  const breaker = new Breaker({ clock, probeMs, onState: (state) => metrics.breaker(name, state) });
  metrics.breaker(name, 'closed');

  return {
    name,
    async credentials(request) {
      const started = clock.elapsed();
      const count = (result: string): void => metrics.providerCall(name, result, (clock.elapsed() - started) / 1000);
      if (!breaker.admits()) {
        count('breaker_open');
        throw new ProviderError('breaker_open', null);
      }
      try {
        const credentials = await provider.credentials(request);
        breaker.succeeded();
        count('ok');
        return credentials;
      } catch (error) {
        const failure = asProviderError(error);
        const isSuperseded = request.signal.reason === SUPERSEDED;
        if (isSuperseded || !UNWELL.includes(failure.reason)) breaker.abandoned();
        else breaker.failed();
        count(isSuperseded ? 'superseded' : failure.reason);
        throw failure;
      }
    },
  };
}
