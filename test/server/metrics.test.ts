/** /metrics of a running server: what is counted there comes from what really happens. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { randomBytes, randomUUID } from 'node:crypto';
import { createLog } from '../../src/server/log.js';
import { startServer, type RunningServer } from '../../src/server/server.js';
import { parseSettings } from '../../src/server/settings.js';
import { encryptionKey } from '../support/nodes.js';
import { eventually } from '../support/process.js';
import { freePorts } from '../support/redis.js';
import { openWire } from '../support/ws-client.js';

const start = (env: Record<string, string> = {}): Promise<RunningServer> =>
  startServer(parseSettings({ PORT: '0', ...env }), createLog({ level: 'silent' }));

let server: RunningServer;
let withoutRedis: RunningServer;
beforeAll(async () => {
  const [nobodyHere] = await freePorts(1);
  const redis = { REDIS_URL: `redis://127.0.0.1:${nobodyHere}`, NAME_KEY: randomBytes(32).toString('base64') };
  [server, withoutRedis] = await Promise.all([start(), start({ ...redis, ENCRYPTION_KEYS: encryptionKey('k1') })]);
});
afterAll(() => Promise.all([server.close(), withoutRedis.close()]));

/** The value of one series; NaN when it is not there. */
async function valueOf({ origin }: RunningServer, series: string): Promise<number> {
  const lines = (await (await fetch(`${origin}/metrics`)).text()).split('\n');
  return Number(lines.find((line) => line.startsWith(`${series} `))?.slice(series.length + 1) ?? NaN);
}

it('counts a call, its stream and its socket', async () => {
  const [alice] = server.tokens;
  const wire = await openWire(`${server.origin.replace('http', 'ws')}/graphql`);
  await wire.init(`Bearer ${alice?.token}`);
  wire.subscribe('events', 'subscription { callEvents { __typename } }');
  await wire.next();
  expect([await valueOf(server, 'websocket_connections'), await valueOf(server, 'call_streams')]).toEqual([1, 1]);

  const input = { clientCallId: randomUUID(), calleeAccountId: 'bob', media: 'AUDIO', offerSdp: 'v=0\r\n' };
  const document = 'mutation ($input: StartCallInput!) { startCall(input: $input) { call { id } } }';
  wire.subscribe('start', document, { input });
  let callId = '';
  while (!callId) {
    const { id, payload } = await wire.next();
    if (id === 'start') callId = (payload as { data: { startCall: { call: { id: string } } } }).data.startCall.call.id;
  }
  wire.subscribe('end', 'mutation ($id: ID!) { hangUpCall(input: { callId: $id }) { state } }', { id: callId });
  await eventually(async () => (await valueOf(server, 'calls_ended_total{end_reason="CANCELLED"}')) === 1);
  expect(await valueOf(server, 'calls_started_total{media="AUDIO"}')).toBe(1);

  wire.socket.terminate();
  await eventually(async () => (await valueOf(server, 'websocket_connections')) === 0);
  await eventually(async () => (await valueOf(server, 'call_streams')) === 0);
});

it('says that Redis is gone without, and counts what it failed to answer', async () => {
  expect(await valueOf(withoutRedis, 'dependency_degraded{dependency="redis"}')).toBe(1);
  const failures = 'dependency_failures_total{dependency="redis",reason="unreachable"}';
  await eventually(async () => (await valueOf(withoutRedis, failures)) > 0);
  expect(await valueOf(withoutRedis, 'dependency_degraded{dependency="login"}')).toBe(0);
});
