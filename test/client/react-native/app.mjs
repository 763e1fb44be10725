/**
 * An app on React Native, as a process of its own: told what to do by lines of its input, it says what happens by lines of its
 * output. `node app.mjs <origin of the service> <access token>`
 */
import { createInterface } from 'node:readline';
import { WebSocket } from 'ws';
import wrtc from '@roamhq/wrtc';
import { MediaStream, MediaStreamTrack, RTCPeerConnection } from './webrtc.mjs';

// What a page has, and Node.js too, and React Native has not.
for (const name of [
  'addEventListener',
  'atob',
  'BroadcastChannel',
  'crypto',
  'document',
  'DOMException',
  'Event',
  'EventTarget',
  'localStorage',
  'MediaStream',
  'sessionStorage',
  'structuredClone',
])
  delete globalThis[name];
Object.assign(globalThis, { window: globalThis, RTCPeerConnection });
Object.defineProperty(globalThis, 'navigator', { value: { product: 'ReactNative' }, configurable: true });

const { callSocket, createCallClient, graphqlWsTransport } = await import('../../../dist/client/index.js');
const [, , origin, token] = process.argv;
const say = (...words) => console.log(words.join(' '));

const usernames = new Set();
const generations = new Set();
const setConfiguration = RTCPeerConnection.prototype.setConfiguration;
RTCPeerConnection.prototype.setConfiguration = function ({ iceServers, ...others }) {
  for (const { username } of iceServers) if (username) usernames.add(username);
  say('configured', usernames.size, others.iceTransportPolicy);
  setConfiguration.call(this, { iceServers, ...others });
};

const sources = [];
const client = createCallClient({
  transport: graphqlWsTransport(callSocket({ url: `${origin}/graphql`, token: () => token, webSocketImpl: WebSocket })),
  configuration: { iceTransportPolicy: 'relay' },
  createPeer: (configuration) => {
    for (const { username } of configuration.iceServers) usernames.add(username);
    const peer = new RTCPeerConnection(configuration);
    const channel = peer.createDataChannel('data', { negotiated: true, id: 0 });
    channel.onmessage = ({ data }) => channel.send(data);
    peer.addEventListener('signalingstatechange', () => {
      const [, fragment] = /a=ice-ufrag:(\S+)/.exec(peer.localDescription?.sdp ?? '') ?? [];
      if (fragment) generations.add(fragment);
      say('generations', generations.size);
    });
    return peer;
  },
  getUserMedia: async ({ audio, video }) => {
    const { RTCAudioSource, RTCVideoSource } = wrtc.nonstandard;
    const tracks = [audio && new RTCAudioSource(), video && new RTCVideoSource()].filter(Boolean).map((source) => {
      sources.push(source);
      return new MediaStreamTrack(source.createTrack(), false);
    });
    return new MediaStream(tracks);
  },
});

let call = null;
const watch = (next) => {
  call = next;
  say('call', call.account, call.state.value);
  call.state.subscribe((state) => say('state', state, call.endReason.value ?? ''));
  call.error.subscribe((error) => error && say('error', error.code, error.message));
  call.remoteVideo.subscribe((on) => say('picture', on));
};
client.state.subscribe((state) => say('client', state));
client.incoming.subscribe((incoming) => incoming && watch(incoming));

const commands = {
  start: (account) => watch(client.start(account, { media: 'AUDIO' })),
  answer: () => call.answer(),
  camera: (on) => call.setCamera(on === 'on'),
  restart: () => call.restartIce(),
  hangUp: () => call.hangUp(),
};
for await (const line of createInterface({ input: process.stdin })) {
  const [command, ...words] = line.split(' ');
  const { ok = true, error } = (await commands[command](...words)) ?? {};
  say('done', command, ok ? 'ok' : error.code);
}
