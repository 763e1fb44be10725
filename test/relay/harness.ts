import { createRelay, type CreateRelayOptions, type Relay } from '../../src/providers/relay.js';
import { SignalingError } from '../../src/errors.js';
import { manualClock, recordingEvents, recordingMetrics } from './recorders.js';

export const ALICE = { accountId: 'alice', deviceId: 'phone' };
export const NAME_KEY = Buffer.alloc(32, 7);

/** A configuration of one provider at this endpoint, with anything in it replaced. */
export function configFor(endpoint: string, changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    requestedTtlSeconds: 86_400,
    clientTtlSeconds: 43_200,
    rateLimit: { max: 20, windowSeconds: 600 },
    providers: [{ type: 'cloudflare', endpoint, token: 'api-token' }],
    relay: { urls: ['turn:turn.example.com:3478?transport=udp'] },
    ...changes,
  };
}

/** Everything that a relay is made of, with its records; waits between tries are short, and so are breaker pauses. */
export function relayWith(config: unknown, options: Partial<CreateRelayOptions> = {}) {
  const clock = manualClock();
  const events = recordingEvents();
  const metrics = recordingMetrics();
  const relay = createRelay({
    config,
    production: false,
    readSecret: () => {
      throw new Error('no secret files here');
    },
    clock,
    events,
    metrics,
    nameKey: NAME_KEY,
    ...options,
    times: { deadlineMs: 5_000, patienceMs: 300, dnsMs: 500, backoffMs: 10, ...options.times },
  });
  return { relay, service: relay.service, clock, events, metrics };
}

/** The error of a request that must fail. */
export async function failureOf(issued: Promise<unknown>): Promise<SignalingError> {
  const outcome = await issued.then(
    () => 'credentials',
    (error: unknown) => error,
  );
  if (!(outcome instanceof SignalingError)) throw new Error('expected a SignalingError', { cause: outcome });
  return outcome;
}

export type { Relay };
