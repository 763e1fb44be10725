// Devices of the peers, each as little code over a raw ws socket as its protocol allows. All are used alike:
//   connect({ port, name, hear, token }) -> { say(step, to, text), close() }
// A step is offer, ring, answer, candidate, connected or hangUp. say() resolves when the peer has acknowledged the step,
// at once where a peer acknowledges nothing; what the other device says arrives as hear(step, text). Where a peer has no
// notion of a step, the step is one relayed message. Several candidates, as an array, are one message.
import { graphql } from './graphql.mjs';
import { candidateOf, open } from './socket.mjs';

/** What a browser would give to be sent; the text is what has to arrive. */
function bodyOf(step, text) {
  if (step === 'candidate') return Array.isArray(text) ? text.map(candidateOf) : candidateOf(text);
  return step === 'offer' || step === 'answer' ? { type: step, sdp: text } : {};
}

function heard(hear, step, body) {
  for (const { candidate, sdp } of [body].flat()) hear(step, candidate ?? sdp ?? '');
}

async function bare({ port, name, hear }) {
  const onText = (message) => {
    const { step, body } = JSON.parse(message);
    heard(hear, step, body);
  };
  const { send, close } = await open(`ws://127.0.0.1:${port}/?name=${name}`, onText);
  return { say: (step, to, text) => send(JSON.stringify({ to, step, body: bodyOf(step, text) })), close };
}

/** PeerJS passes on messages of these types only; what the others mean goes into the payload. */
const PEERJS_TYPES = { offer: 'OFFER', answer: 'ANSWER' };

async function peerjs({ port, name, hear }) {
  let opened;
  const ready = new Promise((resolve) => (opened = resolve));
  const onText = (message) => {
    const { type, payload } = JSON.parse(message);
    if (type === 'OPEN') opened();
    else heard(hear, payload.step, payload.body);
  };
  const url = `ws://127.0.0.1:${port}/peerjs?key=peerjs&id=${name}&token=${name}&version=1.5.5`;
  const { send, close } = await open(url, onText);
  await ready;
  const say = (step, dst, text) =>
    send(JSON.stringify({ type: PEERJS_TYPES[step] ?? 'CANDIDATE', dst, payload: { step, body: bodyOf(step, text) } }));
  return { say, close };
}

/** Engine.IO 4 (0 open, 2 ping, 3 pong, 4 message) and Socket.IO 5 (0 connect, 2 event, 3 acknowledgement). */
async function socketIo({ port, name, hear }) {
  const underway = new Map();
  let connected;
  const ready = new Promise((resolve) => (connected = resolve));
  const onText = (message, send) => {
    if (message.startsWith('42')) {
      const [, step, body] = JSON.parse(message.slice(2));
      heard(hear, step, body);
    } else if (message.startsWith('43')) {
      const id = Number.parseInt(message.slice(2), 10);
      underway.get(id)();
      underway.delete(id);
    } else if (message.startsWith('40')) connected();
    else if (message.startsWith('0')) send(`40${JSON.stringify({ name })}`);
    else if (message === '2') send('3');
    else throw new Error(`socket.io sent a message of type ${message.slice(0, 2)}`);
  };
  const { send, close } = await open(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`, onText);
  await ready;
  let lastId = 0;
  const say = (step, to, text) =>
    new Promise((resolve) => {
      lastId += 1;
      underway.set(lastId, resolve);
      send(`42${lastId}${JSON.stringify(['send', to, step, bodyOf(step, text)])}`);
    });
  return { say, close };
}

export const connectors = { bare, peerjs, socketIo, graphql };
