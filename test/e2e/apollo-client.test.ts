/** A whole call by Apollo Client 4: mutations over HTTP, the event stream over graphql-ws, a broken network in between. */
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, type OperationVariables } from '@apollo/client';
import { CombinedGraphQLErrors } from '@apollo/client/errors';
import { SetContextLink } from '@apollo/client/link/context';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { OperationTypeNode, parse } from 'graphql';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import {
  AnswerCallDocument,
  CallEventsDocument,
  HangUpCallDocument,
  ReportConnectionDocument,
  ReportRingingDocument,
  SendIceCandidatesDocument,
  StartCallDocument,
  type Document,
} from '../../src/client/generated/documents.js';
import type { CallEventsSubscription, CallEventsSubscriptionVariables } from '../../src/client/generated/types.js';
import { startCallWorld, type CallWorld } from '../support/call-world.js';
import { candidateLine, sdp, type DeviceEvent, type EventOf } from '../support/device.js';
import { eventually } from '../support/process.js';

// Node 20 has none, and GraphQLWsLink looks at the global one.
(globalThis as { WebSocket?: unknown }).WebSocket ??= WebSocket;

let world: CallWorld;
beforeAll(async () => {
  world = await startCallWorld();
});
afterAll(() => world.close());

/** An app on Apollo Client. */
function createApp(name: string) {
  let cursor: string | null = null;
  const events: DeviceEvent[] = [];
  const authorization = async (): Promise<string> => `Bearer ${await world.token(name)}`;
  const socket = createClient({
    url: `${world.origin.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: async () => ({ authorization: await authorization() }),
    shouldRetry: () => true,
    retryAttempts: Infinity,
    retryWait: () => new Promise((resolve) => setTimeout(resolve, 50)),
  });
  // Apollo Client copies variables: only here can they be read anew for each connection.
  const fromCursor = new ApolloLink((operation, forward) => {
    operation.variables = Object.defineProperty({}, 'after', { enumerable: true, get: () => cursor });
    return forward(operation);
  });
  const http = new SetContextLink(async () => ({ headers: { authorization: await authorization() } })).concat(
    new HttpLink({ uri: `${world.origin}/graphql` }),
  );
  const client = new ApolloClient({
    cache: new InMemoryCache(),
    link: ApolloLink.split(
      ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
      fromCursor.concat(new GraphQLWsLink(socket)),
      http,
    ),
  });

  const stream = client
    .subscribe<CallEventsSubscription, CallEventsSubscriptionVariables>({
      query: parse(CallEventsDocument.text),
      fetchPolicy: 'no-cache',
    })
    .subscribe(({ data }) => {
      if (!data) return;
      events.push(data.callEvents);
      cursor = data.callEvents.cursor;
    });

  return {
    events,
    /** The events of a kind so far. */
    all: <Name extends DeviceEvent['__typename']>(kind: Name): EventOf<Name>[] =>
      events.filter((event): event is EventOf<Name> => event.__typename === kind),
    /** Waits for the first event of a kind that holds. */
    async first<Name extends DeviceEvent['__typename']>(
      kind: Name,
      holds: (event: EventOf<Name>) => boolean = () => true,
    ): Promise<EventOf<Name>> {
      await eventually(() => this.all(kind).some(holds));
      return this.all(kind).find(holds)!;
    },
    async mutate<Result, Variables extends OperationVariables>(
      document: Document<Result, Variables>,
      variables: Variables,
    ): Promise<Result> {
      const { data } = await client.mutate({
        mutation: parse(document.text),
        variables,
        fetchPolicy: 'no-cache',
      });
      return data as Result;
    },
    /** The network breaks. */
    drop: () => socket.terminate(),
    close: async () => {
      stream.unsubscribe();
      client.stop();
      await socket.dispose();
    },
  };
}

const candidates = (callId: string, clientSeq: number, lines: readonly string[]) => ({
  input: {
    callId,
    clientSeq,
    candidates: lines.map((candidate) => ({ candidate, sdpMid: '0' })),
    endOfCandidates: false,
  },
});

describe('two apps on Apollo Client', () => {
  it('call each other, and miss and repeat nothing when the network breaks again and again', async () => {
    const [caller, callee] = [createApp('a/phone'), createApp('b/phone')];
    await Promise.all([caller.first('StreamReady'), callee.first('StreamReady')]);

    const input = { clientCallId: crypto.randomUUID(), calleeAccountId: 'b', media: 'AUDIO' as const };
    const { startCall } = await caller.mutate(StartCallDocument, { input: { ...input, offerSdp: sdp('offer') } });
    const callId = startCall.call.id;
    const invited = await callee.first('CallInvited');
    expect(invited).toMatchObject({ call: { id: callId }, offer: { id: startCall.offerId, sdp: sdp('offer') } });
    callee.drop();
    await callee.mutate(ReportRingingDocument, { callId });
    caller.drop();
    const answer = { callId, offerId: invited.offer.id, answerSdp: sdp('answer') };
    expect(await callee.mutate(AnswerCallDocument, { input: answer })).toMatchObject({
      answerCall: { state: 'CONNECTING', viewerRole: 'CALLEE' },
    });
    expect(await caller.first('DescriptionReceived')).toMatchObject({ description: { sdp: sdp('answer') } });

    const lines = Array.from({ length: 60 }, (_, n) => candidateLine(n));
    for (let n = 0; n < lines.length; n += 3) {
      const seq = n / 3 + 1;
      if (seq % 5 === 0) [caller, callee][seq % 2]!.drop();
      const batch = candidates(callId, seq, lines.slice(n, n + 3));
      await Promise.all([
        caller.mutate(SendIceCandidatesDocument, batch),
        callee.mutate(SendIceCandidatesDocument, batch),
      ]);
    }
    await caller.mutate(ReportConnectionDocument, { input: { callId, connection: 'CONNECTED' } });
    expect(await callee.mutate(HangUpCallDocument, { input: { callId } })).toMatchObject({
      hangUpCall: { state: 'ENDED', endReason: 'COMPLETED', endedBy: 'CALLEE' },
    });

    for (const app of [caller, callee]) {
      await app.first('CallStateChanged', ({ state }) => state === 'ENDED');
      const received = app
        .all('IceCandidatesReceived')
        .flatMap((event) => event.candidates.map((each) => each.candidate));
      expect(received).toEqual(lines);
      expect(app.all('CallStateChanged').map(({ state }) => state)).toEqual([
        'RINGING',
        'CONNECTING',
        'ACTIVE',
        'ENDED',
      ]);
      const [first, ...returns] = app.all('StreamReady').map(({ resumed }) => resumed);
      expect([first, returns.length >= 2, returns.includes(false)]).toEqual([false, true, false]);
    }
    expect([callee.all('CallInvited').length, caller.all('DescriptionReceived').length]).toEqual([1, 1]);

    const refused = await caller
      .mutate(SendIceCandidatesDocument, candidates('none', 1, [candidateLine(1)]))
      .catch((error: unknown) => error);
    expect(CombinedGraphQLErrors.is(refused) && refused.errors[0]?.extensions).toEqual({
      code: 'CALL_NOT_FOUND',
      status: 404,
      retryable: false,
    });
    await Promise.all([caller.close(), callee.close()]);
  });
});
