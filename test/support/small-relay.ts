import type { CallSignalingOptions } from '../../src/signaling/options.js';

/** A relay that is good enough for whatever is not about relays. */
export const SMALL_RELAY = {
  config: {
    requestedTtlSeconds: 60,
    clientTtlSeconds: 30,
    rateLimit: { max: 1, windowSeconds: 1 },
    providers: [{ type: 'shared-secret', secret: 'of-the-test' }],
    relay: { urls: ['turn:127.0.0.1:3478'] },
  },
} satisfies CallSignalingOptions['relay'];
