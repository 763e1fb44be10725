import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { aclRules } from '../../src/redis/rights.js';
import { CANARIES } from '../support/canaries.js';
import { eventually } from '../support/process.js';
import { startRedis, startRedisCluster } from '../support/redis.js';
import type { RedisServer } from '../support/redis.js';
import { ANSWER, device, startInput } from '../call/world.js';
import { PATIENT, startNode } from './setup.js';
import type { Node } from './setup.js';

const PASSWORD = CANARIES.relaySecret;
const RULES = aclRules().split(' ');
const COMMANDS = RULES.filter((rule) => rule.startsWith('+'));
const IN_CLUSTERS_ONLY = ['+spublish', '+ssubscribe', '+sunsubscribe', '+cluster|slots', '+asking'];

/** Everything that calls need: kept, read, told, counted, cached and looked at. */
async function useAll(node: Node): Promise<void> {
  const [alice, bob] = [device('alice', 'phone'), device('bob', 'phone')];
  const heard: (string | null)[] = [];
  const leave = await node.wakeBus.subscribe('bob', (callId) => heard.push(callId));
  await node.presence.enter(bob, 's1', await node.presence.nextEpoch());
  const { call, offerId } = await node.calls.startCall(alice, startInput('bob'));
  await node.calls.answerCall(bob, { callId: call.id, offerId, answerSdp: ANSWER });
  await eventually(() => heard.includes(call.id));
  await node.calls.hangUpCall(alice, call.id, 'HUNG_UP');
  await node.calls.recentCalls(bob, 10);
  await node.calls.sweep();
  await node.callStore.beat();
  await node.callStore.log(call.id, 0, 10);
  await node.revocations.add({ accountId: 'alice', deviceId: 'old', at: 1 });
  await node.revocations.news();
  const permit = await node.rateLimiter.take('k', { max: 1, windowSeconds: 60 });
  if (permit.granted) await permit.giveBack();
  await node.keyv.set('k', 'v');
  await node.keyv.get('k');
  await node.keyv.delete('k');
  await node.presence.revoke(bob);
  await node.presence.leave(bob, 's1');
  await leave();
}

describe('a Redis user with only the rights of the README', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());

  async function problemsWith(rules: readonly string[], url = server): Promise<readonly string[]> {
    await url.command('ACL', 'SETUSER', 'voip', 'reset', 'on', `>${PASSWORD}`, ...rules);
    const node = startNode(`redis://voip:${PASSWORD}@127.0.0.1:${url.port}`, PATIENT);
    const problems = await node.inspect();
    await node.close();
    return problems;
  }

  it('are those that the README says', () => {
    expect(readFileSync('README.md', 'utf8')).toContain(`user voip on >PASSWORD ${aclRules()}`);
  });

  it('does everything that calls need', async () => {
    expect(await problemsWith(RULES)).toEqual([]);
    const node = startNode(`redis://voip:${PASSWORD}@127.0.0.1:${server.port}`, PATIENT);
    await useAll(node);
    expect(node.failures).toEqual([]);
    await node.close();
  });

  it('does so in a cluster too', async () => {
    const cluster = await startRedisCluster();
    const rules = ['reset', 'on', `>${PASSWORD}`, ...RULES];
    for (const each of cluster.primaries) await each.command('ACL', 'SETUSER', 'voip', ...rules);
    const node = startNode(cluster.url.replace('://', `://voip:${PASSWORD}@`), PATIENT);
    await eventually(async () => (await node.inspect()).length === 0 && !node.degraded());
    await useAll(node);
    expect(node.failures).toEqual([]);
    await node.close();
    const [first] = cluster.primaries;
    await first?.command('ACL', 'SETUSER', 'voip', '-ssubscribe');
    const lacking = startNode(cluster.url.replace('://', `://voip:${PASSWORD}@`), PATIENT);
    await eventually(async () => (await lacking.inspect()).length > 0);
    expect(lacking.problems()).toEqual([expect.stringMatching(/may not: SSUBSCRIBE /)]);
    await lacking.close();
    await cluster.stop();
  }, 60_000);

  it.each(COMMANDS.filter((command) => !IN_CLUSTERS_ONLY.includes(command)))(
    'is told by name that it lacks %s',
    async (command) => {
      const name = command.slice(1).toUpperCase();
      expect(await problemsWith([...RULES, `-${command.slice(1)}`])).toEqual([
        expect.stringMatching(new RegExp(`^The user of REDIS_URL may not: ${name}\\b`)),
      ]);
    },
  );

  it('is told that it lacks the channels, without which no stream opens', async () => {
    const [problem] = await problemsWith(RULES.filter((rule) => !rule.startsWith('&')));
    expect(problem).toMatch(/may not: .*PUBLISH voip:.*SUBSCRIBE voip:/);
  });

  it('is told that it lacks the keys', async () => {
    const [problem] = await problemsWith(RULES.filter((rule) => !rule.startsWith('~')));
    expect(problem).toMatch(/may not: .*HSET voip:/);
  });

  it('is told of a wrong password, and of an eviction policy under which calls are lost', async () => {
    const node = startNode(`redis://voip:${CANARIES.apiToken}@127.0.0.1:${server.port}`, PATIENT);
    expect(await node.inspect()).toEqual(['Redis refuses the user or the password of REDIS_URL']);
    await node.close();
    await server.command('CONFIG', 'SET', 'maxmemory-policy', 'volatile-lru');
    expect(await problemsWith(RULES)).toEqual([expect.stringMatching(/^maxmemory-policy of Redis is volatile-lru/)]);
    await server.command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
    expect(await problemsWith(RULES)).toEqual([]);
  });
});
