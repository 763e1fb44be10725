import type { StartOptions } from './call.js';
import { callError, notConnected } from './errors.js';
import type { CallError } from './errors.js';
import {
  AnswerCallDocument,
  ReportConnectionDocument,
  SendDescriptionDocument,
  SendIceCandidatesDocument,
  StartCallDocument,
} from './generated/documents.js';
import type { CallFieldsFragment, CallRole, DescriptionFieldsFragment, StartCallMutation } from './generated/types.js';
import { LocalCandidates } from './local-candidates.js';
import type { LocalMedia } from './local-media.js';
import { Negotiation } from './negotiation.js';
import { uniqueId } from './platform.js';
import { RemoteCandidates } from './remote-candidates.js';
import type { RemoteMedia } from './remote-media.js';
import { Scope } from './scope.js';
import type { Services } from './services.js';
import { Signals } from './signals.js';
import type { SendSignal } from './signals.js';
import type { EventOf } from './stream.js';
import { Upkeep } from './upkeep.js';

/** A call that the service has not heard of by then is given up. */
const START_MS = 30_000;

/** This device's part in one call of the service: its peer connection, and everything that is said about it. */
export class Leg {
  readonly role: CallRole;
  readonly #scope = new Scope();
  readonly #services: Services;
  readonly #remote: RemoteMedia;
  readonly #onError: (error: CallError) => void;
  readonly #candidates = new RemoteCandidates();
  readonly #signals: Signals;
  #id: string | null = null;
  #peer: RTCPeerConnection | null = null;
  #negotiation: Negotiation | null = null;
  #upkeep: Upkeep | null = null;

  /** @param onError told of what goes wrong until the leg is closed */
  constructor(services: Services, role: CallRole, remote: RemoteMedia, onError: (error: CallError) => void) {
    this.#services = services;
    this.role = role;
    this.#remote = remote;
    this.#onError = (error) => this.#scope.closed || onError(error);
    const send: SendSignal = async (callId, clientSeq, signal) => {
      const numbered = { callId, clientSeq };
      if ('type' in signal) {
        const input = { ...numbered, ...signal };
        return (await services.run(SendDescriptionDocument, { input }, this.signal)).sendDescription;
      }
      const input = { ...numbered, ...signal, candidates: [...signal.candidates] };
      return (await services.run(SendIceCandidatesDocument, { input }, this.signal)).sendIceCandidates;
    };
    this.#signals = new Signals(send, this.signal);
  }

  /** Of the call; null until the service has named it. */
  get id(): string | null {
    return this.#id;
  }

  get peer(): RTCPeerConnection | null {
    return this.#peer;
  }

  /** Aborts when the leg is closed. */
  get signal(): AbortSignal {
    return this.#scope.signal;
  }

  bind({ id, nextClientSeq }: CallFieldsFragment): void {
    this.#id = id;
    this.#signals.bind(id, nextClientSeq);
  }

  /**
   * Asks the service for the call, also when the leg is closed meanwhile: it may ring already. The offer is this call's, unless
   * the outcome is ADOPTED.
   *
   * @throws CallError
   */
  async start(
    calleeAccountId: string,
    { media, deviceId, attachment }: StartOptions,
    replacesCallId: string | null,
    local: LocalMedia,
  ): Promise<StartCallMutation['startCall']> {
    const negotiation = await this.#open(local);
    const input = {
      clientCallId: uniqueId(),
      calleeAccountId,
      calleeDeviceId: deviceId ?? null,
      media,
      offerSdp: await negotiation.firstOffer(),
      replacesCallId,
      attachment: attachment ?? null,
    };
    if (this.#scope.closed) throw notConnected();
    const { run, signal } = this.#services;
    const { startCall } = await run(StartCallDocument, { input }, signal, START_MS);
    negotiation.offered(startCall.offerId);
    return startCall;
  }

  /** @throws CallError */
  async answer(offer: DescriptionFieldsFragment, local: LocalMedia): Promise<CallFieldsFragment> {
    const negotiation = await this.#open(local);
    const input = { callId: this.#id!, offerId: offer.id, answerSdp: await negotiation.firstAnswer(offer) };
    const { answerCall } = await this.#services.run(AnswerCallDocument, { input }, this.signal);
    negotiation.established();
    return answerCall;
  }

  receive(event: EventOf<'DescriptionReceived' | 'IceCandidatesReceived'>): void {
    if (event.__typename === 'DescriptionReceived') this.#negotiation?.receive(event.description);
    else {
      for (const { usernameFragment, ...candidate } of event.candidates) {
        this.#candidates.add({ ...candidate, ...(usernameFragment !== null && { usernameFragment }) });
      }
      if (event.endOfCandidates) this.#candidates.end();
    }
  }

  restartIce(): void {
    this.#upkeep?.restart();
  }

  /** The page is left, and may come back: the other side need not find out by silence. */
  leave(): void {
    this.#upkeep?.leave();
  }

  /** The page that was left is back as it was. */
  comeBack(): void {
    this.#upkeep?.comeBack();
  }

  close(): void {
    this.#scope.close();
    this.#peer?.close();
  }

  async #open(local: LocalMedia): Promise<Negotiation> {
    const { relay, createPeer, configuration, run, warn } = this.#services;
    const iceServers = await relay.get();
    if (this.#scope.closed) throw notConnected();
    const peer = createPeer({ ...configuration, iceServers });
    this.#peer = peer;
    this.#remote.attach(peer);
    const ours = new LocalCandidates((candidates, endOfCandidates) => {
      this.#signals.push({ candidates, endOfCandidates }).catch((thrown: unknown) => this.#onError(callError(thrown)));
    }, warn);
    peer.addEventListener('icecandidate', ({ candidate }) => ours.found(candidate, peer.localDescription));
    this.#negotiation = new Negotiation({
      peer,
      polite: this.role === 'CALLEE',
      signals: this.#signals,
      candidates: this.#candidates,
      onAgreed: () => this.#remote.agreed(),
      onError: this.#onError,
    });
    this.#upkeep = new Upkeep({
      peer,
      configuration,
      role: this.role,
      relay,
      scope: this.#scope,
      report: (connection) => run(ReportConnectionDocument, { input: { callId: this.#id!, connection } }, this.signal),
      onError: this.#onError,
    });
    local.attach(peer);
    return this.#negotiation;
  }
}
