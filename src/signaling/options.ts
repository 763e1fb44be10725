import type { AccountIndex, CallStore, WakeBus } from '../call/ports.js';
import type { Presence } from '../call/presence.js';
import type { Metrics } from '../events/metrics.js';
import type { OnWarning } from '../events/warnings.js';
import type { TrustedDocuments } from '../graphql/trusted-documents.js';
import type { OnDefect } from '../host/callback.js';
import type { HostFunctions } from '../host/functions.js';
import type { RevocationLog } from '../identity/revocations.js';
import type { Clock, EventSink, RateLimit, RateLimiter } from '../ports.js';
import type { RelayConfigInput } from '../providers/config-input.js';
import type { CreateRelayOptions } from '../providers/relay.js';

/** What the relay credentials come from. */
export type RelayOptions = Pick<CreateRelayOptions, 'providers' | 'resolver' | 'times' | 'sharedCredentials'> &
  Partial<Pick<CreateRelayOptions, 'readSecret'>> & {
    /** What RELAY_CONFIG_FILE holds for the standalone server. */
    readonly config: RelayConfigInput;
  };

export interface CallSignalingOptions extends HostFunctions {
  /** While the directory is down: the age up to which a token is believed for its device, in seconds. 300. */
  readonly freshTokenSeconds?: number;
  readonly relay: RelayOptions;
  /** Limits by bucket, in the place of those that the schema declares. */
  readonly rateLimits?: Readonly<Record<string, RateLimit>>;
  /** Where permits are counted; closed by whoever made it. That of `adapters`, or else this process's memory. */
  readonly rateLimiter?: RateLimiter;
  /** `createRedisAdapters(...)`: where calls are kept; closed by whoever made them. In this process's memory when left out. */
  readonly adapters?: CallAdapters;
  /** 32 bytes each, for cursors: the first one seals, all open. Those of `adapters`, or else drawn at start. */
  readonly cursorKeys?: CursorKeys;
  /** Clients encrypt descriptions and candidates end to end: only their size is checked. */
  readonly opaqueSdp?: boolean;
  /** Told of `call_relay.*` and `call.*` events. */
  readonly events?: EventSink;
  /** Counted in; by default a registry of its own, see `metrics`. */
  readonly metrics?: Metrics;
  /** 32 bytes for pseudonyms and the names of pairs. That of `adapters`, or else drawn at start. */
  readonly nameKey?: Uint8Array;
  /** Whether introspection and "did you mean" are answered. Not in production: that of `production`, or of NODE_ENV. */
  readonly introspection?: boolean;
  /** When given, no other operations are run; see `readTrustedDocuments`. */
  readonly trustedDocuments?: TrustedDocuments;
  /** Whether `@auth` and `@rateLimit` are composed into a supergraph. Yes. */
  readonly composeDirectives?: boolean;
  /** Refuses what is fit for development only. */
  readonly production?: boolean;
  /**
   * Given what was ours to prevent (clients see `correlationId`), and each HostCallbackError: what a function given here did
   * wrong. Its messages may hold anything: do not log them as they are.
   */
  readonly onDefect?: OnDefect;
  /**
   * Given what the standalone server would log: a service around this one that gives no answer, a page whose origin is refused. At
   * once, then once a minute each. Safe to log as it is.
   */
  readonly onWarning?: OnWarning;
  readonly clock?: Clock;
}

export type CursorKeys = readonly [Uint8Array, ...Uint8Array[]];

/** What calls stand on, and what all nodes must share: `createRedisAdapters` of `voip-call-signaling/redis` gives all of it. */
export interface CallAdapters {
  readonly callStore: CallStore;
  readonly accountIndex: AccountIndex;
  readonly presence: Presence;
  readonly wakeBus: WakeBus;
  /** Where other nodes hear of revoked devices, and this one of theirs; when left out, there is no other. */
  readonly revocations?: RevocationLog;
  readonly rateLimiter?: RateLimiter;
  readonly cursorKeys?: CursorKeys;
  readonly nameKey?: Uint8Array;
  /** Whether they cannot be reached at present, for `health()`; they are taken for ready when left out. */
  readonly degraded?: () => boolean;
}
