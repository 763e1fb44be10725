/** Two real peer connections that know nothing of each other but what this API tells them, over a real TURN server. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import wrtc from '@roamhq/wrtc';
import { CallRelayDocument } from '../../src/client/generated/documents.js';
import { freePort, startTurnServer } from '../../src/server/development-turn.js';
import { startCallWorld, type CallWorld } from '../support/call-world.js';
import type { TestDevice } from '../support/device.js';

const SECRET = 'a-secret-that-the-relay-shares';
let world: CallWorld;
let turn: Awaited<ReturnType<typeof startTurnServer>>;
beforeAll(async () => {
  const port = await freePort(['127.0.0.1', '::1']);
  turn = await startTurnServer({
    program: 'turnserver',
    secret: SECRET,
    port,
    addresses: ['127.0.0.1', '::1'],
    onExit: () => {},
  });
  world = await startCallWorld(
    {},
    {
      requestedTtlSeconds: 3_600,
      clientTtlSeconds: 1_800,
      rateLimit: { max: 20, windowSeconds: 600 },
      providers: [{ type: 'shared-secret', secret: SECRET }],
      relay: { urls: [`turn:127.0.0.1:${port}?transport=udp`, `turn:[::1]:${port}?transport=udp`] },
    },
  );
});
afterAll(async () => {
  await world.close();
  await turn?.stop();
});

/** A peer connection that may use the relay only, with the credentials of `callRelay`. */
async function relayedPeer(device: TestDevice, family: 'IPv4' | 'IPv6'): Promise<RTCPeerConnection> {
  const { callRelay } = await device.run(CallRelayDocument);
  const iceServers = (callRelay?.iceServers ?? []).map(({ urls, username, credential }) => ({
    urls: urls.filter((url) => url.includes('[') === (family === 'IPv6')),
    username: username ?? '',
    credential: credential ?? '',
  }));
  return new wrtc.RTCPeerConnection({ iceServers, iceTransportPolicy: 'relay' });
}

/** Sends what the connection gathers, and gives it what the other side gathered, once there is a description to give it to. */
function trickle(device: TestDevice, peer: RTCPeerConnection, callId: () => string): { start(): void; stop(): void } {
  const gathered: RTCIceCandidate[] = [];
  let started = false;
  const send = (candidate: RTCIceCandidate): void => void device.candidates(callId(), [candidate.candidate]);
  peer.onicecandidate = ({ candidate }) => {
    if (!candidate?.candidate) return;
    if (started) send(candidate);
    else gathered.push(candidate);
  };
  let applied = 0;
  const timer = setInterval(() => {
    if (!peer.remoteDescription) return;
    const lines = device.received(callId());
    for (; applied < lines.length; applied += 1) {
      void peer.addIceCandidate({ candidate: lines[applied] ?? '', sdpMid: '0', sdpMLineIndex: 0 });
    }
  }, 20);
  return {
    start: () => {
      started = true;
      gathered.splice(0).forEach(send);
    },
    stop: () => clearInterval(timer),
  };
}

const opened = (channel: RTCDataChannel): Promise<void> =>
  new Promise((resolve) => (channel.readyState === 'open' ? resolve() : (channel.onopen = () => resolve())));
const message = (channel: RTCDataChannel): Promise<string> =>
  new Promise((resolve) => (channel.onmessage = ({ data }) => resolve(String(data))));

describe.each(['IPv4', 'IPv6'] as const)('a call over the relay alone, by %s', (family) => {
  it('is set up by this API alone, and data flows both ways', async () => {
    const [caller, callee] = [world.device(`alice-${family}/phone`), world.device(`bob-${family}/phone`)];
    await Promise.all([caller.listen(), callee.listen()]);
    const [ours, theirs] = await Promise.all([relayedPeer(caller, family), relayedPeer(callee, family)]);
    let callId = '';
    const trickles = [trickle(caller, ours, () => callId), trickle(callee, theirs, () => callId)];
    try {
      const channel = ours.createDataChannel('data');
      const offer = await ours.createOffer();
      await ours.setLocalDescription(offer);
      const { call, offerId } = await caller.start(`bob-${family}`, { offerSdp: offer.sdp });
      callId = call.id;
      trickles[0]?.start();

      const invited = await callee.next('CallInvited');
      await callee.ring(callId);
      const theirChannel = new Promise<RTCDataChannel>(
        (resolve) => (theirs.ondatachannel = (event) => resolve(event.channel)),
      );
      await theirs.setRemoteDescription({ type: 'offer', sdp: invited.offer.sdp });
      const answer = await theirs.createAnswer();
      await theirs.setLocalDescription(answer);
      await callee.answer(callId, offerId, answer.sdp);
      trickles[1]?.start();

      const { description } = await caller.next('DescriptionReceived');
      await ours.setRemoteDescription({ type: 'answer', sdp: description.sdp });
      const other = await theirChannel;
      await Promise.all([opened(channel), opened(other)]);
      const [toCaller, toCallee] = [message(channel), message(other)];
      channel.send('to the callee');
      other.send('to the caller');
      expect(await Promise.all([toCaller, toCallee])).toEqual(['to the caller', 'to the callee']);

      const pairs = [...(await ours.getStats()).values()] as { type: string; candidateType?: string }[];
      const local = pairs.filter(({ type }) => type === 'local-candidate').map(({ candidateType }) => candidateType);
      expect(new Set(local)).toEqual(new Set(['relay']));

      await Promise.all([caller.report(callId), callee.report(callId)]);
      await caller.state('ACTIVE');
      await caller.hangUp(callId);
      expect(await callee.state('ENDED')).toMatchObject({ endReason: 'COMPLETED' });
    } finally {
      for (const each of trickles) each.stop();
      ours.close();
      theirs.close();
    }
  });
});
