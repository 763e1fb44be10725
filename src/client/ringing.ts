import type { AnswerOptions, Decline } from './call.js';
import type { Ending } from './ending.js';
import { callError, notPossible } from './errors.js';
import { ReportRingingDocument } from './generated/documents.js';
import type { CallFieldsFragment, CallMedia, DescriptionFieldsFragment } from './generated/types.js';
import type { Legs } from './legs.js';
import type { LocalMedia } from './local-media.js';
import type { Progress } from './progress.js';
import type { Services } from './services.js';
import { tellDeclined } from './telling.js';

const DECLINES = { everywhere: 'DECLINED', busy: 'BUSY', ignore: 'IGNORED' } as const satisfies Record<Decline, string>;

export interface RingingParts {
  readonly services: Services;
  readonly progress: Progress;
  readonly legs: Legs;
  readonly local: LocalMedia;
  readonly ending: Ending;
  /** Whether its user has to be asked may have changed. */
  readonly changed: () => void;
  readonly apply: (call: CallFieldsFragment) => void;
  readonly answer: (offer: DescriptionFieldsFragment) => Promise<void>;
}

/** A call that rings here, until its user has decided. */
export class Ringing {
  readonly #parts: RingingParts;
  /** What there is to answer, while nobody has. */
  #offer: DescriptionFieldsFragment | null = null;
  #ignored = false;

  constructor(parts: RingingParts) {
    this.#parts = parts;
  }

  /** Whether there is an offer to answer, be it here or on another page. */
  get isOffered(): boolean {
    return this.#offer !== null;
  }

  /** Whether it can be answered here. */
  get rings(): boolean {
    const { progress } = this.#parts;
    return this.#offer !== null && progress.isRinging && !progress.isDetached;
  }

  /** Whether its user has to be asked. */
  get asks(): boolean {
    return this.rings && !this.#ignored;
  }

  ask(offer: DescriptionFieldsFragment | null): void {
    this.#offer = offer;
    this.#parts.changed();
  }

  /** @throws CallError */
  async ring(): Promise<void> {
    const { services, legs, ending, apply } = this.#parts;
    const callId = legs.id;
    if (!this.asks || callId === null) throw notPossible('The call does not ring here.');
    apply((await services.run(ReportRingingDocument, { callId }, ending.signal)).reportRinging);
  }

  /** @throws CallError */
  async accept(media: CallMedia, stream: AnswerOptions['stream']): Promise<void> {
    const { progress, local, answer } = this.#parts;
    const offer = this.#offer;
    if (!offer || !progress.isRinging) throw notPossible('The call does not ring here.');
    this.ask(null);
    try {
      await local.open(media, stream);
    } catch (error) {
      progress.error.set(callError(error));
      this.ask(offer);
      throw error;
    }
    await answer(offer);
  }

  /** @throws CallError the service could not be told */
  async decline(how: Decline): Promise<void> {
    const { services, legs, ending, changed } = this.#parts;
    const callId = legs.id;
    const reason = DECLINES[how];
    if (!this.rings || callId === null) throw notPossible('The call does not ring here.');
    const told = tellDeclined(services, callId, reason);
    if (reason !== 'IGNORED') ending.end(reason, told);
    this.#ignored = true;
    changed();
    ending.refine(await told);
  }
}
