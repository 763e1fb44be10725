import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { RedisOptions } from '../../src/redis/adapters.js';
import { Cipher } from '../../src/redis/cipher.js';
import { before, deadlineIn } from '../../src/redis/deadline.js';
import { KeyProof } from '../../src/redis/key-proof.js';
import type { RunUnproved } from '../../src/redis/key-proof.js';
import { Names } from '../../src/redis/names.js';
import { eventually } from '../support/process.js';
import { freePorts, startRedis } from '../support/redis.js';
import type { RedisServer } from '../support/redis.js';
import { ENCRYPTION_KEYS, NAME_KEY, PATIENT, startNode } from './setup.js';
import type { Node } from './setup.js';

const NEW = { id: 'k2', key: randomBytes(32) };
const [OLD] = ENCRYPTION_KEYS as unknown as [typeof NEW];

describe('nodes on one Redis', () => {
  let server: RedisServer;
  const nodes: Node[] = [];
  beforeEach(async () => {
    server = await startRedis({ appendOnly: true });
  });
  afterEach(async () => {
    await Promise.all(nodes.splice(0).map((node) => node.close()));
    await server.stop();
  });

  function node(changes: Partial<RedisOptions> = {}): Node {
    const started = startNode(server.url, { ...PATIENT, ...changes });
    nodes.push(started);
    return started;
  }
  const problemsOf = (changes: Partial<RedisOptions> = {}): Promise<readonly string[]> => node(changes).inspect();

  it.each([
    ['NAME_KEY', { nameKey: randomBytes(32) }],
    ['ENCRYPTION_KEYS', { encryptionKeys: [NEW] }],
    ['ENCRYPTION_KEYS', { encryptionKeys: [{ ...OLD, key: randomBytes(32) }] }],
  ])('with another %s is told so by name, and neither reads nor writes anything', async (name, changes) => {
    expect(await problemsOf()).toEqual([]);
    const told: (readonly string[])[] = [];
    const foreign = node({ ...changes, onProblems: (problems) => told.push(problems) });
    expect(await foreign.inspect()).toEqual([expect.stringMatching(new RegExp(`^${name} .*voip:keys`))]);
    expect(told).toEqual([foreign.problems()]);
    expect(foreign.degraded()).toBe(true);
    const keys = await server.command('DBSIZE');
    await expect(foreign.presence.nextEpoch()).rejects.toMatchObject({ code: 'CALL_UNAVAILABLE' });
    await expect(foreign.wakeBus.subscribe('alice', () => undefined)).rejects.toMatchObject({
      code: 'CALL_UNAVAILABLE',
    });
    expect(foreign.failures.at(-1)?.reason).toBe('foreign_keys');
    expect(await server.command('DBSIZE')).toBe(keys);
  });

  it('with other keys do nothing either before they were asked about', async () => {
    await node().inspect();
    const foreign = node({ nameKey: randomBytes(32) });
    await expect(foreign.presence.nextEpoch()).rejects.toMatchObject({ code: 'CALL_UNAVAILABLE' });
    expect(foreign.failures).toEqual([{ operation: 'epoch', reason: 'foreign_keys' }]);
  });

  it('take a new key as old,new - new,old - new; who leaves a step out is told', async () => {
    const steps = [[OLD], [OLD, NEW], [NEW, OLD], [NEW]];
    for (const encryptionKeys of steps) expect(await problemsOf({ encryptionKeys })).toEqual([]);
    expect(await problemsOf({ encryptionKeys: [OLD] })).toEqual([expect.stringMatching(/^ENCRYPTION_KEYS /)]);
    await server.command('FLUSHALL');
    for (const encryptionKeys of [[OLD], [OLD, NEW]]) expect(await problemsOf({ encryptionKeys })).toEqual([]);
    expect(await problemsOf({ encryptionKeys: [NEW] })).toEqual([expect.stringMatching(/^ENCRYPTION_KEYS /)]);
  });

  it('name the calls that are due also beside one that was scheduled under a key that is gone', async () => {
    const first = node({ encryptionKeys: [OLD] });
    expect(await first.inspect()).toEqual([]);
    for (const encryptionKeys of [
      [OLD, NEW],
      [NEW, OLD],
    ])
      expect(await problemsOf({ encryptionKeys })).toEqual([]);
    const last = node({ encryptionKeys: [NEW] });
    expect(await last.inspect()).toEqual([]);
    const ids = Array.from({ length: 100 }, (_, i) => `call-${i}`);
    const schedule = (to: Node, id: string, at: number): Promise<void> => to.callStore.schedule(id, at);
    const longAgo = Date.now() - 60_000;
    await Promise.all(ids.map((id, i) => schedule(i % 2 === 0 ? first : last, id, longAgo + i)));
    const named = new Set<string>();
    for (let look = 0; look < 100 && named.size < ids.length / 2; look += 1) {
      for (const id of await last.callStore.due(2)) {
        named.add(id);
        await last.callStore.schedule(id, null);
      }
    }
    expect([...named].sort()).toEqual(ids.filter((_, i) => i % 2 === 1).sort());
    expect(last.failures.map(({ operation, reason }) => `${operation} ${reason}`)).toContain('due undecipherable');
    await last.callStore.due(1_000);
    last.failures.length = 0;
    expect(await last.callStore.due(1_000)).toEqual([]);
    expect(last.failures).toEqual([]);
  });

  it('tell it also when Redis comes up after them', async () => {
    const [port = 0] = await freePorts(1);
    const early = startNode(`redis://127.0.0.1:${port}`, { ...PATIENT, nameKey: randomBytes(32) });
    nodes.push(early);
    expect(await early.inspect()).toEqual([]);
    const late = await startRedis({}, port);
    const other = startNode(late.url, PATIENT);
    nodes.push(other);
    expect(await other.inspect()).toEqual([]);
    await eventually(() => !early.degraded() || early.problems().length > 0, 20_000);
    expect(await early.inspect()).toEqual([expect.stringMatching(/^NAME_KEY /)]);
    await late.stop();
  }, 40_000);

  it('put the proof back after Redis was emptied', async () => {
    const first = node();
    await first.inspect();
    await server.command('FLUSHALL');
    expect(await first.inspect()).toEqual([]);
    expect(await server.command('EXISTS', 'voip:keys')).toBe(1);
    expect(await problemsOf({ nameKey: randomBytes(32) })).toEqual([expect.stringMatching(/^NAME_KEY /)]);
  });

  it('say what they have to say also when they have only just started', async () => {
    const heard: (string | null)[] = [];
    await node().wakeBus.subscribe('bob', (callId) => heard.push(callId));
    const fresh = node();
    for (const callId of ['first', 'second']) fresh.wakeBus.wake(['bob'], callId);
    await eventually(() => heard.length === 2);
    expect(heard).toEqual(['first', 'second']);
  });

  it('with time left ask again after a question whose time was up', async () => {
    const cipher = new Cipher(ENCRYPTION_KEYS);
    const names = new Names(NAME_KEY);
    const proof = new KeyProof(cipher, names);
    const late: RunUnproved = async (_script, _keys, _args, deadline) => before(deadline, new Promise(() => undefined));
    const given: RunUnproved = (_script, _keys, [named, sealed]) =>
      Promise.resolve([Buffer.from(String(named)), sealed]);
    const looked = proof.look(late, deadlineIn(50));
    await Promise.all([
      expect(looked).rejects.toMatchObject({ reason: 'timeout' }),
      expect(proof.prove(given, deadlineIn(20_000))).resolves.toBeUndefined(),
    ]);
    expect(proof.proved).toBe(true);
  });
});
