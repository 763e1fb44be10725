import { createHmac } from 'node:crypto';
import { DnsAddressResolver } from '../dns/resolver.js';
import { LIMITS } from '../limits.js';
import type { Clock, EventSink } from '../ports.js';
import { type Experiment, type RelayConfig, RelayConfigError } from '../relay/config.js';
import type { SharedCredentials } from '../relay/kept-credentials.js';
import type { AddressResolver, RelayMetrics, RelayProvider } from '../relay/ports.js';
import { RelayService } from '../relay/service.js';
import { createChain } from './chain.js';
import { cloudflareProvider } from './cloudflare.js';
import { parseRelayConfig, type ProviderEntry } from './config.js';
import { guarded } from './guard.js';
import { hostProvider, hostResolver, type OwnedProvider, type ProviderFunction } from './owned.js';
import { currentSecret, type ReadSecret } from './secret.js';
import { sharedSecretProvider } from './shared-secret.js';
import { twilioProvider } from './twilio.js';

/** How long things may take, in milliseconds. */
export interface RelayTimes {
  /** One request for credentials, all tries and DNS included. */
  readonly deadlineMs: number;
  /** A try that takes longer than this gets another one beside it; more where the provider usually takes long. */
  readonly patienceMs: number;
  /** Each family's DNS question. */
  readonly dnsMs: number;
  /** Upper bound of the first wait before the same provider is asked again. */
  readonly backoffMs: number;
  /** The time between two probes of a provider that answers nothing. */
  readonly probeMs: number;
}

export const RELAY_TIMES: RelayTimes = {
  deadlineMs: 3_000,
  patienceMs: 250,
  dnsMs: 1_000,
  backoffMs: 100,
  probeMs: 500,
};

/** However long a provider usually takes, and however often it failed, in milliseconds. */
const MAX_PATIENCE_MS = 1_500;
const MAX_BACKOFF_MS = 600;

/** A device whose last credentials are still good need not wait for many tries. */
const TRIES_WITH_FALLBACK = 2;

export interface CreateRelayOptions {
  /** RELAY_CONFIG_FILE, parsed as JSON. */
  readonly config: unknown;
  /** Refuses secrets in the file itself, and endpoints without TLS. */
  readonly production: boolean;
  /** Called at each use of a secret file. */
  readonly readSecret: ReadSecret;
  readonly events: EventSink;
  readonly metrics: RelayMetrics;
  readonly clock: Clock;
  /** NAME_KEY, for pseudonyms. */
  readonly nameKey: Buffer;
  /** The host's own, asked before those of the file; a function is called `host-1`, `host-2` in metrics. */
  readonly providers?: readonly (RelayProvider | ProviderFunction)[];
  /** The host's own; in the place of DNS as configured. */
  readonly resolver?: AddressResolver;
  readonly times?: Partial<RelayTimes>;
  /** Keeps devices' last credentials for other nodes and later processes; must seal what it keeps. */
  readonly sharedCredentials?: SharedCredentials;
}

/** Relay credentials, ready for use. */
export interface Relay {
  readonly service: RelayService;
  /**
   * Takes a new configuration into use; requests that are being served end with the old one.
   *
   * @throws RelayConfigError listing every problem; the old configuration stays in use
   */
  reload(config: unknown): void;
  /** Waits for the requests being served, then closes all connections. */
  close(): Promise<void>;
}

/** A configuration in use. */
interface Running {
  readonly id: string;
  readonly config: RelayConfig;
  readonly resolver: AddressResolver;
  readonly owned: readonly OwnedProvider[];
}

/**
 * Puts provider, DNS and service together.
 *
 * @throws RelayConfigError listing every problem of the configuration
 */
export function createRelay(options: CreateRelayOptions): Relay {
  const times = { ...RELAY_TIMES, ...options.times };
  let running = start(options.config, options, times);
  const service = new RelayService({
    ...options,
    config: () => running.config,
    configId: () => running.id,
    sharedCredentials: options.sharedCredentials ?? null,
    resolver: { resolve: (hostname) => running.resolver.resolve(hostname) },
    chain: createChain({
      ...times,
      clock: options.clock,
      maxTries: LIMITS.relayProviderTries,
      maxTriesWithFallback: TRIES_WITH_FALLBACK,
      maxBackoffMs: MAX_BACKOFF_MS,
      patienceMs: { least: times.patienceMs, most: Math.max(times.patienceMs, MAX_PATIENCE_MS) },
      random: Math.random,
    }),
    deadlineMs: times.deadlineMs,
  });
  // A request that is being served may yet ask again.
  const retire = async ({ owned }: Running): Promise<void> => {
    await service.settled();
    await Promise.allSettled(owned.map((provider) => provider.close()));
  };
  return {
    service,
    reload(config) {
      const old = running;
      running = start(config, options, times);
      void retire(old);
    },
    close: () => retire(running),
  };
}

function start(json: unknown, options: CreateRelayOptions, times: RelayTimes): Running {
  const { production, providers: given = [], metrics, clock, readSecret } = options;
  const file = parseRelayConfig(json, { production, ownProviders: given.length > 0 });
  checkSecrets(file, readSecret);

  const owned: OwnedProvider[] = [];
  const alive = (provider: OwnedProvider): RelayProvider => {
    owned.push(provider);
    return guarded(provider, { metrics, clock, probeMs: times.probeMs });
  };
  const live = (entry: ProviderEntry, name: string): RelayProvider => alive(createProvider(entry, name, options));
  const config: RelayConfig = {
    ...file,
    providers: [
      ...given.map((provider, i) => alive(hostProvider(`host-${i + 1}`, provider))),
      ...file.providers.map((entry, i) => live(entry, `${entry.type}-${i + 1}`)),
    ],
    experiments: file.experiments.map(({ relay, ...experiment }): Experiment => {
      const provider = relay.provider && live(relay.provider, `${experiment.name}-${relay.provider.type}`);
      return { ...experiment, relay: { ...relay, provider } };
    }),
  };
  const resolver = options.resolver
    ? hostResolver(options.resolver)
    : new DnsAddressResolver({ ...file.dns, metrics, clock, deadlineMs: times.dnsMs });
  const id = createHmac('sha256', options.nameKey)
    .update(JSON.stringify(json) ?? '')
    .digest('base64url');
  return { id, config, resolver, owned };
}

function createProvider(entry: ProviderEntry, name: string, { readSecret, clock }: CreateRelayOptions): OwnedProvider {
  const secret = (): string => currentSecret(entry.secret, readSecret);
  switch (entry.type) {
    case 'cloudflare':
      return cloudflareProvider({ name, endpoint: entry.endpoint, token: secret });
    case 'twilio':
      return twilioProvider({ name, endpoint: entry.endpoint, accountSid: entry.accountSid, authToken: secret });
    case 'shared-secret':
      return sharedSecretProvider({ name, secret, clock });
  }
}

/** A secret that cannot be read is told when the configuration is loaded, and not by the first call that fails. */
function checkSecrets(file: RelayConfig<ProviderEntry>, readSecret: ReadSecret): void {
  const entries: (readonly [path: string, entry: ProviderEntry | undefined])[] = [
    ...file.providers.map((entry, i) => [`providers[${i}]`, entry] as const),
    ...file.experiments.map(({ relay }, i) => [`experiments[${i}].relay.provider`, relay.provider] as const),
  ];
  const faults = entries.flatMap(([path, entry]) => {
    if (entry === undefined) return [];
    try {
      currentSecret(entry.secret, readSecret);
      return [];
    } catch {
      return [{ path, problem: 'its secret file cannot be read or is empty' }];
    }
  });
  if (faults.length > 0) throw new RelayConfigError(faults);
}
