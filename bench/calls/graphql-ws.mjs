// Stock graphql-ws with graphql-js: this project's own contract, with the same events to the same devices, and nothing
// behind it. No identity, no check of any move, no limits, no log: what a call costs in GraphQL alone.
import { makeExecutableSchema } from '@graphql-tools/schema';
import { useServer } from 'graphql-ws/use/ws';
import { randomUUID } from 'node:crypto';
import { EventEmitter, on } from 'node:events';
import { readFileSync } from 'node:fs';
import { WebSocketServer } from 'ws';

const FEDERATION = `
  directive @key(fields: String!, resolvable: Boolean) on OBJECT
  directive @shareable on FIELD_DEFINITION
`;
const contract = readFileSync(new URL('../../schema/contract.graphql', import.meta.url), 'utf8');
const devices = new EventEmitter().setMaxListeners(0);
const calls = new Map();

const now = () => new Date().toISOString();
const nameOf = ({ account }) => account.id;
const viewOf = (call, viewer) => ({ ...call, viewerRole: nameOf(call.caller) === viewer ? 'CALLER' : 'CALLEE' });
const otherOf = (call, viewer) => nameOf(nameOf(call.caller) === viewer ? call.callee : call.caller);
const descriptionOf = (type, sdp) => ({ id: randomUUID(), type, sdp });

function tell(name, __typename, event) {
  devices.emit(name, { __typename, cursor: '0', at: now(), ...event });
}

/** Changes a call, of which both its devices are told. */
function move(id, viewer, change) {
  const call = Object.assign(calls.get(id), change);
  const { state, endReason } = call;
  for (const name of [nameOf(call.caller), nameOf(call.callee)]) {
    tell(name, 'CallStateChanged', { call: viewOf(call, name), state, endReason });
  }
  return viewOf(call, viewer);
}

const Mutation = {
  startCall: (_root, { input: { calleeAccountId, media, offerSdp } }, { name }) => {
    const [caller, callee] = [{ account: { id: name } }, { account: { id: calleeAccountId } }];
    const createdAt = now();
    const call = { id: randomUUID(), state: 'INITIATED', media, caller, callee, createdAt, nextClientSeq: 1 };
    const offer = descriptionOf('OFFER', offerSdp);
    calls.set(call.id, call);
    tell(calleeAccountId, 'CallInvited', { call: { ...viewOf(call, calleeAccountId), pendingOffer: offer }, offer });
    return { outcome: 'CREATED', call: viewOf(call, name), offerId: offer.id };
  },
  reportRinging: (_root, { callId }, { name }) => move(callId, name, { state: 'RINGING', ringingAt: now() }),
  answerCall: (_root, { input: { callId, offerId, answerSdp } }, { name }) => {
    const view = move(callId, name, { state: 'CONNECTING', answeredAt: now() });
    const description = { ...descriptionOf('ANSWER', answerSdp), inReplyTo: offerId };
    const event = { callId, from: 'CALLEE', description, polite: false, collision: false };
    tell(nameOf(view.caller), 'DescriptionReceived', event);
    return view;
  },
  sendIceCandidates: (_root, { input: { callId, clientSeq, candidates, endOfCandidates } }, { name }) => {
    const { viewerRole: from, ...call } = viewOf(calls.get(callId), name);
    tell(otherOf(call, name), 'IceCandidatesReceived', { callId, from, candidates, endOfCandidates });
    return { clientSeq, duplicate: false };
  },
  reportConnection: (_root, { input: { callId } }, { name }) => {
    const call = calls.get(callId);
    return call.state === 'ACTIVE' ? viewOf(call, name) : move(callId, name, { state: 'ACTIVE', connectedAt: now() });
  },
  hangUpCall: (_root, { input: { callId } }, { name }) => {
    const { viewerRole: endedBy } = viewOf(calls.get(callId), name);
    const view = move(callId, name, { state: 'ENDED', endedAt: now(), endReason: 'COMPLETED', endedBy });
    calls.delete(callId);
    return view;
  },
};

const Subscription = {
  callEvents: {
    subscribe: (_root, _args, { name }) => {
      const events = on(devices, name);
      tell(name, 'StreamReady', { resumed: false, openCalls: [] });
      return events;
    },
    resolve: ([event]) => event,
  },
};

const schema = makeExecutableSchema({ typeDefs: [FEDERATION, contract], resolvers: { Mutation, Subscription } });
const server = new WebSocketServer({ host: '127.0.0.1', port: 0, path: '/graphql', perMessageDeflate: false });
useServer({ schema, context: ({ connectionParams }) => ({ name: connectionParams.name }) }, server);
server.on('listening', () => process.stdout.write(`listening ${server.address().port}\n`));
