import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { OpenCallsDocument } from '../../src/client/generated/documents.js';
import { startNodes, type Nodes } from '../support/nodes.js';
import { eventually } from '../support/process.js';
import { startRedis, type RedisServer } from '../support/redis.js';
import { readies, Talk } from './talk.js';

describe('devices on two nodes', () => {
  let redis: RedisServer;
  let nodes: Nodes;
  beforeAll(async () => {
    redis = await startRedis();
    nodes = await startNodes({ redisUrl: redis.url });
  }, 60_000);
  afterAll(async () => {
    await nodes?.close();
    await redis?.stop();
  });

  it('have one stream: a newer one on another node takes over, with the call and its cursor', async () => {
    const [caller, callee] = [nodes.device('a/phone', [0]), nodes.device('b/phone', [1])];
    const talk = await Talk.begin(caller, callee, 'b');
    talk.send();
    await talk.told();
    const again = nodes.device('a/phone', [1]);
    expect(await again.listen(caller.cursor)).toMatchObject({ resumed: true, openCalls: [{ id: talk.callId }] });
    expect(await caller.next('StreamClosed')).toMatchObject({ reason: 'TAKEN_OVER' });
    await callee.hangUp(talk.callId);
    await again.state('ENDED');

    // Its socket lives, and what it has missed since is not told to it.
    expect(await caller.openCalls()).toEqual([]);
    expect(caller.closes).toEqual([]);
    expect(caller.events.at(-1)).toMatchObject({ __typename: 'StreamClosed' });
    expect(again.received(talk.callId)).toEqual([]);
  });

  it('end, with their call and on every node, when one node is told that they were revoked', async () => {
    const old = await nodes.token('d/phone', { iat: Math.floor(Date.now() / 1_000) - 60 });
    const [caller, callee] = [nodes.device('c/phone', [0]), nodes.device('d/phone', [1], { token: () => old })];
    const { callId } = await Talk.begin(caller, callee, 'd');
    const streams = readies(callee.events).length;
    expect(await nodes.revoke(0, 'd', 'phone')).toBe(204);

    expect(await callee.next('StreamClosed', undefined, 5_000)).toMatchObject({ reason: 'DEVICE_REVOKED' });
    expect(await caller.state('ENDED')).toMatchObject({ endReason: 'DEVICE_REVOKED', call: { id: callId } });
    const codeOn = async (node: number): Promise<unknown> => {
      const response = await fetch(`${nodes.origins[node]}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${old}`, connection: 'close' },
        body: JSON.stringify({ query: OpenCallsDocument.text }),
      });
      const { errors } = (await response.json()) as { errors?: { extensions: { code: string } }[] };
      return errors?.[0]?.extensions.code;
    };
    expect(await codeOn(0)).toBe('CALL_UNAUTHORIZED');
    await eventually(async () => (await codeOn(1)) === 'CALL_UNAUTHORIZED', 5_000);
    expect(new Set(callee.closes)).toEqual(new Set([4403]));
    // It tries again with that token, and is not let in.
    expect(readies(callee.events)).toHaveLength(streams);
    await callee.close();
    await nodes.stop(1);
    await nodes.start(1);
    expect(await codeOn(1)).toBe('CALL_UNAUTHORIZED');
  });
});
