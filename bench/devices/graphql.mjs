// A device that speaks graphql-transport-ws with this project's contract and documents.
import { parse, print, separateOperations } from 'graphql';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { candidateOf, open } from './socket.mjs';

const source = readFileSync(new URL('../../schema/operations/calls.graphql', import.meta.url), 'utf8');
/** What a client sends, in full each time: the operation and the fragments that it uses, as a JSON string. */
const documents = Object.fromEntries(
  Object.entries(separateOperations(parse(source))).map(([name, document]) => [name, JSON.stringify(print(document))]),
);

/** The mutation of each step, and its variables. */
const MUTATIONS = {
  offer: (_call, calleeAccountId, offerSdp) => [
    'StartCall',
    { input: { clientCallId: randomUUID(), calleeAccountId, media: 'VIDEO', offerSdp } },
  ],
  ring: ({ callId }) => ['ReportRinging', { callId }],
  answer: ({ callId, offerId }, _to, answerSdp) => ['AnswerCall', { input: { callId, offerId, answerSdp } }],
  candidate: (call, _to, text) => [
    'SendIceCandidates',
    { input: { callId: call.callId, clientSeq: (call.sent += 1), candidates: [text].flat().map(candidateOf) } },
  ],
  connected: ({ callId }) => ['ReportConnection', { input: { callId, connection: 'CONNECTED' } }],
  hangUp: ({ callId }) => ['HangUpCall', { input: { callId } }],
};

/** The step that a change of state stands for; none where the device is told of what it did itself. */
function stepOf({ state, call: { viewerRole, endedBy } }) {
  if (state === 'RINGING') return viewerRole === 'CALLER' ? 'ring' : null;
  if (state === 'ENDED') return viewerRole === endedBy ? null : 'hangUp';
  return state === 'ACTIVE' ? 'connected' : null;
}

/** @param onRefused told of what was refused for the time being, which is then sent again; none: that ends the run */
export async function graphql({ port, name, hear, token, onRefused }) {
  const underway = new Map();
  let call = null;
  let lastId = 0;
  let ready;
  const isReady = new Promise((resolve) => (ready = resolve));

  const handlers = {
    StreamReady: () => ready(),
    CallInvited: ({ call: { id }, offer }) => {
      call = { callId: id, offerId: offer.id, sent: 0 };
      hear('offer', offer.sdp);
    },
    CallStateChanged: (event) => {
      const step = stepOf(event);
      if (step) hear(step, '');
    },
    DescriptionReceived: ({ description }) => hear('answer', description.sdp),
    IceCandidatesReceived: ({ candidates }) => candidates.forEach(({ candidate }) => hear('candidate', candidate)),
  };
  // A signal that came ahead of others is sent again by every client; all else where the bench counts refusals.
  const mayResend = (error) =>
    error?.extensions.code === 'CALL_SIGNAL_GAP' || (onRefused && error?.extensions.retryable);
  const onText = (message, send) => {
    const { type, id, payload } = JSON.parse(message);
    if (type === 'connection_ack') send(subscription);
    else if (type === 'ping') send('{"type":"pong"}');
    else if (mayResend(payload?.errors?.[0])) {
      onRefused?.();
      underway.get(id).isRefused = true;
    } else if (type === 'error' || payload?.errors) throw new Error(`refused: ${JSON.stringify(payload)}`);
    else if (type === 'next' && id === 'stream') handlers[payload.data.callEvents.__typename](payload.data.callEvents);
    else if (type === 'next') underway.get(id).data = payload.data;
    else if (type === 'complete') {
      const { resolve, data, again, isRefused } = underway.get(id);
      underway.delete(id);
      if (isRefused) setTimeout(() => again().then(resolve), 100);
      else resolve(data);
    }
  };
  const subscription = `{"id":"stream","type":"subscribe","payload":{"query":${documents.CallEvents}}}`;
  const run = (document, variables) =>
    new Promise((resolve) => {
      const id = String((lastId += 1));
      underway.set(id, { resolve, data: null, again: () => run(document, variables) });
      const payload = `{"query":${documents[document]},"variables":${JSON.stringify(variables)}}`;
      send(`{"id":"${id}","type":"subscribe","payload":${payload}}`);
    });

  const { send, close } = await open(`ws://127.0.0.1:${port}/graphql`, onText, {
    protocol: 'graphql-transport-ws',
    token,
  });
  send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${token}`, name } }));
  await isReady;
  const say = async (step, to, text) => {
    const { startCall } = await run(...MUTATIONS[step](call, to, text));
    if (startCall) call = { callId: startCall.call.id, offerId: startCall.offerId, sent: 0 };
  };
  return { say, close };
}
