import { CallError, notPossible } from './errors.js';
import type { CallMedia } from './generated/types.js';
import { Cell } from './observable.js';

export type GetUserMedia = (constraints: MediaStreamConstraints) => Promise<MediaStream>;

/** The user's own microphone and camera in one call. */
export class LocalMedia {
  readonly stream = new Cell<MediaStream | null>(null);
  readonly muted = new Cell(false);
  readonly camera = new Cell(false);
  readonly #getUserMedia: GetUserMedia;
  /** Those that were opened here, and have to be closed: a stream that was handed in is its owner's. */
  readonly #opened = new Set<MediaStreamTrack>();
  /** What the camera is sent with, once it was. */
  #camera: RTCRtpSender | null = null;
  #closed = false;

  constructor(getUserMedia: GetUserMedia) {
    this.#getUserMedia = getUserMedia;
  }

  /**
   * @param given used instead of opening microphone and camera
   * @throws CallError MEDIA_FAILED
   */
  async open(media: CallMedia, given?: MediaStream): Promise<void> {
    if (this.stream.value) return;
    const stream = given ?? (await this.#request({ audio: true, video: media === 'VIDEO' }));
    if (this.#closed) return;
    for (const track of stream.getAudioTracks()) track.enabled = !this.muted.value;
    this.stream.set(stream);
    this.camera.set(stream.getVideoTracks().length > 0);
  }

  /** Gives a new peer connection what there is to send. */
  attach(peer: RTCPeerConnection): void {
    const stream = this.stream.value;
    this.#camera = null;
    for (const track of stream?.getTracks() ?? []) {
      const sender = peer.addTrack(track, stream!);
      if (track.kind === 'video') this.#camera = sender;
    }
  }

  mute(muted: boolean): void {
    this.muted.set(muted);
    for (const track of this.stream.value?.getAudioTracks() ?? []) track.enabled = !muted;
  }

  /**
   * Switches the camera on or off; off, it is released. The peer connection says by itself when that has to be negotiated.
   *
   * @throws CallError MEDIA_FAILED, NOT_POSSIBLE
   */
  async setCamera(on: boolean, peer: RTCPeerConnection | null): Promise<void> {
    if (on === this.camera.value) return;
    this.camera.set(on);
    if (on) await this.#openCamera(peer);
    else this.#closeCamera(peer);
  }

  async #openCamera(peer: RTCPeerConnection | null): Promise<void> {
    try {
      const stream = this.stream.value;
      if (!stream) throw notPossible('There is nothing yet to add a picture to.');
      const [track] = (await this.#request({ video: true })).getVideoTracks();
      if (!track) throw mediaFailed({ video: true }, 'NotFoundError');
      // Switched off again while the user was asked.
      if (!this.camera.value) return this.#stop(track);
      stream.addTrack(track);
      const used = peer?.getTransceivers().find(({ sender }) => sender === this.#camera);
      if (!used) this.#camera = peer?.addTrack(track, stream) ?? null;
      else {
        await used.sender.replaceTrack(track);
        used.direction = 'sendrecv';
      }
    } catch (error) {
      this.camera.set(false);
      throw error;
    }
  }

  #closeCamera(peer: RTCPeerConnection | null): void {
    const stream = this.stream.value;
    for (const track of stream?.getVideoTracks() ?? []) {
      stream?.removeTrack(track);
      if (this.#opened.has(track)) this.#stop(track);
    }
    // Its transceiver is kept: each new one would make the descriptions longer.
    const used = peer?.getTransceivers().find(({ sender }) => sender === this.#camera);
    if (!used) return;
    used.direction = 'recvonly';
    used.sender.replaceTrack(null).catch(() => {});
  }

  close(): void {
    this.#closed = true;
    this.release();
  }

  /** Lets go of microphone and camera, which can be opened again. */
  release(): void {
    this.camera.set(false);
    for (const track of this.#opened) this.#stop(track);
    this.stream.set(null);
  }

  async #request(constraints: MediaStreamConstraints): Promise<MediaStream> {
    let stream: MediaStream;
    try {
      stream = await this.#getUserMedia(constraints);
    } catch (error) {
      throw mediaFailed(constraints, (error as Partial<DOMException> | null)?.name ?? '');
    }
    for (const track of stream.getTracks()) {
      this.#opened.add(track);
      if (this.#closed) this.#stop(track);
    }
    return stream;
  }

  #stop(track: MediaStreamTrack): void {
    this.#opened.delete(track);
    track.stop();
  }
}

function mediaFailed({ audio, video }: MediaStreamConstraints, reason: string): CallError {
  return new CallError('MEDIA_FAILED', 'The microphone or camera cannot be used.', {
    media: { audio: Boolean(audio), video: Boolean(video), reason },
  });
}
