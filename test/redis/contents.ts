import { createClient } from '@keyv/redis';
import type { RedisServer } from '../support/redis.js';

/** One key of a server: its name, its value as DUMP gives it, and what is left of its life in milliseconds (-1: no end). */
export interface Kept {
  readonly key: string;
  readonly type: string;
  readonly value: Buffer;
  readonly leftMs: number;
}

/** Everything that a server keeps, by the names of the keys; but the proof of keys, which each node renews by itself. */
export async function contentsOf({ host, port }: RedisServer): Promise<readonly Kept[]> {
  const client = createClient({ socket: { host, port }, commandOptions: { typeMapping: { 36: Buffer } } });
  await client.connect();
  try {
    const found = await client.sendCommand<readonly Buffer[]>(['KEYS', '*']);
    const keys = found.filter((key) => key.toString() !== 'voip:keys');
    const kept = await Promise.all(
      keys.map(async (key) => ({
        key: key.toString(),
        type: String(await client.sendCommand(['TYPE', key])),
        value: await client.sendCommand<Buffer>(['DUMP', key]),
        leftMs: await client.sendCommand<number>(['PTTL', key]),
      })),
    );
    return kept.sort((a, b) => (a.key < b.key ? -1 : 1));
  } finally {
    client.destroy();
  }
}

/** Lets so much of the life of every key pass at once. */
export async function age(server: RedisServer, ms: number): Promise<void> {
  for (const { key, leftMs } of await contentsOf(server))
    if (leftMs >= 0) await server.command('PEXPIRE', key, `${leftMs - ms}`);
}
