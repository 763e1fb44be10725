import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as wait } from 'node:timers/promises';
import { CallRelayDocument, HangUpCallDocument } from '../../src/client/generated/documents.js';
import { FULL } from '../support/full.js';
import { startNodes, type Nodes } from '../support/nodes.js';
import { startRedis, type RedisServer } from '../support/redis.js';
import { LOSSES, OUTAGE_MS, OUTAGES } from './redis-faults.js';
import { readies, Talk } from './talk.js';

/** What the protocol promises, in milliseconds, and some more for a busy machine. */
const ANSWERED_MS = 2_000 + 500;

describe('nodes on one Redis', () => {
  let redis: RedisServer;
  let nodes: Nodes;
  beforeAll(async () => {
    redis = await startRedis({ appendOnly: true, args: ['--enable-debug-command', 'yes'] });
    nodes = await startNodes({ redisUrl: redis.url });
  }, 60_000);
  afterAll(async () => {
    await nodes?.close();
    await redis?.stop();
  });

  let talks = 0;
  /** A call from node 0 to node 1, between accounts that have no other. */
  async function begin() {
    const n = talks++;
    const caller = nodes.device(`caller-${n}/phone`, [0, 1]);
    const callee = nodes.device(`callee-${n}/phone`, [1, 0]);
    return { caller, callee, name: `caller-${n}/phone`, talk: await Talk.begin(caller, callee, `callee-${n}`) };
  }

  describe.each(FULL ? OUTAGES : OUTAGES.filter((_outage, n) => n % 2 === 0))(
    'while Redis $name',
    ({ begin: strike, end, cuts }) => {
      it('calls answer that they are unavailable, relay credentials are given, and afterwards every call goes on', async () => {
        const [busy, quiet] = await Promise.all([begin(), begin()]);
        busy.talk.flow();
        await strike(redis);

        const askedAt = performance.now();
        const input = { callId: quiet.talk.callId };
        const [hungUp, relay] = await Promise.all([
          nodes.ask(0, quiet.name, HangUpCallDocument, { input }).then((answer) => ({
            ...answer,
            ms: performance.now() - askedAt,
          })),
          nodes.ask(1, quiet.name, CallRelayDocument),
        ]);
        expect(hungUp.code).toBe('CALL_UNAVAILABLE');
        expect(hungUp.ms).toBeLessThan(ANSWERED_MS);
        expect(relay.data?.callRelay).toMatchObject({ turnTtlSeconds: 43_200 });
        const closed = [busy.caller, busy.callee, quiet.caller, quiet.callee].map(async (device) => {
          while (!device.closes.includes(1013)) await wait(20);
        });
        await (cuts ? Promise.all(closed) : wait(OUTAGE_MS));
        await end(redis);

        await busy.talk.end();
        // What was answered with CALL_UNAVAILABLE is not done later: the call that was to end goes on.
        expect(await quiet.caller.call(quiet.talk.callId)).toMatchObject({ state: 'ACTIVE' });
        await quiet.talk.end();
      }, 60_000);
    },
  );

  describe('when Redis forgets its scripts', () => {
    it('nobody notices', async () => {
      const { talk, caller, callee } = await begin();
      talk.flow();
      await redis.command('SCRIPT', 'FLUSH');
      await talk.end();
      expect([...caller.closes, ...callee.closes]).toEqual([]);
    });
  });

  describe('while Redis is down', () => {
    it('each node gives its share of the relay credentials that an account may have', async () => {
      await redis.kill();
      const asked = Array.from({ length: 16 }, (_, n) => nodes.ask(n % 2, 'sharing/phone', CallRelayDocument));
      const codes = (await Promise.all(asked)).map(({ code }) => code ?? 'issued').sort();
      await redis.restart();
      expect(codes).toEqual([...Array<string>(6).fill('CALL_RELAY_RATE_LIMITED'), ...Array<string>(10).fill('issued')]);
    }, 60_000);
  });

  describe.each(LOSSES)('when Redis $name', ({ begin: strike, end }) => {
    it('devices are told that their calls are over, and can call again', async () => {
      const { caller, callee, talk } = await begin();
      await strike(redis);
      await end(redis);
      for (const device of [caller, callee]) {
        const ready = await device.next('StreamReady', ({ resumed }) => !resumed);
        expect(ready.openCalls).toEqual([]);
      }
      expect(await caller.call(talk.callId)).toBeNull();
      const account = `callee-${talks - 1}`;
      const again = await caller.start(account);
      await callee.next('CallInvited', (event) => event.call.id === again.call.id);
      expect(await callee.answer(again.call.id, again.offerId)).toMatchObject({ state: 'CONNECTING' });
      expect(readies(caller.events).length).toBeGreaterThan(1);
    }, 60_000);
  });
});
