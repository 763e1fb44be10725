import type { AnswerOptions, Call, CallStatus, Decline, StartOptions } from './call.js';
import { callError, notPossible } from './errors.js';
import type { CallError } from './errors.js';
import { ReportRingingDocument } from './generated/documents.js';
import type { CallFieldsFragment, CallRole, DescriptionFieldsFragment } from './generated/types.js';
import type { CallKeeper } from './keeper.js';
import { Leg } from './leg.js';
import { LocalMedia } from './local-media.js';
import { Progress } from './progress.js';
import { RemoteMedia } from './remote-media.js';
import { Scope } from './scope.js';
import type { Services } from './services.js';
import type { EventOf } from './stream.js';
import { tellDeclined, tellFailed, tellHungUp } from './telling.js';

/** The other side ended the call to start another in its place: that is on its way. */
const REPLACED_MS = 10_000;

const DECLINES = { everywhere: 'DECLINED', busy: 'BUSY', ignore: 'IGNORED' } as const satisfies Record<Decline, string>;

type EndReason = CallFieldsFragment['endReason'];
type Told = Promise<CallFieldsFragment | null>;

/** A call that goes on: it follows what its user and what the service say, whichever comes first. */
export class LiveCall {
  readonly about: Pick<Call, 'direction' | 'account' | 'media' | 'attachment'>;
  readonly progress: Progress;
  readonly local: LocalMedia;
  readonly remote = new RemoteMedia();
  readonly #services: Services;
  readonly #keeper: CallKeeper;
  readonly #scope = new Scope();
  #leg: Leg;
  /** What there is to answer, while it rings here and nobody has. */
  #offer: DescriptionFieldsFragment | null = null;
  #ignored = false;
  #cancelReplacement = (): void => {};

  constructor(services: Services, keeper: CallKeeper, about: LiveCall['about'], status: CallStatus) {
    this.about = about;
    this.progress = new Progress(status);
    this.local = new LocalMedia(services.getUserMedia);
    this.#services = services;
    this.#keeper = keeper;
    this.#leg = this.#newLeg(about.direction === 'outgoing' ? 'CALLER' : 'CALLEE');
  }

  get leg(): Leg {
    return this.#leg;
  }

  /** Whether it can be answered here. */
  get rings(): boolean {
    return this.#offer !== null && this.progress.isRinging;
  }

  /** Whether its user has to be asked. */
  get asks(): boolean {
    return this.rings && !this.#ignored;
  }

  /** @param replacesCallId the call that this one takes the place of, after a reload. Never rejects. */
  async begin(options: StartOptions, replacesCallId: string | null = null): Promise<void> {
    this.#cancelReplacement();
    // Another try: what the last one was to replace had been replaced already.
    if (this.#leg.signal.aborted) this.#leg = this.#newLeg('CALLER');
    try {
      if (this.#services.signal.aborted) throw notPossible('The client is closed.');
      // While the user is asked for the microphone.
      void this.#services.relay.get();
      await this.local.open(options.media, options.stream);
      if (this.#scope.closed) return;
      const { outcome, call } = await this.#leg.start(this.about.account, options, replacesCallId, this.local);
      const adopted = outcome === 'ADOPTED';
      if (this.#scope.closed) {
        // Hung up meanwhile. An adopted one is theirs, and rings here like any other.
        if (!adopted) void tellHungUp(this.#services, call.id, 'CALLER').catch(() => {});
        return;
      }
      if (adopted) this.#leg = this.#newLeg('CALLEE');
      this.#bind(call);
      this.apply(call, false);
      // Both users wanted this very call: nobody is asked again.
      if (adopted && call.pendingOffer) await this.#answer(call.pendingOffer);
    } catch (error) {
      this.#fail(error, replacesCallId);
    }
  }

  /** @throws CallError */
  async ring(): Promise<void> {
    const callId = this.#leg.id;
    if (!this.asks || callId === null) throw notPossible('The call does not ring here.');
    const { reportRinging } = await this.#services.run(ReportRingingDocument, { callId }, this.#scope.signal);
    this.apply(reportRinging, false);
  }

  /** @throws CallError */
  async accept({ media = this.about.media, stream }: AnswerOptions): Promise<void> {
    const offer = this.#offer;
    if (!offer || !this.progress.isRinging) throw notPossible('The call does not ring here.');
    this.#ask(null);
    try {
      await this.local.open(media, stream);
    } catch (error) {
      this.progress.error.set(callError(error));
      this.#ask(offer);
      throw error;
    }
    await this.#answer(offer);
  }

  /** @throws CallError the service could not be told */
  async decline(how: Decline): Promise<void> {
    const callId = this.#leg.id;
    const reason = DECLINES[how];
    if (!this.rings || callId === null) throw notPossible('The call does not ring here.');
    const told = tellDeclined(this.#services, callId, reason);
    if (reason !== 'IGNORED') this.#end(reason, told);
    this.#ignored = true;
    this.#keeper.changed();
    this.#refine(await told);
  }

  /** @throws CallError the service could not be told */
  async hangUp(): Promise<void> {
    if (this.rings) return this.decline('everywhere');
    if (this.progress.isOver) return;
    const { id, role } = this.#leg;
    const told = id === null ? null : tellHungUp(this.#services, id, role);
    this.#end(this.progress.isAnswered ? 'COMPLETED' : 'CANCELLED', told);
    this.#refine(await told);
  }

  /** It rings here. */
  invited(call: CallFieldsFragment, offer: DescriptionFieldsFragment): void {
    this.#bind(call);
    this.#ask(offer);
    // While the user thinks about it.
    void this.#services.relay.get();
  }

  /** The other side came back without its peer connection: the call goes on as another one, and nobody is asked. */
  replaced(call: CallFieldsFragment, offer: DescriptionFieldsFragment): void {
    this.#cancelReplacement();
    this.#leg = this.#newLeg('CALLEE');
    this.#bind(call);
    this.#answer(offer).catch(() => {});
  }

  receive(event: EventOf<'DescriptionReceived' | 'IceCandidatesReceived'>): void {
    if (event.callId === this.#leg.id) this.#leg.receive(event);
  }

  /** @param live see {@link Progress.reach} */
  apply({ id, state, endReason, endedBy, viewerRole }: CallFieldsFragment, live: boolean): void {
    if (id !== this.#leg.id) return;
    if (state !== 'ENDED') this.progress.reach(state, live);
    else if (endReason === 'REPLACED' && endedBy !== viewerRole) this.#awaitReplacement();
    else this.#end(endReason, null);
    this.#keeper.changed();
  }

  /** The service does not tell of it any more. */
  lost(reason: EndReason): void {
    this.#end(reason, null);
  }

  /** The client is closed: nobody is told. */
  close(): void {
    this.#release();
    this.progress.end(null);
  }

  async #answer(offer: DescriptionFieldsFragment): Promise<void> {
    const leg = this.#leg;
    try {
      this.apply(await leg.answer(offer, this.local), false);
    } catch (error) {
      const { refusal } = this.progress;
      // The call may go on as another one.
      if (!leg.signal.aborted) this.#fail(error, leg.id);
      throw refusal ?? error;
    }
  }

  #newLeg(role: CallRole): Leg {
    this.#leg?.close();
    return new Leg(this.#services, role, this.remote, (error) => {
      if (!this.#heardOfEnd(error)) this.progress.error.set(error);
    });
  }

  #bind(call: CallFieldsFragment): void {
    this.#leg.bind(call);
    this.#keeper.bound(this, call.id);
  }

  #ask(offer: DescriptionFieldsFragment | null): void {
    this.#offer = offer;
    this.#keeper.changed();
  }

  #awaitReplacement(): void {
    if (this.#scope.closed) return;
    this.#leg.close();
    this.progress.reach('RECONNECTING', true);
    this.#cancelReplacement();
    this.#cancelReplacement = this.#scope.after(REPLACED_MS, () => this.#end('REPLACED', null));
  }

  /** A refusal may be the first that is heard of it. */
  #heardOfEnd({ details: { call } }: CallError): boolean {
    if (call?.state !== 'ENDED') return false;
    if (call.endReason === 'REPLACED') this.#awaitReplacement();
    else this.#end(call.endReason, null);
    return true;
  }

  /** @param callId the call that the service still believes in */
  #fail(thrown: unknown, callId: string | null): void {
    if (this.#scope.closed) return;
    const error = callError(thrown);
    if (this.#heardOfEnd(error)) return;
    this.progress.error.set(error);
    const { isAnswered } = this.progress;
    const mediaFailed = error.code === 'MEDIA_FAILED';
    const told = callId === null ? null : tellFailed(this.#services, callId, this.#leg.role, isAnswered, mediaFailed);
    this.#end(mediaFailed ? 'MEDIA_FAILED' : null, told);
  }

  #end(reason: EndReason, told: Told | null): void {
    if (this.#scope.closed) return;
    this.#release();
    this.progress.end(reason);
    this.#keeper.over(this, told);
  }

  /** The user's word was taken at once; what the service makes of it counts: a cancel may have met an answer. */
  #refine(call: CallFieldsFragment | null): void {
    if (call?.state === 'ENDED' && this.progress.isOver) this.progress.endReason.set(call.endReason);
  }

  #release(): void {
    this.#scope.close();
    this.#leg.close();
    this.local.close();
    this.remote.close();
  }
}
