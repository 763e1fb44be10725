import { Resolver } from 'node:dns/promises';
import type { Clock } from '../ports.js';
import { fewOfEachFamily, hostInUrl, isReachable } from '../relay/addresses.js';
import type { AddressResolver, RelayMetrics } from '../relay/ports.js';

const MAX_KEPT_SECONDS = 300;
const MAX_KEPT_HOSTS = 100;

type Family = 4 | 6;

/** What one family's question gave. */
interface Answer {
  /** `resolved`: addresses, be they dropped as private; `empty`: the name has none of this family. */
  readonly outcome: 'resolved' | 'empty' | 'failed' | 'timeout';
  readonly addresses: readonly string[];
  /** By the clock's elapsed time; until then it may be used again. */
  readonly keepUntil: number;
}

export interface DnsResolverOptions {
  /** `address` or `address:port`; empty: those of the system. */
  readonly servers: readonly string[];
  /** Whether loopback, link-local, private and the like addresses are given out too. */
  readonly allowPrivate: boolean;
  readonly metrics: Pick<RelayMetrics, 'dns'>;
  readonly clock: Clock;
  /** For each family on its own, in milliseconds. */
  readonly deadlineMs: number;
}

/**
 * Addresses by DNS, never by the system's `getaddrinfo`, which knows no TTL and blocks a pool of four threads. A and AAAA
 * are asked separately and one may fail alone. An answer is used again for its TTL, at most 300 s; failures, and answers
 * of TTL 0, are not kept. Requests for the same host at the same time share one question.
 */
export class DnsAddressResolver implements AddressResolver {
  readonly #options: DnsResolverOptions;
  readonly #kept = new Map<string, Readonly<Record<Family, Answer>>>();
  readonly #asking = new Map<string, Promise<readonly string[]>>();

  constructor(options: DnsResolverOptions) {
    this.#options = options;
  }

  resolve(hostname: string): Promise<readonly string[]> {
    return this.#asking.get(hostname) ?? this.#begin(hostname);
  }

  #begin(hostname: string): Promise<readonly string[]> {
    const asking = this.#resolve(hostname).finally(() => this.#asking.delete(hostname));
    this.#asking.set(hostname, asking);
    return asking;
  }

  async #resolve(hostname: string): Promise<readonly string[]> {
    const kept = this.#kept.get(hostname);
    const [ipv4, ipv6] = await Promise.all([
      this.#stillGood(kept?.[4]) ?? this.#ask(hostname, 4),
      this.#stillGood(kept?.[6]) ?? this.#ask(hostname, 6),
    ]);
    this.#keep(hostname, { 4: withTtlOf(ipv6, ipv4), 6: withTtlOf(ipv4, ipv6) });
    return [...ipv4.addresses, ...ipv6.addresses];
  }

  #stillGood(answer: Answer | undefined): Answer | undefined {
    return answer !== undefined && answer.keepUntil > this.#options.clock.elapsed() ? answer : undefined;
  }

  #keep(hostname: string, answers: Readonly<Record<Family, Answer>>): void {
    this.#kept.delete(hostname);
    this.#kept.set(hostname, answers);
    const oldest = this.#kept.keys().next();
    if (this.#kept.size > MAX_KEPT_HOSTS && oldest.done !== true) this.#kept.delete(oldest.value);
  }

  async #ask(hostname: string, family: Family): Promise<Answer> {
    const { servers, deadlineMs, metrics, allowPrivate, clock } = this.#options;
    // One for each question, so that giving up cancels this one only. A lost datagram is sent again well before that.
    const resolver = new Resolver({ timeout: Math.ceil(deadlineMs * 0.4), tries: 2 });
    const deadline = setTimeout(() => resolver.cancel(), deadlineMs);
    try {
      if (servers.length > 0) resolver.setServers(servers);
      const options = { ttl: true } as const;
      const records = await (family === 4
        ? resolver.resolve4(hostname, options)
        : resolver.resolve6(hostname, options));
      const usable = fewOfEachFamily(
        distinct(records.map(({ address }) => address).filter((address) => allowPrivate || isReachable(address))),
      );
      metrics.dns(family, usable.length > 0 ? 'resolved' : 'filtered');
      const ttl = Math.min(MAX_KEPT_SECONDS, ...records.map((record) => record.ttl));
      return { outcome: 'resolved', addresses: usable, keepUntil: clock.elapsed() + ttl * 1000 };
    } catch (error) {
      const outcome = outcomeOf(error);
      metrics.dns(family, outcome);
      return { outcome, addresses: [], keepUntil: 0 };
    } finally {
      clearTimeout(deadline);
    }
  }
}

/** That a name has no address of one family is known as long as those of the other are. */
function withTtlOf(other: Answer, answer: Answer): Answer {
  return answer.outcome === 'empty' ? { ...answer, keepUntil: other.keepUntil } : answer;
}

function distinct(addresses: readonly string[]): readonly string[] {
  return [...new Map(addresses.map((address) => [hostInUrl(address), address])).values()];
}

/** ECANCELLED is our own deadline, ETIMEOUT that of the library. */
function outcomeOf(error: unknown): 'empty' | 'failed' | 'timeout' {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENODATA') return 'empty';
  return code === 'ECANCELLED' || code === 'ETIMEOUT' ? 'timeout' : 'failed';
}
