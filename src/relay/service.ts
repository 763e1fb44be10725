import { SignalingError } from '../errors.js';
import type { Viewer } from '../identity/viewer.js';
import type { Clock, EventSink, RateLimit } from '../ports.js';
import type { Experiment, RelayConfig, RelayUrls } from './config.js';
import { fewOfEachFamily } from './addresses.js';
import { composeCredentials, type RelayCredentials } from './credentials.js';
import { before } from './deadline.js';
import { Escalation } from './escalation.js';
import { enrolledIn } from './experiment.js';
import { KeptCredentials, type Kept, type SharedCredentials } from './kept-credentials.js';
import { type AddressResolver, type Minted, type ProviderChain, ProviderError, type RelayMetrics } from './ports.js';
import { pseudonymOf } from './pseudonym.js';

const CONTROL = 'control';

export interface RelayServiceOptions {
  /** Read at each request, so that it can be replaced at any time. */
  readonly config: () => RelayConfig;
  /** Names the configuration: credentials that were kept under one are not given out under another. */
  readonly configId: () => string;
  readonly chain: ProviderChain;
  readonly resolver: AddressResolver;
  readonly events: EventSink;
  readonly metrics: RelayMetrics;
  readonly clock: Clock;
  /** NAME_KEY, for pseudonyms. */
  readonly nameKey: Buffer;
  /** How long one request may take, in milliseconds. */
  readonly deadlineMs: number;
  /** Where the last credentials of devices are kept beyond this process; null: nowhere. */
  readonly sharedCredentials: SharedCredentials | null;
}

/** Credentials, and the arm that gave them. */
interface Served {
  readonly credentials: RelayCredentials;
  readonly arm: string;
}

/** Issues TURN credentials to devices. Who may ask, and how often, was decided before. */
export class RelayService {
  readonly #options: RelayServiceOptions;
  readonly #escalation: Escalation;
  readonly #flights = new Map<string, Promise<Served>>();
  readonly #kept: KeptCredentials;

  constructor(options: RelayServiceOptions) {
    this.#options = options;
    this.#kept = new KeptCredentials(options.clock, options.sharedCredentials);
    this.#escalation = new Escalation(options.clock, options.events);
  }

  /** The rate limit as configured now. */
  get rateLimit(): RateLimit {
    return this.#options.config().rateLimit;
  }

  /**
   * Credentials for a call of this device. Requests of one device at the same time share one answer of the provider.
   *
   * @throws SignalingError CALL_RELAY_PROVIDER_ERROR: no provider gave credentials in time, and the device's last ones are
   * no good any more; `details.shared` when another request had asked and this one only waited with it
   */
  async issue(viewer: Pick<Viewer, 'accountId' | 'deviceId'>): Promise<RelayCredentials> {
    const { accountId, deviceId } = viewer;
    const device = `${accountId}\0${deviceId}`;
    const joined = this.#flights.get(device);
    try {
      const { credentials, arm } = await (joined ?? this.#begin(device, accountId));
      this.#options.metrics.request('issued', arm);
      this.#escalation.record(false);
      this.#options.events.emit({
        event: 'call_relay.credentials_issued',
        account_id: accountId,
        turn_ttl_seconds: credentials.turnTtlSeconds,
      });
      return credentials;
    } catch (error) {
      this.#escalation.record(true);
      if (!(error instanceof ProviderError)) throw error;
      this.#options.metrics.request('provider_error', this.#armOf(accountId));
      this.#options.events.emit({
        event: 'call_relay.provider_error',
        account_id: accountId,
        http_status: error.httpStatus,
      });
      throw new SignalingError('CALL_RELAY_PROVIDER_ERROR', joined === undefined ? {} : { shared: true });
    }
  }

  /**
   * Counts a request that was turned away before it came here.
   *
   * @param accountId null when nobody was recognised
   */
  refused(outcome: 'rate_limited' | 'unauthenticated', accountId: string | null): void {
    this.#options.metrics.request(outcome, accountId === null ? CONTROL : this.#armOf(accountId));
    this.#escalation.record(false);
    if (outcome === 'rate_limited' && accountId !== null) {
      this.#options.events.emit({ event: 'call_relay.rate_limited', account_id: accountId });
    }
  }

  /** Counts a request that failed before it came here, by a fault of the service itself. */
  unavailable(): void {
    this.#escalation.record(true);
  }

  /** Resolves when the requests that are being served now have ended, well or not. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#flights.values());
  }

  #begin(device: string, accountId: string): Promise<Served> {
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), this.#options.deadlineMs);
    const flight = this.#serve(device, accountId, deadline.signal).finally(() => {
      clearTimeout(timer);
      this.#flights.delete(device);
    });
    this.#flights.set(device, flight);
    return flight;
  }

  /**
   * An arm's own provider stands at the head of control's providers, in one chain with one deadline; when one of control
   * answers, the arm is broken and control's relay is given out with control's credentials.
   */
  async #serve(device: string, accountId: string, signal: AbortSignal): Promise<Served> {
    const { config, configId, metrics, clock } = this.#options;
    const control = config();
    const arm = enrolledIn<Experiment>(control.experiments, accountId);
    const keptAs = `relay:${configId()}:${device}`;
    const askedAt = clock.now();
    const addressesOfArm = this.#addresses(arm?.relay ?? control.relay, signal);
    const served = (kept: Kept, addresses: readonly string[]): Served => {
      const { clientTtlSeconds } = control;
      return { credentials: composeCredentials({ ...kept, addresses, clientTtlSeconds, askedAt }), arm: kept.arm };
    };

    let minted: Minted;
    try {
      minted = await this.#mint(accountId, askedAt, signal, this.#kept.here(keptAs) !== null);
    } catch (error) {
      const kept = error instanceof ProviderError ? await this.#kept.anywhere(keptAs) : null;
      if (kept === null) throw error;
      metrics.servedKept();
      return served(kept, await this.#addresses(kept.relay, signal));
    }

    const own = arm?.relay.provider;
    const fellBack = arm !== undefined && own !== undefined && minted.provider !== own;
    if (fellBack) metrics.armFellBack(arm.name);
    const relay = fellBack ? control.relay : (arm?.relay ?? control.relay);
    const kept = { minted: minted.credentials, relay, arm: fellBack ? CONTROL : (arm?.name ?? CONTROL) };
    const result = served(kept, await (fellBack ? this.#addresses(relay, signal) : addressesOfArm));
    // Neither configured nor given by the provider: credentials for nowhere are none.
    if (result.credentials.turnUrls.length === 0) throw new ProviderError('malformed', null);
    this.#kept.put(keptAs, kept);
    return result;
  }

  #mint(accountId: string, askedAt: number, signal: AbortSignal, hasFallback: boolean): Promise<Minted> {
    const { config, chain, nameKey } = this.#options;
    const { providers, requestedTtlSeconds, experiments } = config();
    const own = enrolledIn<Experiment>(experiments, accountId)?.relay.provider;
    return chain(own === undefined ? providers : [own, ...providers], {
      ttlSeconds: requestedTtlSeconds,
      // Most providers want none.
      get pseudonym() {
        return pseudonymOf(nameKey, accountId, askedAt);
      },
      signal,
      hasFallback,
    });
  }

  /** Addresses are an extra: whatever happens to them, the credentials are given all the same. */
  async #addresses({ hostname, urlsWithIps }: RelayUrls, signal: AbortSignal): Promise<readonly string[]> {
    if (hostname === null || urlsWithIps.length === 0) return [];
    try {
      return fewOfEachFamily(await before(signal, this.#options.resolver.resolve(hostname)));
    } catch {
      return [];
    }
  }

  #armOf(accountId: string): string {
    return enrolledIn(this.#options.config().experiments, accountId)?.name ?? CONTROL;
  }
}
