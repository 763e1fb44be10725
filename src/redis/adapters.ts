import type { Keyv } from 'keyv';
import { hkdfSync, X509Certificate } from 'node:crypto';
import type { AccountIndex, CallStore, WakeBus } from '../call/ports.js';
import type { Presence } from '../call/presence.js';
import { OptionsError } from '../options.js';
import { systemClock } from '../ports.js';
import { quiet } from '../host/callback.js';
import { createReporter } from '../host/observed.js';
import type { RevocationLog } from '../identity/revocations.js';
import type { Clock, RateLimiter } from '../ports.js';
import { RedisAccountIndex } from './account-index.js';
import { createRedisCache } from './cache.js';
import { RedisCallStore } from './call-store.js';
import { Cipher } from './cipher.js';
import type { EncryptionKey } from './cipher.js';
import { Cluster } from './cluster.js';
import { DueIndex } from './due-index.js';
import type { OnRedisFailure } from './failure.js';
import { Heartbeat } from './heartbeat.js';
import { Inspection } from './inspection.js';
import { KeyProof } from './key-proof.js';
import { KnownCalls } from './known-calls.js';
import { Names } from './names.js';
import { checkRedisOptions } from './options.js';
import { RedisPresence } from './presence.js';
import { createRedisRateLimiter } from './rate-limiter.js';
import { Redis } from './redis.js';
import { RedisRevocations } from './revocations.js';
import { askSentinels } from './sentinel.js';
import { SingleServer } from './topology.js';
import type { Topology } from './topology.js';
import { readRedisUrl } from './url.js';
import { RedisWakeBus } from './wake-bus.js';

export interface RedisOptions {
  /** `redis://`, `redis+cluster://h1,h2` or `redis+sentinel://h1,h2/name`, over TLS with `rediss`; Redis 7 or later. */
  readonly url: string;
  /** Certificate of the authority that vouches for the servers, PEM; those that Node.js trusts when left out. */
  readonly tlsCa?: string;
  /** As whom the Sentinels are asked, who have users of their own; nobody in particular when left out. */
  readonly sentinel?: { readonly username?: string; readonly password?: string };
  /** The first one encrypts, all decrypt: `[{ id: 'k1', key: Buffer.from(text, 'base64') }]`, 32 bytes each. */
  readonly encryptionKeys: readonly EncryptionKey[];
  /** 32 bytes, the same on every node; not to be changed while calls live. */
  readonly nameKey: Uint8Array;
  /** Replicas that must have a change of a call before it counts; an outage of theirs is then one of calls. 0. */
  readonly waitReplicas?: number;
  /** In place of the servers' clocks, by which all times go otherwise; for tests. */
  readonly clock?: Clock;
  /**
   * How long an operation may take, all its commands together, in milliseconds; for tests. 1,200: a request has 2 s, and after
   * the first operation that fails because Redis is silent, the next one fails at once.
   */
  readonly operationMs?: number;
  /** Is told of `problems()` whenever they change. */
  readonly onProblems?: (problems: readonly string[]) => void;
  /** Is told of each failure and its reason, in fixed words. */
  readonly onFailure?: OnRedisFailure;
}

const OPERATION_MS = 1_200;
/** A server is known to be silent before an operation that it does not answer is given up. */
const SILENT_BEFORE_MS = 200;

/** Every port that needs to be the same on all nodes. Each operation answers, or throws CALL_UNAVAILABLE, within 1.5 s. */
export interface RedisAdapters {
  readonly callStore: CallStore;
  readonly accountIndex: AccountIndex;
  readonly presence: Presence;
  readonly wakeBus: WakeBus;
  readonly revocations: RevocationLog;
  /** Good on every node, and as long as the encryption key that they are made of is in the ring. */
  readonly cursorKeys: readonly [Uint8Array, ...Uint8Array[]];
  readonly nameKey: Uint8Array;
  /** Goes on in memory while Redis cannot be asked. */
  readonly rateLimiter: RateLimiter;
  /** For what is safe to lose: encrypted, and no method of it fails or takes longer than 200 ms. */
  readonly keyv: Keyv;
  /** Whether a server cannot be reached at present, or is not fit for calls. */
  degraded(): boolean;
  /**
   * What makes this Redis unfit, in sentences for the operator: keys of other nodes that are not this one's, rights that the
   * user lacks, the eviction policy, the version. As last seen, at most 10 s ago; empty while Redis cannot be reached.
   */
  problems(): readonly string[];
  /** Looks for problems now. Never rejects; within about 2 s. */
  inspect(): Promise<readonly string[]>;
  /** Ends all connections. */
  close(): Promise<void>;
}

/**
 * Begins to connect, and keeps connected from then on: it does not matter which of the two is up first.
 *
 * @throws OptionsError with every problem of the options
 */
export function createRedisAdapters(options: RedisOptions): RedisAdapters {
  checkRedisOptions(options);
  const cipher = new Cipher(options.encryptionKeys);
  const names = new Names(options.nameKey);
  const { operationMs = OPERATION_MS } = options;
  const topology = topologyOf(options, operationMs - SILENT_BEFORE_MS);
  const keys = new KeyProof(cipher, names);
  const onFailure = quiet(options.onFailure);
  const degraded = (): boolean => !topology.isUp || inspection.problems.length > 0;
  const reporter = createReporter({
    name: 'redis',
    affects: ['calls'],
    // Limits are counted in this process meanwhile, and credentials are handed out; calls stand on it.
    state: () => (degraded() ? 'unavailable' : 'ready'),
  });
  const redis = new Redis({
    topology,
    keys,
    waitReplicas: options.waitReplicas ?? 0,
    clock: options.clock ?? null,
    onFailure: (failure) => {
      onFailure(failure);
      reporter.failed({ ...failure, httpStatus: null });
    },
    operationMs,
  });
  const inspection = new Inspection({ topology, keys, run: redis.unproved, onProblems: quiet(options.onProblems) });
  const heartbeat = new Heartbeat(redis, names);
  const due = new DueIndex(redis, cipher, names);
  const known = new KnownCalls(options.clock ?? null);
  const wakeBus = new RedisWakeBus({ redis, topology, cipher, names, onHeard: (message) => known.heard(message) });
  heartbeat.onDoubt(() => wakeBus.doubt());
  const rateLimiter = createRedisRateLimiter({
    redis,
    names,
    clock: options.clock ?? systemClock,
    nodes: () => heartbeat.nodes,
  });
  return reporter.shownOn<RedisAdapters>({
    callStore: new RedisCallStore({ redis, cipher, names, heartbeat, due, known }),
    accountIndex: new RedisAccountIndex(redis, cipher, names),
    presence: new RedisPresence(redis, cipher, names, heartbeat),
    wakeBus,
    revocations: new RedisRevocations(redis, cipher, names),
    cursorKeys: cursorKeysOf(options.encryptionKeys),
    nameKey: options.nameKey,
    rateLimiter,
    keyv: createRedisCache(redis, cipher, names),
    degraded,
    problems: () => inspection.problems,
    inspect: () => inspection.look(),
    close: async () => {
      await inspection.close();
      await wakeBus.close();
      await rateLimiter.close();
      await topology.close();
    },
  });
}

function cursorKeysOf(keys: readonly EncryptionKey[]): RedisAdapters['cursorKeys'] {
  const [first, ...others] = keys.map(
    ({ key }) => new Uint8Array(hkdfSync('sha256', key, '', 'voip-call-signaling cursor', 32)),
  );
  if (!first) throw new TypeError('there is no encryption key');
  return [first, ...others];
}

function topologyOf({ url, tlsCa: ca = '', sentinel = {} }: RedisOptions, silentMs: number): Topology {
  const target = readRedisUrl(url);
  if (typeof target === 'string') throw new OptionsError([`url must be ${target}`]);
  const { addresses, master, tls } = target;
  if (ca !== '') checkAuthority(ca, tls);
  const access = { ...target, ca, silentMs };
  if (target.kind === 'cluster') return new Cluster(access, addresses);
  const [only] = addresses;
  const asked = { tls, ca, username: sentinel.username ?? null, password: sentinel.password ?? null };
  return new SingleServer(access, () =>
    target.kind === 'sentinel' || only === undefined ? askSentinels(addresses, master, asked) : Promise.resolve(only),
  );
}

/** @throws OptionsError */
function checkAuthority(pem: string, tls: boolean): void {
  if (!tls)
    throw new OptionsError(['tlsCa must be left out where url is not one with rediss: nothing would be encrypted']);
  try {
    new X509Certificate(pem);
  } catch {
    throw new OptionsError(['tlsCa must be a certificate (PEM)']);
  }
}
