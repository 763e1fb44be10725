/** More than one description can have, twice: of the present one and of one that is still to come. */
const WAITING_MAX = 400;

/**
 * The other side's candidates. Each waits for the description that it belongs to, which its username fragment tells (RFC 8838,
 * section 7); those of an earlier one are dropped.
 */
export class RemoteCandidates {
  #peer: RTCPeerConnection | null = null;
  #waiting: RTCIceCandidateInit[] = [];
  #present: ReadonlySet<string> = new Set();
  readonly #past = new Set<string>();

  add(candidate: RTCIceCandidateInit): void {
    const { usernameFragment } = candidate;
    if (usernameFragment && this.#past.has(usernameFragment)) return;
    if (this.#peer && (!usernameFragment || this.#present.has(usernameFragment))) {
      // One that the peer connection cannot use is no harm: there are others.
      this.#peer.addIceCandidate(candidate).catch(() => {});
    } else {
      this.#waiting = [...this.#waiting, candidate].slice(-WAITING_MAX);
    }
  }

  /** No more follow for the present description. An empty candidate says so (W3C WebRTC, section 4.4.1.5). */
  end(): void {
    this.add({ candidate: '', sdpMid: null, sdpMLineIndex: null });
  }

  /** A remote description was set. */
  described(peer: RTCPeerConnection): void {
    this.#peer = peer;
    const fragments = peer.remoteDescription?.sdp.matchAll(/^a=ice-ufrag:(\S+)/gm) ?? [];
    const present = new Set([...fragments].map(([, fragment = '']) => fragment));
    for (const fragment of this.#present) if (!present.has(fragment)) this.#past.add(fragment);
    this.#present = present;
    for (const candidate of this.#waiting.splice(0)) this.add(candidate);
  }
}
