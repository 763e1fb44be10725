import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import wrtc from '@roamhq/wrtc';
import { RemoteCandidates } from '../../src/client/remote-candidates.js';

let ours: RTCPeerConnection;
/** What the peer connection was given, in order. */
let given: (string | undefined)[];
let theirs: RTCPeerConnection;
let candidates: RemoteCandidates;
beforeEach(() => {
  ours = new wrtc.RTCPeerConnection();
  given = [];
  const add = ours.addIceCandidate.bind(ours);
  ours.addIceCandidate = (candidate?: RTCIceCandidateInit | null) => {
    given.push(candidate?.candidate);
    return add(candidate);
  };
  theirs = new wrtc.RTCPeerConnection();
  theirs.createDataChannel('data');
  candidates = new RemoteCandidates();
});
afterEach(() => {
  ours.close();
  theirs.close();
});

const fragmentOf = (description: RTCSessionDescriptionInit): string =>
  /a=ice-ufrag:(\S+)/.exec(description.sdp ?? '')![1]!;

/** One exchange, offered by the other side. @returns its username fragment */
async function exchanged(): Promise<string> {
  const offer = await theirs.createOffer();
  await theirs.setLocalDescription(offer);
  await ours.setRemoteDescription(offer);
  candidates.described(ours);
  await ours.setLocalDescription(await ours.createAnswer());
  await theirs.setRemoteDescription(ours.localDescription!);
  return fragmentOf(offer);
}

const line = (n: number): string => `candidate:${n} 1 udp 2122260223 192.0.2.${n} 40000 typ host`;
const from = (usernameFragment: string, n: number) => ({ candidate: line(n), sdpMid: '0', usernameFragment });

describe('a candidate of the other side', () => {
  it('waits for the description that it belongs to', async () => {
    const offer = await theirs.createOffer();
    const fragment = fragmentOf(offer);
    candidates.add(from(fragment, 1));
    candidates.add({ candidate: line(2), sdpMid: '0' });
    expect(given).toEqual([]);
    await ours.setRemoteDescription(offer);
    candidates.described(ours);
    candidates.add(from(fragment, 3));
    expect(given).toEqual([line(1), line(2), line(3)]);
  });

  it('of a restart waits for the offer of it, and one of before that is dropped', async () => {
    const before = await exchanged();
    const restart = await theirs.createOffer({ iceRestart: true });
    const after = fragmentOf(restart);
    expect(after).not.toBe(before);
    candidates.add(from(after, 1));
    expect(given).toEqual([]);
    await ours.setRemoteDescription(restart);
    candidates.described(ours);
    candidates.add(from(before, 2));
    candidates.add(from(after, 3));
    expect(given).toEqual([line(1), line(3)]);
  });

  it('that is empty says that no more follow, and is passed on in its place', async () => {
    const offer = await theirs.createOffer();
    candidates.add({ candidate: line(1), sdpMid: '0' });
    candidates.end();
    await ours.setRemoteDescription(offer);
    candidates.described(ours);
    expect(given).toEqual([line(1), '']);
  });

  it('that cannot be used costs nothing', async () => {
    await exchanged();
    candidates.add({ candidate: 'candidate:nonsense', sdpMid: '7' });
    expect(given).toHaveLength(1);
  });
});
