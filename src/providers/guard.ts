import { circuitBreaker, CircuitState, CountBreaker, handleWhen } from 'cockatiel';
import { asProviderError } from '../relay/deadline.js';
import { type ProviderFailure, ProviderError, type RelayMetrics, type RelayProvider } from '../relay/ports.js';

/** Opens when more than half of the last 20 answers, and at least 5, were failures. */
const BREAKER = { threshold: 0.5, size: 20, minimumNumberOfCalls: 5 };

const STATES = {
  [CircuitState.Closed]: 'closed',
  [CircuitState.HalfOpen]: 'half_open',
  [CircuitState.Open]: 'open',
  [CircuitState.Isolated]: 'open',
} as const;

/** Failures that say that the provider is not well. To refuse us is its good right. */
const UNWELL: readonly ProviderFailure[] = ['status', 'timeout', 'connection', 'malformed'];

export interface GuardOptions {
  readonly metrics: RelayMetrics;
  /** How long an open breaker lets nobody through, before one request may try, in milliseconds. */
  readonly halfOpenAfterMs: number;
}

/**
 * A provider that is left alone while it is not well, and whose calls are counted.
 *
 * @returns a provider that throws ProviderError and nothing else: `breaker_open` at once while the breaker is open
 */
export function guarded(provider: RelayProvider, { metrics, halfOpenAfterMs }: GuardOptions): RelayProvider {
  const { name } = provider;
  const breaker = circuitBreaker(
    handleWhen((error) => error instanceof ProviderError && UNWELL.includes(error.reason)),
    { halfOpenAfter: halfOpenAfterMs, breaker: new CountBreaker(BREAKER) },
  );
  breaker.onStateChange((state) => metrics.breaker(name, STATES[state]));
  metrics.breaker(name, 'closed');

  return {
    name,
    async credentials(request) {
      const started = performance.now();
      const count = (result: string): void => metrics.providerCall(name, result, (performance.now() - started) / 1000);
      try {
        // While one request tries the half-open breaker, others would wait for its outcome: they go on elsewhere.
        if (breaker.state === CircuitState.HalfOpen) throw new ProviderError('breaker_open', null);
        const credentials = await breaker.execute(async () => {
          try {
            return await provider.credentials(request);
          } catch (error) {
            throw asProviderError(error);
          }
        });
        count('ok');
        return credentials;
      } catch (error) {
        const failure = error instanceof ProviderError ? error : new ProviderError('breaker_open', null);
        count(failure.reason);
        throw failure;
      }
    },
  };
}
