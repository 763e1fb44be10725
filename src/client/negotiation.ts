import { callError } from './errors.js';
import type { CallError } from './errors.js';
import type { DescriptionFieldsFragment } from './generated/types.js';
import type { RemoteCandidates } from './remote-candidates.js';
import type { Signals } from './signals.js';

export interface NegotiationParts {
  readonly peer: RTCPeerConnection;
  /** Gives way when both sides offer: always the callee's side. */
  readonly polite: boolean;
  readonly signals: Signals;
  readonly candidates: RemoteCandidates;
  /** An exchange is complete on this side: directions are known. */
  readonly onAgreed: () => void;
  readonly onError: (error: CallError) => void;
}

/**
 * Perfect negotiation (W3C WebRTC, section 10.7). Steps are taken one after the other, so that none sees the peer connection in
 * the middle of another; an offer of one's own that is under way shows in `signalingState`.
 */
export class Negotiation {
  readonly #parts: NegotiationParts;
  /** Descriptions that were dealt with: a stream that begins anew brings them again. */
  readonly #seen = new Set<string>();
  #steps: Promise<void> = Promise.resolve();
  #established = false;
  #offerWanted = false;
  /** The id of the offer that waits for its answer, as soon as the service has given it one. */
  #ownOffer: Promise<string | null> = Promise.resolve(null);

  constructor(parts: NegotiationParts) {
    this.#parts = parts;
    parts.peer.addEventListener('negotiationneeded', () => {
      // Before the first description it says what the first offer is made for anyway.
      if (parts.peer.localDescription) this.#offer();
    });
  }

  /**
   * @returns the first offer, for `startCall`
   * @throws what the peer connection throws
   */
  async firstOffer(): Promise<string> {
    const { peer } = this.#parts;
    await peer.setLocalDescription(await peer.createOffer());
    return peer.localDescription!.sdp;
  }

  /** The service knows the first offer by this id. */
  offered(offerId: string): void {
    this.#ownOffer = Promise.resolve(offerId);
  }

  /**
   * @returns the first answer, for `answerCall`
   * @throws what the peer connection throws
   */
  async firstAnswer(offer: DescriptionFieldsFragment): Promise<string> {
    this.#seen.add(offer.id);
    return this.#answerTo(offer.sdp);
  }

  /** The first exchange is complete: either side may offer from now on. */
  established(): void {
    this.#established = true;
    if (this.#offerWanted) this.#offer();
  }

  /** A description of the other side's, as the stream tells of it. */
  receive(description: DescriptionFieldsFragment): void {
    if (this.#seen.has(description.id)) return;
    this.#seen.add(description.id);
    if (description.type === 'OFFER') this.#step(() => this.#takeOffer(description));
    else if (description.type === 'ANSWER') this.#step(() => this.#takeAnswer(description));
    // A rollback needs nothing: its offer was answered at once, and the service refuses that answer as stale.
  }

  /** The first answer makes a call of its caller's. */
  async #takeAnswer({ sdp, inReplyTo }: DescriptionFieldsFragment): Promise<void> {
    const { peer, candidates, onAgreed } = this.#parts;
    if (peer.signalingState !== 'have-local-offer' || (await this.#ownOffer) !== inReplyTo) return;
    await peer.setRemoteDescription({ type: 'answer', sdp });
    candidates.described(peer);
    this.#established = true;
    onAgreed();
  }

  async #takeOffer({ id, sdp }: DescriptionFieldsFragment): Promise<void> {
    const { peer, polite, signals, onError } = this.#parts;
    if (peer.signalingState === 'have-local-offer') {
      // The other side is polite then: it takes its own offer back as it hears of this side's.
      if (!polite) return;
      await peer.setLocalDescription({ type: 'rollback' });
      this.#offerWanted = true;
    }
    const answer = await this.#answerTo(sdp);
    signals.push({ type: 'ANSWER', sdp: answer, inReplyTo: id }).catch((thrown: unknown) => {
      const error = callError(thrown);
      // The offer was taken back or followed by another: a new exchange brings both sides to the same again.
      if (error.code === 'CALL_SIGNAL_STALE') this.#offer();
      else onError(error);
    });
  }

  async #answerTo(sdp: string): Promise<string> {
    const { peer, candidates, onAgreed } = this.#parts;
    await peer.setRemoteDescription({ type: 'offer', sdp });
    candidates.described(peer);
    await peer.setLocalDescription(await peer.createAnswer());
    onAgreed();
    return peer.localDescription!.sdp;
  }

  #offer(): void {
    this.#offerWanted = true;
    this.#step(() => Promise.resolve());
  }

  async #makeOffer(): Promise<void> {
    const { peer, signals } = this.#parts;
    this.#offerWanted = false;
    await peer.setLocalDescription(await peer.createOffer());
    const sent = signals.push({ type: 'OFFER', sdp: peer.localDescription!.sdp, inReplyTo: null });
    this.#ownOffer = sent.then(
      ({ descriptionId }) => descriptionId ?? null,
      (thrown: unknown) => this.#notOffered(callError(thrown)),
    );
  }

  /** The service does not want the offer: the peer connection must not wait for its answer. */
  #notOffered(error: CallError): null {
    const { peer, onError } = this.#parts;
    this.#step(async () => {
      if (peer.signalingState === 'have-local-offer') await peer.setLocalDescription({ type: 'rollback' });
      this.#offerWanted = false;
    });
    onError(error);
    return null;
  }

  /** After each step an offer that is wanted is made, once it may be. */
  #step(work: () => Promise<void>): void {
    const { peer, onError } = this.#parts;
    this.#steps = this.#steps
      .then(async () => {
        if (peer.signalingState === 'closed') return;
        await work();
        if (this.#offerWanted && this.#established && peer.signalingState === 'stable') await this.#makeOffer();
      })
      .catch((thrown: unknown) => {
        if (peer.signalingState !== 'closed') onError(callError(thrown));
      });
  }
}
