import type { AnswerOptions, Call, StartOptions } from './call.js';
import { Ending } from './ending.js';
import type { EndReason } from './ending.js';
import { notPossible } from './errors.js';
import type { CallError } from './errors.js';
import type { CallFieldsFragment, DescriptionFieldsFragment } from './generated/types.js';
import type { CallKeeper } from './keeper.js';
import type { Leg } from './leg.js';
import { Legs } from './legs.js';
import { LocalMedia } from './local-media.js';
import { Progress } from './progress.js';
import type { Stage } from './progress.js';
import { RemoteMedia } from './remote-media.js';
import { Ringing } from './ringing.js';
import type { Services } from './services.js';
import type { EventOf } from './stream.js';
import { tellHungUp } from './telling.js';

/** A call that goes on: it follows what its user and what the service say, whichever comes first. */
export class LiveCall {
  readonly about: Pick<Call, 'direction' | 'account' | 'media' | 'attachment'>;
  readonly progress: Progress;
  readonly local: LocalMedia;
  readonly remote = new RemoteMedia();
  readonly ringing: Ringing;
  readonly #services: Services;
  readonly #keeper: CallKeeper;
  readonly #legs: Legs;
  readonly #ending: Ending;

  constructor(services: Services, keeper: CallKeeper, about: LiveCall['about'], stage: Stage) {
    this.about = about;
    this.progress = new Progress(stage);
    this.local = new LocalMedia(services.getUserMedia);
    this.#services = services;
    this.#keeper = keeper;
    const onError = (error: CallError): void => {
      if (!this.#ending.heardOf(error)) this.progress.error.set(error);
    };
    const { progress, local, remote } = this;
    const legs = new Legs(
      { services, remote, onError, knows: (callId) => keeper.knows(callId) },
      about.direction === 'outgoing' ? 'CALLER' : 'CALLEE',
    );
    this.#legs = legs;
    const ending = new Ending({
      services,
      progress,
      legs,
      release: () => this.#release(),
      letGo: (call) => this.#letGo(call),
      over: (told) => keeper.over(this, told),
    });
    this.#ending = ending;
    this.ringing = new Ringing({
      services,
      progress,
      legs,
      local,
      ending,
      changed: () => keeper.changed(),
      apply: (call) => this.apply(call, false),
      answer: (offer) => this.#answer(offer),
    });
  }

  get leg(): Leg {
    return this.#legs.leg;
  }

  /** Of the call of the service that it is, or is about to take the place of. */
  get id(): string | null {
    return this.#legs.id;
  }

  /** Whether this page does not lead it, and has nothing of it that would go on by itself. */
  get canRejoin(): boolean {
    return this.progress.isDetached && !this.#goesOn;
  }

  get #goesOn(): boolean {
    return this.ringing.isOffered || this.#legs.isAlive;
  }

  /** The service holds it for this device, and this page does not lead it. */
  found(call: CallFieldsFragment): void {
    this.#legs.renew(call.viewerRole);
    this.#legs.bind(call);
    this.progress.detach();
  }

  /** The stream that tells of it goes to another page. */
  detach(): void {
    this.progress.detach();
    this.#keeper.changed();
  }

  /** The stream is back. @returns whether it goes on here */
  attach(): boolean {
    if (!this.progress.isDetached || !this.#goesOn) return false;
    this.progress.attach();
    this.#keeper.changed();
    return true;
  }

  /**
   * Goes on with what the service holds for this device, by another call in its place. Never rejects: what cannot be taken up
   * is detached.
   *
   * @param call the one that it is, when it is left out
   */
  takeUp(options: StartOptions, call?: CallFieldsFragment): Promise<void> {
    this.#ending.replaced();
    this.#legs.replace(call);
    this.progress.error.set(null);
    this.progress.attach(this.progress.isRinging ? 'STARTING' : 'RECONNECTING');
    return this.begin(options);
  }

  /** Never rejects. */
  async begin(options: StartOptions): Promise<void> {
    try {
      if (this.#services.signal.aborted) throw notPossible('The client is closed.');
      // While the user is asked for the microphone.
      void this.#services.relay.get();
      await this.local.open(options.media, options.stream);
      if (this.#ending.isOver) return;
      const { outcome, call } = await this.#legs.start(this.about.account, options, this.local);
      const adopted = outcome === 'ADOPTED';
      if (this.#ending.isOver) {
        // Hung up meanwhile. An adopted one is theirs, and rings here like any other.
        if (!adopted) void tellHungUp(this.#services, call.id, 'CALLER').catch(() => {});
        return;
      }
      if (adopted) this.#legs.renew('CALLEE');
      this.#bind(call);
      this.apply(call, false);
      // Both users wanted this very call: nobody is asked again.
      if (adopted && call.pendingOffer) await this.#answer(call.pendingOffer);
    } catch (error) {
      this.#ending.fail(error);
    }
  }

  /** @throws CallError the service could not be told */
  async hangUp(): Promise<void> {
    if (this.ringing.rings) return this.ringing.decline('everywhere');
    if (this.progress.isOver) return;
    const { id, leg } = this;
    const told = id === null ? null : tellHungUp(this.#services, id, leg.role);
    this.#ending.end(this.progress.isAnswered ? 'COMPLETED' : 'CANCELLED', told);
    this.#ending.refine(await told);
  }

  /** @throws CallError it is as it was */
  async rejoin(options: AnswerOptions): Promise<void> {
    if (!this.progress.isDetached) throw notPossible('The call goes on here, or is over.');
    await this.#keeper.rejoin(this, options);
    const { isDetached, error, refusal } = this.progress;
    const failure = refusal ?? (isDetached ? error.value : null);
    if (failure) throw failure;
  }

  /** The page is left: what is said has to be on its way at once. @param hangsUp also when it was answered */
  leave(hangsUp: boolean): void {
    // What rings here rings on other devices too; what this page has no part in goes on without it.
    if (this.leg.peer === null) return;
    if (hangsUp || !this.progress.isAnswered) this.hangUp().catch(() => {});
    else this.leg.leave();
  }

  /** It rings here. */
  invited(call: CallFieldsFragment, offer: DescriptionFieldsFragment): void {
    this.#bind(call);
    this.ringing.ask(offer);
    // While the user thinks about it.
    void this.#services.relay.get();
  }

  /** The other side came back without its peer connection: the call goes on as another one, and nobody is asked. */
  replaced(call: CallFieldsFragment, offer: DescriptionFieldsFragment): void {
    this.#ending.replaced();
    this.#legs.renew('CALLEE');
    this.#bind(call);
    this.#answer(offer).catch(() => {});
  }

  receive(event: EventOf<'DescriptionReceived' | 'IceCandidatesReceived'>): void {
    if (event.callId === this.leg.id) this.leg.receive(event);
  }

  /** @param live see {@link Progress.reach} */
  apply({ id, state, endReason, endedBy, viewerRole }: CallFieldsFragment, live: boolean): void {
    if (id !== this.leg.id) return;
    if (state !== 'ENDED') this.progress.reach(state, live);
    else if (endReason === 'REPLACED' && endedBy !== viewerRole) this.#ending.awaitReplacement();
    else this.#ending.end(endReason, null);
    this.#keeper.changed();
  }

  /** The service does not tell of it any more. */
  lost(reason: EndReason): void {
    this.#ending.end(reason, null);
  }

  /** The client is closed: nobody is told. */
  close(): void {
    this.#ending.close();
    this.progress.end(null);
  }

  async #answer(offer: DescriptionFieldsFragment): Promise<void> {
    const { leg } = this;
    try {
      this.apply(await leg.answer(offer, this.local), false);
    } catch (error) {
      const { refusal } = this.progress;
      // The call may go on as another one.
      if (!leg.signal.aborted) this.#ending.fail(error);
      throw refusal ?? error;
    }
  }

  #bind(call: CallFieldsFragment): void {
    this.#legs.bind(call);
    this.#keeper.bound(this, call.id);
  }

  /** It could not be taken up, and the service holds it still. */
  #letGo(call: CallFieldsFragment): void {
    this.local.release();
    this.remote.close();
    this.found(call);
  }

  #release(): void {
    this.leg.close();
    this.local.close();
    this.remote.close();
  }
}
