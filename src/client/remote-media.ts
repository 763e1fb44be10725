import { Cell } from './observable.js';

/** What comes from the other side of one call. */
export class RemoteMedia {
  readonly connection = new Cell<RTCPeerConnectionState>('new');
  readonly stream = new Cell<MediaStream | null>(null);
  readonly video = new Cell(false);
  #peer: RTCPeerConnection | null = null;

  /** From now on it comes by this peer connection. */
  attach(peer: RTCPeerConnection): void {
    this.#peer = peer;
    const present = <Args extends unknown[]>(work: (...args: Args) => void) => {
      return (...args: Args): void => {
        if (peer === this.#peer) work(...args);
      };
    };
    peer.addEventListener(
      'connectionstatechange',
      present(() => this.connection.set(peer.connectionState)),
    );
    peer.addEventListener(
      'track',
      present(({ streams: [stream] }: RTCTrackEvent) => stream && this.stream.set(stream)),
    );
    this.connection.set(peer.connectionState);
  }

  /**
   * The two sides agreed on what is sent. Not told by `signalingstatechange`: React Native knows the directions only after that
   * event, when the description is set.
   */
  agreed(): void {
    if (this.#peer) this.video.set(receivesVideo(this.#peer));
  }

  close(): void {
    this.#peer = null;
    this.connection.set('closed');
    this.stream.set(null);
    this.video.set(false);
  }
}

/** What was agreed on. Whether the track is muted says less: after a rollback Chromium leaves it so while pictures arrive. */
function receivesVideo(peer: RTCPeerConnection): boolean {
  return peer
    .getTransceivers()
    .some(
      ({ receiver, currentDirection }) =>
        (receiver.track as MediaStreamTrack | null)?.kind === 'video' &&
        (currentDirection === 'sendrecv' || currentDirection === 'recvonly'),
    );
}
