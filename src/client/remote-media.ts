import { Cell } from './observable.js';

/** What comes from the other side of one call. */
export class RemoteMedia {
  readonly connection = new Cell<RTCPeerConnectionState>('new');
  readonly stream = new Cell<MediaStream | null>(null);
  readonly video = new Cell(false);

  take({ track, streams }: RTCTrackEvent): void {
    const [stream] = streams;
    if (stream) this.stream.set(stream);
    if (track.kind !== 'video') return;
    const look = (): void => this.video.set(!track.muted && track.readyState === 'live');
    for (const event of ['mute', 'unmute', 'ended']) track.addEventListener(event, look);
    look();
  }

  close(): void {
    this.connection.set('closed');
    this.stream.set(null);
    this.video.set(false);
  }
}
