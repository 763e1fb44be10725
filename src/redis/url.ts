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
  'redis+sentinel:': { kind: 'sentinel', tls: false, port: 26379 },
} as const;

const SHAPE = /^(redis(?:s|\+cluster|\+sentinel)?:)\/\/(?:([^@/]*)@)?([^/?#]+)(?:\/([^/?#]*))?$/;
const HOST = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/;

/**
 * Reads `redis://`, `rediss://` (TLS), `redis+cluster://h1,h2` and `redis+sentinel://h1,h2/name`. Credentials stand before the
 * hosts, percent-encoded, and are those of the data servers; a single server's path is the number of a database.
 *
 * @throws TypeError whose message does not repeat the URL, which may hold a password
 */
export function parseRedisUrl(url: string): RedisTarget {
  const [, scheme = '', credentials, hosts = '', path = ''] = SHAPE.exec(url) ?? [];
  const row = Object.hasOwn(KINDS, scheme) ? KINDS[scheme as keyof typeof KINDS] : null;
  if (row === null) throw new TypeError('not a Redis URL');
  const [, username, password] = /^([^:]*)(?::(.*))?$/.exec(credentials ?? '') ?? [];
  const database = row.kind === 'single' && path !== '' ? Number(path) : 0;
  if (!Number.isInteger(database)) throw new TypeError('the path of a Redis URL is the number of a database');
  if (row.kind === 'sentinel' && path === '') throw new TypeError('a Sentinel URL names its master');
  return {
    kind: row.kind,
    tls: row.tls,
    addresses: hosts.split(',').map((host) => parseHost(host, row.port)),
    username: username ? decodeURIComponent(username) : null,
    password: password ? decodeURIComponent(password) : null,
    database,
    master: row.kind === 'sentinel' ? path : '',
  };
}

function parseHost(text: string, defaultPort: number): Address {
  const [, inBrackets, plain, port] = HOST.exec(text) ?? [];
  const host = inBrackets ?? plain;
  if (host === undefined) throw new TypeError('a Redis URL names its hosts');
  return { host, port: port === undefined ? defaultPort : Number(port) };
}
