import { createClient } from '@keyv/redis';
import type { Address, RedisTarget } from './url.js';

/** How a connection to a data server of the target is made, and when it is given up. */
export interface Access extends Pick<RedisTarget, 'tls' | 'username' | 'password' | 'database'> {
  /** The authority that vouches for the servers, PEM; empty: those that Node.js trusts. */
  readonly ca: string;
  /** A server that has said nothing for so long, though it was asked, is not waited for any more. */
  readonly silentMs: number;
}

/** Bulk strings come as bytes; the number is the type byte `$` of RESP. */
const BYTES = { typeMapping: { 36: Buffer } } as const;

/** How long an attempt may take, in milliseconds. */
export const CONNECT_MS = 1_000;

export type Client = ReturnType<typeof connectionTo>;

/** The library builds a class for each set of options; a duplicate goes without, which is a hundred times as fast. */
const TEMPLATE = createClient();

/** What a socket of the client library is given so that it speaks TLS, where it shall. */
export function tlsOptions({ tls, ca }: Pick<Access, 'tls' | 'ca'>) {
  return tls ? { tls: true as const, ...(ca !== '' && { ca }) } : {};
}

/** A client that makes one connection, once: who wants another makes another client. */
export function connectionTo({ host, port }: Address, { username, password, database, ...secrecy }: Access) {
  return TEMPLATE.duplicate({
    socket: {
      host,
      port,
      connectTimeout: CONNECT_MS,
      // Here it is only one attempt; the link makes the next one.
      reconnectStrategy: false,
      ...tlsOptions(secrecy),
    },
    ...(username !== null && { username }),
    ...(password !== null && { password }),
    database,
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: 'disabled',
    commandOptions: BYTES,
  });
}
