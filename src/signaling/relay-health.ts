import type { Clock, EventSink } from '../ports.js';
import type { DependencyState } from '../host/observed.js';

/** How long a failure is taken for the present state when nobody asks again, in milliseconds. */
const KNOWN_MS = 60_000;

/** Whether relay providers answer, as the last request for credentials saw it. */
export interface RelayHealth extends EventSink {
  state(): DependencyState;
}

export function createRelayHealth(clock: Clock): RelayHealth {
  let failedAt = -Infinity;
  return {
    emit: ({ event }) => {
      if (event === 'call_relay.provider_error') failedAt = clock.elapsed();
      if (event === 'call_relay.credentials_issued') failedAt = -Infinity;
    },
    state: () => (clock.elapsed() - failedAt < KNOWN_MS ? 'unavailable' : 'ready'),
  };
}
