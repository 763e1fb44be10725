import { createClient } from '@keyv/redis';
import { before, deadlineIn } from './deadline.js';
import { asRedisError, RedisError } from './failure.js';
import { tlsOptions, type Access } from './connection.js';
import type { Address } from './url.js';

/** All Sentinels together; each has an equal share, so that one that is silent does not use up the others' time. */
const ASK_MS = 900;

/** How Sentinels are asked: their users are not those of the data servers. */
export type SentinelAccess = Pick<Access, 'tls' | 'ca' | 'username' | 'password'>;

/**
 * Asks Sentinels where the master is (Redis Sentinel, "Guidelines for Redis clients"), one after the other, until one knows.
 * The client library's own Sentinel mode writes to the console and keeps a command that was given up until there is a master.
 *
 * @throws RedisError `no_master`; `untrusted`: nor is one trusted that might know
 */
export async function askSentinels(
  sentinels: readonly Address[],
  master: string,
  access: SentinelAccess,
): Promise<Address> {
  let untrusted = false;
  for (const sentinel of sentinels) {
    const asked = ask(sentinel, master, access, Math.floor(ASK_MS / sentinels.length));
    const address = await asked.catch((error: unknown) => {
      untrusted ||= asRedisError(error).reason === 'untrusted';
      return null;
    });
    if (address) return address;
  }
  throw new RedisError(untrusted ? 'untrusted' : 'no_master');
}

async function ask(
  { host, port }: Address,
  master: string,
  access: SentinelAccess,
  withinMs: number,
): Promise<Address | null> {
  const { username, password } = access;
  const client = createClient({
    socket: { host, port, connectTimeout: withinMs, reconnectStrategy: false, ...tlsOptions(access) },
    ...(username !== null && { username }),
    ...(password !== null && { password }),
    disableClientInfo: true,
    disableOfflineQueue: true,
  });
  client.on('error', () => undefined);
  try {
    const asked = client
      .connect()
      .then((connected) =>
        connected.sendCommand<readonly [string, string] | null>(['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', master]),
      );
    const answer = await before(deadlineIn(2 * withinMs), asked);
    return answer && { host: answer[0], port: Number(answer[1]) };
  } finally {
    if (client.isOpen) client.destroy();
  }
}
