/** The schema behind the gateways of today: joins, refusals, and the streams of several devices. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AnswerCallDocument, HangUpCallDocument, StartCallDocument } from '../../src/client/generated/documents.js';
import { sdp } from '../support/device.js';
import { refusedStatus } from '../support/ws-client.js';
import { App } from './app.js';
import { START_MS, startGraphWorld, type Answer, type GraphWorld } from './graph-world.js';
import { openServerSentEvents } from './server-sent-events.js';

const PARTIES = 'caller { account { id displayName } device { id platform } } callee { account { id displayName } }';
const START = `mutation ($input: StartCallInput!) { startCall(input: $input) { call { id ${PARTIES} } } }`;
const input = (calleeAccountId: string, offerSdp = sdp('offer')) => ({
  input: { clientCallId: crypto.randomUUID(), calleeAccountId, media: 'AUDIO' as const, offerSdp },
});
const CALL = `query ($id: ID!) { call(id: $id) { ${PARTIES} } }`;
const HANG_UP = 'mutation ($id: ID!) { hangUpCall(input: { callId: $id }) { state } }';
interface Started {
  readonly call: { readonly id: string };
}
type Ask = (name: string | null, query: string, variables?: unknown) => Promise<Answer>;

/** A call that is over when `work` is. */
async function duringCall(ask: Ask, name: string, account: string, work: (started: Started) => Promise<void>) {
  const { data, errors } = await ask(name, START, input(account));
  expect(errors).toBeUndefined();
  const { startCall } = data as { startCall: Started };
  await work(startCall);
  expect((await ask(name, HANG_UP, { id: startCall.call.id })).data).toEqual({ hangUpCall: { state: 'ENDED' } });
}

let world: GraphWorld;

describe('behind a gateway', () => {
  beforeAll(async () => {
    world = await startGraphWorld(2);
  }, START_MS);
  afterAll(() => world.close(), 60_000);

  describe.each(['Hive Gateway', 'Apollo Gateway'] as const)('%s', (gateway) => {
    const ask: Ask = (name, query, variables) => world.ask(world.urls[gateway], name, query, variables);

    it('puts names of accounts to a call, in a mutation and in a query', () =>
      duringCall(ask, 'alice/phone', 'bob', async ({ call: { id, ...told } }) => {
        const parties = {
          caller: {
            account: { id: 'alice', displayName: 'Alice Liddell' },
            device: { id: 'phone', platform: 'Android' },
          },
          callee: { account: { id: 'bob', displayName: 'Bob the Builder' } },
        };
        expect(told).toEqual(parties);
        const { data } = await ask('bob/phone', CALL, { id });
        // The caller's device is its own affair.
        expect(data).toEqual({ call: { ...parties, caller: { ...parties.caller, device: null } } });
      }));

    it('leaves a call whole of whose account nothing is known', async () => {
      const { data, errors } = await ask(`${gateway} user/phone`, START, input('nobody'));
      expect([data, errors]).toMatchObject([
        { startCall: { call: { callee: { account: { id: 'nobody', displayName: null } } } } },
        undefined,
      ]);
    });

    it.each<[string, string | null, string, object, object]>([
      ['a query of nobody', null, '{ openCalls { id } }', {}, { code: 'CALL_UNAUTHORIZED', status: 401 }],
      ['credentials for nobody', null, '{ callRelay { turnUsername } }', {}, { code: 'CALL_RELAY_UNAUTHORIZED' }],
      ['a mutation of nobody', null, START, input('bob'), { code: 'CALL_UNAUTHORIZED', retryable: false }],
      [
        'a call of others',
        'carol/phone',
        'mutation { reportRinging(callId: "none.at-all") { id } }',
        {},
        { code: 'CALL_NOT_FOUND', status: 404 },
      ],
      ['a bad description', 'carol/phone', START, input('bob', 'x'), { code: 'CALL_INPUT_INVALID' }],
    ])('passes on how %s is refused', async (_what, name, query, variables, extensions) => {
      const { errors } = await ask(name, query, variables);
      expect(errors).toMatchObject([{ path: [expect.any(String)], extensions }]);
    });

    it("shows another's call to nobody", () =>
      duringCall(ask, 'frank/phone', 'grace', async ({ call: { id } }) => {
        const { data, errors } = await ask('carol/phone', CALL, { id });
        expect([data, errors]).toEqual([{ call: null }, undefined]);
      }));

    it('passes on how long to wait, and the fields beside', async () => {
      const name = `${gateway.slice(0, 4)}/phone`;
      const query = '{ callRelay { turnTtlSeconds } openCalls { id } }';
      for (let request = 0; request < 2; request += 1) {
        expect((await ask(name, query)).data).toEqual({ callRelay: { turnTtlSeconds: 1_800 }, openCalls: [] });
      }
      const { data, errors, retryAfter } = await ask(name, query);
      expect(data).toEqual({ callRelay: null, openCalls: [] });
      expect(errors).toMatchObject([
        {
          message: 'Too many relay credential requests. Please wait before trying again.',
          path: ['callRelay'],
          extensions: { code: 'CALL_RELAY_RATE_LIMITED', status: 429, retryable: true },
        },
      ]);
      expect(Number(retryAfter)).toBeGreaterThan(500);
      expect(errors?.[0]?.extensions['retryAfterSeconds']).toBe(Number(retryAfter));
    });

    it('gives each of two devices its own answer to the same query at the same moment', () =>
      duringCall(ask, 'heidi/phone', 'grace', async ({ call: { id } }) => {
        const names = Array.from({ length: 20 }, (_, index) => (index % 2 ? 'heidi/phone' : 'erin/phone'));
        const answers = await Promise.all(names.map((name) => ask(name, '{ openCalls { id } }')));
        expect(answers.map(({ data }) => data?.['openCalls'])).toEqual(
          names.map((name) => (name === 'heidi/phone' ? [{ id }] : [])),
        );
      }));
  });

  describe('the subgraphs', () => {
    it.each(['Calls', 'Accounts'] as const)('%s answers the gateways only', async (program) => {
      expect(await world.ask(world.urls[program], 'alice/phone', '{ __typename }')).toMatchObject({ status: 403 });
    });

    it('take sockets of the gateways only', async () => {
      expect(await refusedStatus(world.urls.Calls.replace('http', 'ws'))).toBe(403);
    });
  });

  describe('subscriptions through Hive Gateway', () => {
    const hive = (): string => world.urls['Hive Gateway'];
    const app = (name: string): App => new App(hive().replace('/graphql', ''), () => world.token(name));

    it('stay apart: devices with the same document and variables are told of their own calls only', async () => {
      const apps = ['judy/phone', 'mike/phone', 'mike/tablet', 'nina/phone'].map(app) as [App, App, App, App];
      const [judy, mike, tablet, nina] = apps;
      await Promise.all(apps.map((each) => each.first('StreamReady')));
      const { startCall: first } = await judy.run(StartCallDocument, input('mike'));
      const { startCall: second } = await nina.run(StartCallDocument, input('judy'));

      const invited = await Promise.all([mike, tablet, judy].map((each) => each.first('CallInvited')));
      expect(invited.map(({ call }) => call.id)).toEqual([first.call.id, first.call.id, second.call.id]);
      const answer = { callId: first.call.id, offerId: first.offerId, answerSdp: sdp('answer') };
      await mike.run(AnswerCallDocument, { input: answer });
      await judy.first('DescriptionReceived');
      await mike.run(HangUpCallDocument, { input: { callId: first.call.id } });
      await nina.run(HangUpCallDocument, { input: { callId: second.call.id } });
      const ended = (call: { id: string }) => (event: { call: { id: string }; state: string }) =>
        event.call.id === call.id && event.state === 'ENDED';
      await Promise.all([
        ...[judy, mike, tablet].map((each) => each.first('CallStateChanged', ended(first.call))),
        ...[judy, nina].map((each) => each.first('CallStateChanged', ended(second.call))),
      ]);

      const told = apps.map(({ events }) => [
        ...new Set(
          events.flatMap((event) => ('call' in event ? [event.call.id] : 'callId' in event ? [event.callId] : [])),
        ),
      ]);
      expect(told.map((ids) => ids.sort())).toEqual([
        [first.call.id, second.call.id].sort(),
        [first.call.id],
        [first.call.id],
        [second.call.id],
      ]);
      await Promise.all(apps.map((each) => each.close()));
    });

    it('come as server-sent events too, with the names of the other subgraph', async () => {
      const events = await openServerSentEvents(hive(), {
        authorization: `Bearer ${await world.token('alice/phone')}`,
        query: `subscription { callEvents { __typename cursor ... on CallInvited { call { id ${PARTIES} } } } }`,
      });
      expect(await events.next()).toMatchObject({ data: { callEvents: { __typename: 'StreamReady' } } });
      const ask: Ask = (name, query, variables) => world.ask(hive(), name, query, variables);
      await duringCall(ask, 'bob/phone', 'alice', async ({ call: { id } }) => {
        expect(await events.next()).toMatchObject({
          data: {
            callEvents: {
              __typename: 'CallInvited',
              call: { id, caller: { account: { displayName: 'Bob the Builder' } } },
            },
          },
        });
      });
      await events.close();
    });

    it('are refused to nobody, with the code', async () => {
      const events = await openServerSentEvents(hive(), { query: 'subscription { callEvents { cursor } }' });
      expect(await events.next()).toMatchObject({
        errors: [{ extensions: { code: 'CALL_UNAUTHORIZED', status: 401 } }],
      });
      await events.close();
    });
  });
});
