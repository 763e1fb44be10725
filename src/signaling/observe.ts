import type { CallMetrics } from '../events/call-metrics.js';
import type { Warnings } from '../events/warnings.js';
import { observedOf, type Observed } from '../host/observed.js';
import type { RefusalReason } from '../jwt/refusal.js';
import type { CallSignalingOptions } from './options.js';

/** The services that parts of this package speak to, where the host gave such parts. */
export function servicesOf(options: CallSignalingOptions): readonly Observed[] {
  const { authenticator, deviceDirectory, callPolicy, events, sendWakeUp } = options;
  const found = [authenticator, deviceDirectory, callPolicy, events, sendWakeUp].map(observedOf);
  // A webhook is given as both of the last two.
  return [...new Set(found.filter((service) => service !== null))];
}

/** Has what happens with these services counted, and the host told of it. @returns what ends that */
export function observeServices(options: CallSignalingOptions, metrics: CallMetrics, warnings: Warnings): () => void {
  const ends = servicesOf(options).map(({ dependency, state, observe }) => {
    metrics.watchDependency(dependency, () => state() !== 'ready');
    return observe({
      onFailure: (name, failure) => {
        metrics.dependencyFailed(name, failure.reason);
        warnings.dependencyFailed(name, failure);
      },
      onRefused: (reason) => metrics.tokenRefused(reason as RefusalReason),
    });
  });
  return () => ends.forEach((end) => end());
}
