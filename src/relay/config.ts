import { isIPv4, isIPv6 } from 'node:net';
import { z } from 'zod';
import { OptionsError } from '../options.js';
import type { RateLimit } from '../ports.js';
import type { Enrolment } from './experiment.js';
import { isAddressPattern, isTurnUrl } from './ice-server-url.js';
import type { RelayProvider } from './ports.js';

/** Where a relay is found. */
export interface RelayUrls {
  /** `turn:` and `turns:` URLs by host name; empty: those that the provider gives. */
  readonly urls: readonly string[];
  /** The same by address, `{ip}` in the place of the host; empty: none are given out, and DNS is not asked. */
  readonly urlsWithIps: readonly string[];
  /** The name whose addresses these are, and that their certificates are for. */
  readonly hostname: string | null;
}

/** Accounts that are served from another relay, and optionally by another provider. */
export interface Experiment<Provider = RelayProvider> extends Enrolment {
  readonly relay: RelayUrls & { readonly provider?: Provider | undefined };
}

/** RELAY_CONFIG_FILE, with the providers as entries of the file, or brought to life. */
export interface RelayConfig<Provider = RelayProvider> {
  /** Lifetime asked of the provider, in seconds; never below what clients are told. */
  readonly requestedTtlSeconds: number;
  /** Lifetime told to clients, in seconds. */
  readonly clientTtlSeconds: number;
  readonly rateLimit: RateLimit;
  /** Asked in this order. */
  readonly providers: readonly Provider[];
  readonly relay: RelayUrls;
  readonly dns: {
    /** `address` or `address:port`; empty: those of the system. */
    readonly servers: readonly string[];
    /** Whether loopback, link-local, private and the like addresses are given out too. */
    readonly allowPrivate: boolean;
  };
  readonly experiments: readonly Experiment<Provider>[];
}

/** What is wrong, and where: for example `experiments[0].relay.urls[1]`; empty: the configuration as a whole. */
export interface RelayFault {
  readonly path: string;
  readonly problem: string;
}

/** A configuration that cannot be used, with everything that is wrong with it, one line each. Never holds a value. */
export class RelayConfigError extends OptionsError {
  override readonly name = 'RelayConfigError';

  constructor(readonly faults: readonly RelayFault[]) {
    super(faults.map(inOptions), 'The relay configuration is not valid:');
  }

  /** The same for those who wrote a file, and no options. */
  get inFile(): readonly string[] {
    return this.faults.map(({ path, problem }) => (path === '' ? problem : `${path}: ${problem}`));
  }
}

function inOptions({ path, problem }: RelayFault): string {
  return `relay.config${path === '' ? '' : `.${path}`}: ${problem}`;
}

const seconds = z.int().min(1);
const turnUrl = z.string().refine(isTurnUrl, 'not a turn: or turns: URL that browsers accept');
const addressPattern = z.string().refine(isAddressPattern, 'not a turn: or turns: URL with one {ip} as its host');
const hostname = z
  .string()
  .max(253)
  .regex(/^(?!-)[0-9a-z-]{1,63}(\.[0-9a-z-]{1,63})*$/i, 'not a host name')
  .refine((name) => !isIPv4(name), 'an address, not a host name');
const dnsServer = z.string().refine(isDnsServer, 'not an address, with or without a port');

const relayShape = {
  urls: z.array(turnUrl).default([]),
  urlsWithIps: z.array(addressPattern).default([]),
  hostname: hostname.nullable().default(null),
};

const patternsHaveHost = rule(
  z.object({ urlsWithIps: z.array(z.unknown()), hostname: z.unknown() }),
  (relay) => relay.urlsWithIps.length === 0 || relay.hostname !== null,
  { path: ['hostname'], error: 'required with urlsWithIps' },
);

/**
 * The shape of RELAY_CONFIG_FILE around a given shape of provider entries. Unknown keys are refused.
 *
 * @param provider one entry of `providers`
 * @param minProviders 0 where the host brings providers of its own
 */
export function relayConfigSchema<Provider>(provider: z.ZodType<Provider>, minProviders = 1) {
  const experiment = z.strictObject({
    name: z.string().regex(/^(?!control$)[0-9A-Za-z_-]{1,64}$/, '1 to 64 of 0-9 A-Z a-z _ -, and not "control"'),
    percentage: z.number().min(0).max(100),
    include: z.array(z.string()).default([]),
    exclude: z.array(z.string()).default([]),
    relay: z
      .strictObject({ ...relayShape, urls: z.array(turnUrl).min(1), provider: provider.optional() })
      .refine(...patternsHaveHost),
  });
  return z
    .strictObject({
      requestedTtlSeconds: seconds,
      clientTtlSeconds: seconds,
      rateLimit: z.strictObject({ max: z.int().min(1), windowSeconds: seconds }),
      providers: z.array(provider).min(minProviders).prefault([]),
      relay: z.strictObject(relayShape).refine(...patternsHaveHost),
      dns: z
        .strictObject({ servers: z.array(dnsServer).default([]), allowPrivate: z.boolean().default(false) })
        .prefault({}),
      experiments: z
        .array(experiment)
        .refine(
          ...rule(
            z.array(z.object({ name: z.string() })),
            (experiments) => new Set(experiments.map(({ name }) => name)).size === experiments.length,
            { path: [], error: 'names must be unique' },
          ),
        )
        .default([]),
    })
    .refine(
      ...rule(
        z.object({ requestedTtlSeconds: seconds, clientTtlSeconds: seconds }),
        (ttl) => ttl.clientTtlSeconds <= ttl.requestedTtlSeconds,
        { path: ['clientTtlSeconds'], error: 'must not be above requestedTtlSeconds' },
      ),
    );
}

/**
 * A rule over several fields, for `refine`: judged whenever these fields are in order, whatever else is wrong, so that
 * all problems are told at once.
 */
export function rule<Fields extends z.ZodType>(
  fields: Fields,
  holds: (value: z.output<Fields>) => boolean,
  problem: { path: PropertyKey[]; error: string },
) {
  const inOrder = ({ value }: { value: unknown }): boolean => fields.safeParse(value).success;
  return [(value: unknown): boolean => holds(fields.parse(value)), { ...problem, when: inOrder }] as const;
}

/** @throws RelayConfigError listing every problem by its path */
export function checked<Shape extends z.ZodType>(schema: Shape, json: unknown): z.output<Shape> {
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  throw new RelayConfigError(result.error.issues.flatMap(faultsOf));
}

function faultsOf(issue: z.core.$ZodIssue): RelayFault[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ path: pathOf([...issue.path, key]), problem: 'unknown key' }));
  return [{ path: pathOf(issue.path), problem: issue.message }];
}

function pathOf(path: readonly PropertyKey[]): string {
  const text = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`)).join('');
  return text.replace(/^\./, '');
}

/** What `dns.Resolver.setServers` takes (RFC 5952 for IPv6 with a port). */
function isDnsServer(text: string): boolean {
  if (isIPv4(text) || isIPv6(text)) return true;
  const [, ipv6, ipv4, port] = /^(?:\[(.+)\]|([0-9.]+)):([0-9]{1,5})$/.exec(text) ?? [];
  return Number(port) >= 1 && Number(port) <= 65_535 && (isIPv6(ipv6 ?? '') || isIPv4(ipv4 ?? ''));
}
