import type { CallError, Outcome } from './errors.js';
import type { CallEndReason, CallMedia, CallState } from './generated/types.js';
import type { Observable } from './observable.js';
import type { CallStats } from './stats.js';

export type CallStatus =
  /** The service does not know the call yet. */
  | 'STARTING'
  /**
   * The service holds the call open for this device, and this page does not lead it: it was left by a page that was closed, or
   * another page has the device's stream. It can be hung up or taken up again ({@link Call.rejoin}). A peer connection that
   * this page has goes on by itself.
   */
  | 'DETACHED'
  /** The states of the protocol. */
  | CallState;

/** For whom a call is declined. */
export type Decline =
  /** For the whole account: the call ends. */
  | 'everywhere'
  /** For this device, which is in another call; the others ring on. */
  | 'busy'
  /** This device stops ringing and the caller is told nothing; it may still answer while the call rings. */
  | 'ignore';

export interface AnswerOptions {
  /** What to answer with; what the call was started with when it is left out. */
  readonly media?: CallMedia;
  /** Used instead of opening microphone and camera. Closed by whoever opened it. */
  readonly stream?: MediaStream;
}

export interface StartOptions {
  readonly media: CallMedia;
  /** Used instead of opening microphone and camera. Closed by whoever opened it. */
  readonly stream?: MediaStream;
  /** Ring only this device of the callee. */
  readonly deviceId?: string;
  /** At most 4,096 bytes that the callee reads in {@link Call.attachment}. */
  readonly attachment?: string;
}

/** One call, as its user sees it. It may become another call of the service: by glare, or when one side comes back after a reload. */
export interface Call {
  /** The service's id of the call; null until it has given one. */
  readonly id: string | null;
  readonly direction: 'outgoing' | 'incoming';
  /** The other side's account. */
  readonly account: string;
  /** What the call was started with. */
  readonly media: CallMedia;
  /** What the caller sent along. */
  readonly attachment: string | null;

  readonly state: Observable<CallStatus>;
  /** Set before the state becomes ENDED; stays null when the call never was one, and {@link Call.error} says why. */
  readonly endReason: Observable<CallEndReason | null>;
  /** The last thing that went wrong. */
  readonly error: Observable<CallError | null>;
  /** How the two sides are connected, whatever the service knows of it. */
  readonly connection: Observable<RTCPeerConnectionState>;
  readonly localStream: Observable<MediaStream | null>;
  readonly remoteStream: Observable<MediaStream | null>;
  /** Whether the other side sends a picture. */
  readonly remoteVideo: Observable<boolean>;
  readonly muted: Observable<boolean>;
  readonly camera: Observable<boolean>;

  /** Tells the caller that this device shows the call to its user. */
  ring(): Promise<Outcome>;
  /** Opens microphone and camera and takes the call. After MEDIA_FAILED it rings on, and may be answered again. */
  answer(options?: AnswerOptions): Promise<Outcome>;
  decline(how?: Decline): Promise<Outcome>;
  /**
   * Ends the call: here at once, with or without a connection. A call that rings here is declined.
   *
   * @returns resolves when the service knows it; tried for two minutes
   */
  hangUp(): Promise<Outcome>;
  /**
   * Takes up a call that is DETACHED: by another call in its place (`replacesCallId`), which the other side answers by itself
   * while it still has the first one. One that still rings at the other side is started anew. Takes the stream back from where
   * it went `elsewhere`. A call that cannot be taken up, say because of MEDIA_FAILED, stays DETACHED.
   */
  rejoin(options?: AnswerOptions): Promise<Outcome>;
  mute(muted: boolean): void;
  /** Switches the camera on or off; a voice call becomes one with a picture, which the two sides negotiate by themselves. */
  setCamera(on: boolean): Promise<Outcome>;
  /** Looks for another path now. Done without being asked when the connection is lost or the network changes. */
  restartIce(): void;
  /** @returns null while no path is in use */
  stats(): Promise<CallStats | null>;
  /** The peer connection at present, for what goes beyond this interface; another one when the call becomes another. */
  readonly peer: RTCPeerConnection | null;
}
