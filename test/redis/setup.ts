import { randomBytes } from 'node:crypto';
import { pairTags } from '../../src/call/ids.js';
import { CallService } from '../../src/call/service.js';
import type { Turns } from '../../src/call/turns.js';
import { systemClock, systemTimers } from '../../src/ports.js';
import { createRedisAdapters } from '../../src/redis/adapters.js';
import type { RedisAdapters, RedisOptions } from '../../src/redis/adapters.js';
import { eventually } from '../support/process.js';
import type { RedisFailure } from '../../src/redis/failure.js';

export const ENCRYPTION_KEYS = [{ id: 'k1', key: randomBytes(32) }];
export const NAME_KEY = randomBytes(32);
export const pairTag = pairTags(NAME_KEY);

/** For what is not about deadlines: a busy machine is no failure there. */
export const PATIENT = { operationMs: 20_000 } as const;

/** What one node has of Redis, and the failures it noted. */
export interface Node extends RedisAdapters {
  readonly failures: RedisFailure[];
  /** Calls over it. Every account has the devices `phone` and `laptop`. */
  readonly calls: CallService;
}

/** A node; all that a test run starts have the same keys unless told otherwise. */
export function startNode(url: string, changes: Partial<RedisOptions> = {}, parts: { turns?: Turns } = {}): Node {
  const failures: RedisFailure[] = [];
  const adapters = createRedisAdapters({
    url,
    encryptionKeys: ENCRYPTION_KEYS,
    nameKey: NAME_KEY,
    onFailure: (failure) => failures.push(failure),
    ...changes,
  });
  const devices = ['phone', 'laptop'].map((id) => ({ id, name: null, active: true }));
  const calls = new CallService({
    store: adapters.callStore,
    index: adapters.accountIndex,
    presence: adapters.presence,
    bus: adapters.wakeBus,
    timers: systemTimers,
    limiter: adapters.rateLimiter,
    directory: { devicesOf: (accounts) => Promise.resolve(accounts.map(() => devices)) },
    policy: { mayCall: () => Promise.resolve(true) },
    events: { emit: () => undefined },
    sendWakeUp: () => undefined,
    clock: systemClock,
    pairTag,
    input: { opaqueSdp: false },
    ...parts,
  });
  return { ...adapters, failures, calls };
}

/** The same, once it is connected: the first attempt of a busy machine may take longer than it is given. */
export async function startReadyNode(
  url: string,
  changes: Partial<RedisOptions> = {},
  parts: { turns?: Turns } = {},
): Promise<Node> {
  const node = startNode(url, changes, parts);
  await eventually(() => !node.degraded(), 20_000);
  node.failures.length = 0;
  return node;
}
