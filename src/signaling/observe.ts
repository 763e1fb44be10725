import type { CallMetrics } from '../events/call-metrics.js';
import type { Warnings } from '../events/warnings.js';
import { asPredicate } from '../host/listeners.js';
import { observedOf, type Dependency, type Observed } from '../host/observed.js';
import type { RefusalReason } from '../jwt/refusal.js';
import type { CallSignalingOptions } from './options.js';
import type { RelayHealth } from './relay-health.js';

export interface ObserveOptions {
  readonly metrics: CallMetrics;
  readonly warnings: Warnings;
  readonly relayHealth: RelayHealth;
}

/** What is around a signaling, as far as parts of this package show it. */
export interface Around {
  readonly dependencies: readonly Dependency[];
  stop(): void;
}

/** Has what happens with the services around counted, and the host told of it. */
export function observeServices(
  options: CallSignalingOptions,
  { metrics, warnings, relayHealth }: ObserveOptions,
): Around {
  const services = servicesOf(options);
  const dependencies = [...storesOf(options), ...services, relayOf(relayHealth)];
  for (const { name, state } of dependencies) metrics.watchDependency(name, () => state() !== 'ready');
  const ends = services.map(({ observe }) =>
    observe({
      onFailure: (name, failure) => {
        metrics.dependencyFailed(name, failure.reason);
        warnings.dependencyFailed(name, failure);
      },
      onRefused: (reason) => metrics.tokenRefused(reason as RefusalReason),
    }),
  );
  return { dependencies, stop: () => ends.forEach((end) => end()) };
}

/** The services that parts of this package speak to, where the host gave such parts. */
function servicesOf(options: CallSignalingOptions): readonly Observed[] {
  const { adapters, authenticator, deviceDirectory, callPolicy, events, sendWakeUp } = options;
  const found = [adapters, authenticator, deviceDirectory, callPolicy, events, sendWakeUp].map(observedOf);
  // A webhook is given as both of the last two.
  return [...new Set(found.filter((service) => service !== null))];
}

/** Stores of a host's own. */
function storesOf({ adapters }: CallSignalingOptions): readonly Dependency[] {
  if (!adapters?.degraded || observedOf(adapters)) return [];
  const isDown = asPredicate(() => adapters.degraded?.());
  return [{ name: 'redis', affects: ['calls'], state: () => (isDown(undefined) ? 'unavailable' : 'ready') }];
}

function relayOf(health: RelayHealth): Dependency {
  return { name: 'relay-provider', affects: ['relay'], state: () => health.state() };
}
