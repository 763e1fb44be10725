import { isIPv6 } from 'node:net';

/** Where one server listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** What REDIS_URL says. */
export interface RedisTarget {
  readonly kind: 'single' | 'cluster' | 'sentinel';
  /** The server; or servers of a cluster, or Sentinels, of which any will do that answers. */
  readonly addresses: readonly Address[];
  /** Also between this process and the Sentinels. */
  readonly tls: boolean;
  readonly username: string | null;
  readonly password: string | null;
  readonly database: number;
  /** The name under which Sentinels watch the master; empty without them. */
  readonly master: string;
}

const KINDS = {
  'redis:': { kind: 'single', tls: false, port: 6379 },
  'rediss:': { kind: 'single', tls: true, port: 6379 },
  'redis+cluster:': { kind: 'cluster', tls: false, port: 6379 },
  'rediss+cluster:': { kind: 'cluster', tls: true, port: 6379 },
  'redis+sentinel:': { kind: 'sentinel', tls: false, port: 26379 },
  'rediss+sentinel:': { kind: 'sentinel', tls: true, port: 26379 },
} as const;

/** Scheme, credentials up to the last `@`, hosts, path. What the parts may hold is judged after that. */
const SHAPE = /^([a-z+]+:)\/\/(?:(.*)@)?([^@/]*)(?:\/([^/]*))?$/;
const HOST = /^(?:\[([0-9A-Fa-f:.]+)\]|([\w.-]+))(?::(\d{1,5}))?$/;
/** As they may stand in a URL unescaped, and percent-encoded bytes (RFC 3986, section 3.2.1). */
const CREDENTIALS = /^((?:[\w.~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)(?::((?:[\w.~!$&'()*+,;=:-]|%[0-9A-Fa-f]{2})*))?$/;

const FORMS = `${Object.keys(KINDS)
  .map((scheme) => `${scheme}//`)
  .join(', ')} and a host or a list of hosts`;

/** Thrown with what a URL must be, which never repeats the URL: it may hold a password. */
class Unfit extends Error {}

/**
 * Reads `redis://`, `redis+cluster://h1,h2` and `redis+sentinel://h1,h2/name`; with `rediss` in the place of `redis` over TLS.
 * Credentials stand before the hosts, percent-encoded, and are those of the data servers; an IPv6 address stands in brackets;
 * a single server's path is the number of a database.
 *
 * @returns a string where it is none of these: what it must be, to be read after "must be"
 */
export function readRedisUrl(url: string): RedisTarget | string {
  try {
    return read(url);
  } catch (error) {
    if (!(error instanceof Unfit)) throw error;
    return error.message;
  }
}

function read(url: string): RedisTarget {
  if (/[?#]/.test(url))
    throw new Unfit(
      'a URL without query and fragment: options have settings of their own, and ? # in a password are %3F %23',
    );
  const [, scheme = '', credentials = '', hosts = '', path = ''] = SHAPE.exec(url) ?? [];
  const row = Object.hasOwn(KINDS, scheme) ? KINDS[scheme as keyof typeof KINDS] : null;
  if (row === null) throw new Unfit(`one of ${FORMS}`);
  const [username, password] = readCredentials(credentials);
  if (row.kind === 'single' && !/^\d{0,5}$/.test(path)) throw new Unfit('a URL whose path is the number of a database');
  if (row.kind === 'cluster' && path !== '') throw new Unfit('a URL without a path: a cluster has one database');
  if (row.kind === 'sentinel' && !/^[\w.-]+$/.test(path))
    throw new Unfit("a URL whose path is the name of the Sentinels' master");
  const addresses = hosts.split(',').map((host) => readHost(host, row.port));
  if (row.kind === 'single' && addresses.length > 1)
    throw new Unfit('a URL with one host: several are redis+cluster:// or redis+sentinel://');
  const database = row.kind === 'single' ? Number(path) : 0;
  return {
    kind: row.kind,
    tls: row.tls,
    addresses,
    username,
    password,
    database,
    master: row.kind === 'sentinel' ? path : '',
  };
}

function readCredentials(text: string): readonly [username: string | null, password: string | null] {
  const parts = CREDENTIALS.exec(text);
  try {
    if (parts === null) throw new URIError();
    const [username, password] = parts.slice(1).map((part: string | undefined) => decodeURIComponent(part ?? ''));
    return [username || null, password || null];
  } catch {
    throw new Unfit('a URL whose user name and password are percent-encoded: % is %25, / is %2F, @ is %40');
  }
}

function readHost(text: string, defaultPort: number): Address {
  const [, inBrackets, plain, digits] = HOST.exec(text) ?? [];
  const host = inBrackets ?? plain;
  const port = digits === undefined ? defaultPort : Number(digits);
  if (host === undefined || (inBrackets !== undefined && !isIPv6(host)))
    throw new Unfit('a URL with hosts, comma separated, IPv6 addresses in brackets');
  if (port < 1 || port > 65_535) throw new Unfit('a URL with ports from 1 to 65535');
  return { host, port };
}
