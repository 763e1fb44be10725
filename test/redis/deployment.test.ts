import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createClient } from '@keyv/redis';
import { createHash } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { actingFor } from '../../src/identity/acting.js';
import { LIMITS } from '../../src/limits.js';
import { Cluster } from '../../src/redis/cluster.js';
import { deadlineIn } from '../../src/redis/deadline.js';
import { slotOf } from '../../src/redis/slots.js';
import { readRedisUrl, type RedisTarget } from '../../src/redis/url.js';
import { ANSWER, device, startInput } from '../call/world.js';
import { longIt } from '../support/full.js';
import { eventually } from '../support/process.js';
import { startRedis, startRedisCluster, startRedisSentinels, startReplica } from '../support/redis.js';
import type { RedisCluster, RedisServer } from '../support/redis.js';
import { contentsOf } from './contents.js';
import { PATIENT, pairTag, startNode, startReadyNode } from './setup.js';

const [ALICE, BOB] = [device('alice', 'phone'), device('bob', 'phone')];

describe('a Redis Cluster', () => {
  let cluster: RedisCluster;
  beforeAll(async () => {
    cluster = await startRedisCluster();
  });
  afterAll(() => cluster.stop());

  it('is asked for each key where its slot is', async () => {
    const keys = ['', 'key', '{tag}', 'a{tag}b', 'a{}b', '{', '}{', 'a{b}{c}', 'ünïcode', '{ünï}'];
    const random = Array.from({ length: 50 }, (_, n) => createHash('sha1').update(`${n}`).digest('base64'));
    for (const key of [...keys, ...random])
      expect(await cluster.primaries[0]?.command('CLUSTER', 'KEYSLOT', key)).toBe(slotOf(key));
  });

  it('has calls on all its servers, and everything of one pair on one of them', async () => {
    const node = startNode(cluster.url, PATIENT);
    for (let n = 0; n < 30; n++) await node.calls.startCall(device(`a${n}`, 'phone'), startInput(`b${n}`));
    const contents = await Promise.all(cluster.primaries.map((server) => contentsOf(server)));
    for (let n = 0; n < 30; n++) {
      const tag = `{${pairTag(`a${n}`, `b${n}`)}}`;
      const kinds = contents.map((kept) => kept.filter(({ key }) => key.includes(tag)).length);
      expect(kinds.filter((count) => count > 0)).toEqual([4]);
    }
    const calls = contents.map((kept) => kept.filter(({ key }) => key.startsWith('voip:call:')).length);
    expect(Math.min(...calls)).toBeGreaterThan(0);
    await node.close();
  });

  it('is asked who has which slot though it is for an account that may ask for nothing more', async () => {
    const { addresses, ...target } = readRedisUrl(cluster.url) as RedisTarget;
    const topology = new Cluster({ ...target, ca: '', silentMs: 20_000 }, addresses);
    const servers = await topology.servers();
    await eventually(() => topology.isUp);
    // Not just after it was asked.
    await wait(200);
    let looks = 0;
    topology.onLooked(() => (looks += 1));
    const atMost = LIMITS.storeOperationsAtOnce + LIMITS.storeOperationsWaiting;
    const crowd = servers.flatMap((server) =>
      Array.from({ length: atMost }, () =>
        actingFor('mallory', () => server.send(deadlineIn(20_000), () => [['PING']], 'usual')),
      ),
    );
    const asked = actingFor('mallory', () => topology.doubt());
    await Promise.allSettled([...crowd, asked]);
    expect(looks).toBe(1);
    await topology.close();
  });

  it('moves slots while calls go on, and whoever listens is listening afterwards', async () => {
    const node = startNode(cluster.url, PATIENT);
    const { call, offerId } = await node.calls.startCall(ALICE, startInput('bob'));
    const heard: (string | null)[] = [];
    await node.wakeBus.subscribe('carol', (callId) => heard.push(callId));
    // The slot of the pair, with all that is in it, and the one of the channel, in which nothing is kept.
    const [pairKey] = (await Promise.all(cluster.primaries.map((server) => contentsOf(server))))
      .flat()
      .filter(({ key }) => key.startsWith('voip:pair:') && key.includes(pairTag('alice', 'bob')));
    await move(slotOf(pairKey?.key ?? ''));
    await node.calls.answerCall(BOB, { callId: call.id, offerId, answerSdp: ANSWER });
    expect(await node.calls.call(ALICE, call.id)).toMatchObject({ state: 'CONNECTING' });
    for (const server of cluster.primaries) {
      const [channel] = (await server.command('PUBSUB', 'SHARDCHANNELS')) as readonly string[];
      if (channel !== undefined) await move(slotOf(channel));
    }
    await eventually(() => heard.includes(null));
    // One that is sent while the servers do not agree yet who has the slot may get lost.
    await eventually(() => {
      node.wakeBus.wake(['carol'], 'call');
      return heard.includes('call');
    });
    expect(node.failures).toEqual([]);
    await node.close();
  });

  it('hears again when a subscription was ended while the server was asked something', async () => {
    const node = await startReadyNode(cluster.url, PATIENT);
    const heard: (string | null)[] = [];
    await node.wakeBus.subscribe('dave', (callId) => heard.push(callId));
    const channels = await Promise.all(cluster.primaries.map((server) => server.command('PUBSUB', 'SHARDCHANNELS')));
    const home = channels.findIndex((there) => (there as readonly string[]).length > 0);
    const [channel = ''] = channels[home] as readonly string[];
    const server = cluster.primaries[home];
    const id = String(await server?.command('CLUSTER', 'MYID'));
    const admin = createClient({ url: server?.url ?? '', disableClientInfo: true });
    await admin.connect();
    for (let time = 0; time < 3; time++) {
      heard.length = 0;
      // It wakes with this before a question that comes while it sleeps; to itself, so that nobody sees the slot elsewhere.
      server?.suspend();
      const ended = admin.sendCommand(['CLUSTER', 'SETSLOT', `${slotOf(channel)}`, 'NODE', id]);
      await wait(450);
      server?.resume();
      await ended;
      await eventually(() => heard.includes(null));
      await eventually(
        async () => ((await server?.command('PUBSUB', 'SHARDCHANNELS')) as readonly string[]).length > 0,
      );
      node.wakeBus.wake(['dave'], `call-${time}`);
      await eventually(() => heard.includes(`call-${time}`));
    }
    admin.destroy();
    await node.close();
  }, 60_000);

  /** Moves a slot to the next server, as redis-cli's reshard does. */
  async function move(slot: number): Promise<void> {
    const ranges = (await cluster.primaries[0]?.command('CLUSTER', 'SLOTS')) as readonly [
      number,
      number,
      readonly [string, number, string],
    ][];
    const ownerPort = ranges.find(([from, to]) => from <= slot && slot <= to)?.[2][1];
    const from = cluster.primaries.findIndex(({ port }) => port === ownerPort);
    const [source, target] = [cluster.primaries[from], cluster.primaries[(from + 1) % cluster.primaries.length]];
    if (!source || !target) throw new Error('nobody has the slot');
    const [sourceId, targetId] = await Promise.all([source, target].map((server) => server.command('CLUSTER', 'MYID')));
    await target.command('CLUSTER', 'SETSLOT', `${slot}`, 'IMPORTING', String(sourceId));
    await source.command('CLUSTER', 'SETSLOT', `${slot}`, 'MIGRATING', String(targetId));
    const keys = (await source.command('CLUSTER', 'GETKEYSINSLOT', `${slot}`, '100')) as readonly string[];
    if (keys.length > 0)
      await source.command('MIGRATE', target.host, `${target.port}`, '', '0', '5000', 'KEYS', ...keys);
    for (const server of [target, source, ...cluster.primaries])
      await server.command('CLUSTER', 'SETSLOT', `${slot}`, 'NODE', String(targetId));
  }
});

describe('a Redis Cluster with replicas', () => {
  longIt(
    'goes on with the replica of a server that died, and all that it had',
    async () => {
      const { url, primaries, stop } = await startRedisCluster({ withReplicas: true });
      const node = startNode(url, { ...PATIENT, waitReplicas: 1 });
      const calls: string[] = [];
      const heard = new Map<string, (string | null)[]>();
      for (let n = 0; n < 10; n++) {
        const events: (string | null)[] = [];
        heard.set(`a${n}`, events);
        await node.wakeBus.subscribe(`a${n}`, (callId) => events.push(callId));
        calls.push((await node.calls.startCall(device(`a${n}`, 'phone'), startInput(`b${n}`))).call.id);
      }
      await primaries[0]?.kill();
      const isThere = async (callId: string, n: number): Promise<boolean> => {
        const call = await node.calls.call(device(`a${n}`, 'phone'), callId).catch(() => null);
        return call !== null;
      };
      for (const [n, callId] of calls.entries()) await eventually(() => isThere(callId, n), 20_000);
      // Also whoever listened to the server that died listens to the one that took its place.
      for (const [accountId, events] of heard)
        await eventually(() => {
          node.wakeBus.wake([accountId], 'again');
          return events.includes('again');
        }, 20_000);
      await eventually(() => !node.degraded(), 20_000);
      await node.close();
      await stop();
    },
    90_000,
  );
});

describe('Redis behind Sentinels', () => {
  it('is found again when another server has become the master, with all that was committed', async () => {
    const { master, url, stop } = await startRedisSentinels('soon');
    const node = startNode(url, { ...PATIENT, waitReplicas: 1 });
    const heard: (string | null)[] = [];
    await node.wakeBus.subscribe('alice', (callId) => heard.push(callId));
    const { call } = await node.calls.startCall(ALICE, startInput('bob'));
    heard.length = 0;
    await master.kill();
    // Nothing was read meanwhile, from whatever there is: either it is there, or the answer says that it cannot be had.
    await eventually(async () => (await node.calls.call(ALICE, call.id).catch(() => null)) !== null, 20_000);
    await eventually(() => heard.includes(null));
    await eventually(() => {
      node.wakeBus.wake(['alice'], 'call');
      return heard.includes('call');
    });
    await node.close();
    await stop();
  }, 60_000);
});

describe('a signal that replicas must have', () => {
  let master: RedisServer;
  let replica: RedisServer;
  beforeAll(async () => {
    master = await startRedis();
    replica = await startReplica(master);
  });
  afterAll(() => Promise.all([master.stop(), replica.stop()]));

  it('is acknowledged when they do, and else not; a retry of it does no harm', async () => {
    const [node, careless] = [startNode(master.url, { waitReplicas: 1 }), startNode(master.url)];
    const { call } = await node.calls.startCall(ALICE, startInput('bob'));
    const candidates = [{ candidate: 'candidate:1', sdpMid: '0', sdpMLineIndex: 0, usernameFragment: null }];
    const signal = { callId: call.id, clientSeq: 1, candidates, endOfCandidates: false };
    replica.suspend();
    await expect(node.calls.sendIceCandidates(ALICE, signal)).rejects.toMatchObject({ code: 'CALL_UNAVAILABLE' });
    expect(node.failures.at(-1)).toEqual({ operation: 'commit', reason: 'too_few_replicas' });
    // Whoever only reads is not held up by it.
    expect(await node.calls.call(ALICE, call.id)).toMatchObject({ nextClientSeq: 2 });
    expect(await careless.calls.sendIceCandidates(ALICE, { ...signal, clientSeq: 2 })).toMatchObject({ clientSeq: 2 });
    replica.resume();
    await eventually(async () => {
      const send = async (): Promise<{ duplicate: boolean }> => node.calls.sendIceCandidates(ALICE, signal);
      return (await send().catch(() => null))?.duplicate === true;
    });
    expect(await node.callStore.log(call.id, 0, 10)).toHaveLength(3);
    await Promise.all([node.close(), careless.close()]);
  });
});
