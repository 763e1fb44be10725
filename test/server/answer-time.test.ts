/** Time in which a signal waits for an earlier one of its client is none that the service took: /metrics of a running server. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { SendDescriptionDocument, SendIceCandidatesDocument } from '../../src/client/generated/documents.js';
import { createLog } from '../../src/server/log.js';
import { startServer, type RunningServer } from '../../src/server/server.js';
import { parseSettings } from '../../src/server/settings.js';
import { candidateLine, sdp, TestDevice, type Refused } from '../support/device.js';

let server: RunningServer;
let alice: TestDevice;
let bob: TestDevice;
beforeAll(async () => {
  server = await startServer(parseSettings({ PORT: '0' }), createLog({ level: 'silent' }));
  const device = (name: string): TestDevice => new TestDevice({ origin: server.origin, token: () => tokenOf(name) });
  [alice, bob] = [device('alice'), device('bob')];
});
afterAll(async () => {
  await Promise.all([alice.close(), bob.close()]);
  await server.close();
});

const tokenOf = (account: string): string => server.tokens.find(({ accountId }) => accountId === account)!.token;

/** Operations and the seconds that they took in all, by transport. */
async function timesOf(transport: 'http' | 'websocket'): Promise<{ readonly seconds: number; readonly count: number }> {
  const text = await (await fetch(`${server.origin}/metrics`)).text();
  const read = (name: string): number =>
    Number(
      text.match(new RegExp(`^graphql_request_seconds_${name}\\{transport="${transport}"\\} (\\S+)$`, 'm'))?.[1] ?? 0,
    );
  return { seconds: read('sum'), count: read('count') };
}

/** @returns the code of the first error */
async function post(body: object): Promise<unknown> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${tokenOf('alice')}` };
  const response = await fetch(`${server.origin}/graphql`, { method: 'POST', headers, body: JSON.stringify(body) });
  const { errors = [] } = (await response.json()) as { errors?: readonly { extensions: { code: string } }[] };
  return errors[0]?.extensions.code;
}

const refusal = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => (error as Refused).code,
  );

/** Signals that come before the one that they follow. */
const DESCRIPTION = { type: 'OFFER', sdp: sdp('ahead'), inReplyTo: null } as const;
const CANDIDATES = {
  candidates: [{ candidate: candidateLine(1), sdpMid: '0', sdpMLineIndex: 0, usernameFragment: 'frag' }],
  endOfCandidates: false,
};

it.each([
  ['http', 'plain POST', (body: object) => post(body)],
  ['http', 'Apollo Server', (body: object) => post({ ...body, extensions: {} })],
  [
    'websocket',
    'WebSocket',
    ({ query, variables }: { query: string; variables: unknown }) =>
      refusal(alice.run({ text: query } as typeof SendDescriptionDocument, variables as never)),
  ],
] as const)('a gap of 2 s is not counted as an answer of 2 s over %s: %s', async (transport, _door, send) => {
  const { call, offerId } = await alice.start('bob');
  await bob.answer(call.id, offerId);
  const before = await timesOf(transport);
  const codes = await Promise.all([
    send({
      query: SendDescriptionDocument.text,
      variables: { input: { callId: call.id, clientSeq: 5, ...DESCRIPTION } },
    }),
    send({
      query: SendIceCandidatesDocument.text,
      variables: { input: { callId: call.id, clientSeq: 6, ...CANDIDATES } },
    }),
  ]);
  expect(codes).toEqual(['CALL_SIGNAL_GAP', 'CALL_SIGNAL_GAP']);
  const after = await timesOf(transport);
  // Each waited for 2 s.
  expect(after.count - before.count).toBeGreaterThanOrEqual(2);
  expect(after.seconds - before.seconds).toBeLessThan(2);
  await alice.hangUp(call.id);
});
