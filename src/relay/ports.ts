/** What the relay service needs from the world around it. */

/** What a provider is asked for. No account id ever goes to a provider. */
export interface ProviderRequest {
  /** Lifetime asked for, in seconds. */
  readonly ttlSeconds: number;
  /** Stable for an account and a UTC day, unlinkable without NAME_KEY; for providers that want an identifier. */
  readonly pseudonym: string;
  /** Aborted when the time for this request is over: whatever was begun must be given up then. */
  readonly signal: AbortSignal;
}

export interface ProviderCredentials {
  readonly username: string;
  readonly password: string;
  /** What the provider granted, in seconds; the client is never told more. */
  readonly grantedTtlSeconds: number;
  /** The provider's own URLs; passed on only where none are configured. */
  readonly urls: readonly string[];
}

/** Mints TURN credentials. */
export interface RelayProvider {
  /** For metrics and breakers; not secret, unique among the configured ones. */
  readonly name: string;
  /** @throws ProviderError, and nothing else that carries text of the provider's */
  credentials(request: ProviderRequest): Promise<ProviderCredentials>;
}

/** Credentials, and which of the providers asked gave them. */
export interface Minted {
  readonly provider: RelayProvider;
  readonly credentials: ProviderCredentials;
}

/** What a chain of providers is asked for. */
export interface ChainRequest extends ProviderRequest {
  /** The device's last credentials are still good: fewer tries are worth it, and no wait for a provider that is down. */
  readonly hasFallback: boolean;
}

/**
 * Asks several providers in turn, as often as its policy and the request's signal allow.
 *
 * @throws ProviderError of the last try, and nothing else
 */
export type ProviderChain = (providers: readonly RelayProvider[], request: ChainRequest) => Promise<Minted>;

/**
 * - `refused`: it answered 4xx other than 429: asking again is of no use
 * - `status`: it answered 429, 5xx or another status that is not success
 * - `malformed`: it answered success without usable credentials
 * - `secret`: our own secret for it could not be read; it was not asked
 * - `breaker_open`: it failed too often lately; it was not asked
 */
export type ProviderFailure = 'refused' | 'status' | 'timeout' | 'connection' | 'malformed' | 'secret' | 'breaker_open';

/** Why a provider gave no credentials. Carries no text of the provider's: only what may be logged. */
export class ProviderError extends Error {
  override readonly name = 'ProviderError';

  constructor(
    readonly reason: ProviderFailure,
    /** Null when no complete response came. */
    readonly httpStatus: number | null,
    /** How long the provider wants to be left alone, in milliseconds. */
    readonly retryAfterMs = 0,
  ) {
    super(`relay provider: ${reason}`);
  }
}

/** The addresses behind a host name, asked for at request time. */
export interface AddressResolver {
  /**
   * @returns IPv4, then IPv6 addresses, each in resolver order, private ones already dropped; empty when neither family
   * could be resolved
   * @throws never
   */
  resolve(hostname: string): Promise<readonly string[]>;
}

export type RelayOutcome = 'issued' | 'rate_limited' | 'unauthenticated' | 'provider_error';

/** Counts what happens. Labels are names from the configuration and fixed words, never anything of a client's. */
export interface RelayMetrics {
  /** @param arm `control`, or the experiment's name */
  request(outcome: RelayOutcome, arm: string): void;
  /** @param result `ok`, `superseded` (another try was faster) or the reason of the ProviderError */
  providerCall(provider: string, result: string, seconds: number): void;
  breaker(provider: string, state: 'closed' | 'half_open' | 'open'): void;
  dns(family: 4 | 6, outcome: 'resolved' | 'empty' | 'failed' | 'timeout' | 'filtered'): void;
  /** An experiment's arm could not serve; control did. */
  armFellBack(experiment: string): void;
  /** No provider could serve; the device was given its last credentials once more. */
  servedKept(): void;
}
