import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CallRelayDocument } from '../../src/client/generated/documents.js';
import { contentsOf } from '../redis/contents.js';
import { startNodes, type Nodes } from '../support/nodes.js';
import { startRedis, type RedisServer } from '../support/redis.js';
import { Talk } from './talk.js';

const ATTACHMENT = 'what-the-caller-sent-along';

describe('what two nodes leave in Redis', () => {
  let redis: RedisServer;
  let nodes: Nodes;
  beforeAll(async () => {
    redis = await startRedis({ appendOnly: true, args: ['--rdbcompression', 'no'] });
    nodes = await startNodes({ redisUrl: redis.url });
  }, 60_000);
  afterAll(async () => {
    await nodes?.close();
    await redis?.stop();
  });

  /** A call that goes on, one that was declined, a device that was revoked, and relay credentials. */
  async function leaveTraces(): Promise<Readonly<Record<string, string>>> {
    const [alice, bob] = [nodes.device('alice-account/alice-phone', [0]), nodes.device('bob-account/bob-phone', [1])];
    const talk = await Talk.begin(alice, bob, 'bob-account');
    for (let i = 0; i < 3; i++) talk.send();
    await alice.describe(talk.callId, 'OFFER');
    await talk.told();
    const { call } = await nodes
      .device('carol-account/carol-phone', [0])
      .start('bob-account', { attachment: ATTACHMENT });
    await bob.decline(call.id);
    await nodes.revoke(0, 'carol-account', 'carol-phone');
    const { data } = await nodes.ask(1, 'alice-account/alice-phone', CallRelayDocument);
    return {
      'a call id': talk.callId,
      'a description': 'IN IP4 0.0.0.0',
      'a candidate': 'typ host',
      'an address': '192.0.2.',
      'an attachment': ATTACHMENT,
      'a TURN username': data?.callRelay?.turnUsername ?? '',
      'a TURN password': data?.callRelay?.turnPassword ?? '',
      ...Object.fromEntries(
        ['alice', 'bob', 'carol'].flatMap((name) => [`${name}-account`, `${name}-phone`].map((id) => [id, id])),
      ),
    };
  }

  it('shows no description, address, credential or id: in no key, value or file', async () => {
    const hidden = await leaveTraces();
    expect(Object.values(hidden)).not.toContain('');
    const foundIn = (bytes: Buffer): readonly string[] =>
      Object.keys(hidden).filter((what) =>
        (['latin1', 'base64', 'hex'] as const).some((encoding) => {
          const text = Buffer.from(hidden[what] ?? '').toString(encoding);
          return bytes.includes(encoding === 'base64' ? text.slice(0, -4) : text);
        }),
      );
    const contents = await contentsOf(redis);
    const kinds = new Set(contents.map(({ key }) => key.split(':')[1]));
    // All that is ever kept has to be among what is looked at.
    const sure =
      'call claim devices due due-ids entries epoch heartbeat ids live pair permits places revocation revoked start';
    expect([...kinds]).toEqual(expect.arrayContaining(sure.split(' ')));
    expect(contents.flatMap(({ key, value }) => foundIn(Buffer.concat([Buffer.from(key), value])))).toEqual([]);

    await redis.command('SAVE');
    const files = readdirSync(redis.directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name)));
    expect(files.filter((file) => file.includes('voip:call:')).length).toBeGreaterThanOrEqual(2);
    expect(files.flatMap(foundIn)).toEqual([]);
    // The way it is looked for finds what is there.
    expect(foundIn(Buffer.from('candidate:1 1 udp 1 192.0.2.1 4000 typ host'))).toEqual(['a candidate', 'an address']);
  }, 60_000);
});
