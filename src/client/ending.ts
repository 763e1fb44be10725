import { callError } from './errors.js';
import type { CallError } from './errors.js';
import type { CallFieldsFragment } from './generated/types.js';
import type { Legs } from './legs.js';
import type { Progress } from './progress.js';
import { Scope } from './scope.js';
import type { Services } from './services.js';
import { tellFailed } from './telling.js';

/** The other side ended the call to start another in its place: that is on its way. */
const REPLACED_MS = 10_000;

export type EndReason = CallFieldsFragment['endReason'];
export type Told = Promise<CallFieldsFragment | null>;

export interface EndingParts {
  readonly services: Services;
  readonly progress: Progress;
  readonly legs: Legs;
  /** Lets go of everything that the call used. */
  readonly release: () => void;
  /** What the service holds still could not be taken up. */
  readonly letGo: (call: CallFieldsFragment) => void;
  /** @param told settles when the service has been told; null when it knows */
  readonly over: (told: Told | null) => void;
}

/** How a call comes to its end here, whoever says so first, or to another that takes its place. */
export class Ending {
  readonly #parts: EndingParts;
  readonly #scope = new Scope();
  #cancelReplacement = (): void => {};

  constructor(parts: EndingParts) {
    this.#parts = parts;
  }

  /** Aborts when the call is over. */
  get signal(): AbortSignal {
    return this.#scope.signal;
  }

  get isOver(): boolean {
    return this.#scope.closed;
  }

  end(reason: EndReason, told: Told | null): void {
    if (this.isOver) return;
    this.close();
    this.#parts.progress.end(reason);
    this.#parts.over(told);
  }

  /** Nobody is told. */
  close(): void {
    this.#scope.close();
    this.#parts.release();
  }

  /** The other side came back without its peer connection: its invite is on its way, or is there. */
  awaitReplacement(): void {
    const { progress, legs } = this.#parts;
    if (this.isOver) return;
    // The invite goes to another page, or rings here.
    if (progress.isDetached) return this.end('REPLACED', null);
    legs.leg.close();
    progress.reach('RECONNECTING', true);
    this.#cancelReplacement();
    this.#cancelReplacement = this.#scope.after(REPLACED_MS, () => this.end('REPLACED', null));
  }

  /** It goes on as another call. */
  replaced(): void {
    this.#cancelReplacement();
  }

  /** A refusal may be the first that is heard of it. */
  heardOf({ details: { call } }: CallError): boolean {
    if (call?.state !== 'ENDED') return false;
    if (call.endReason === 'REPLACED') this.awaitReplacement();
    else this.end(call.endReason, null);
    return true;
  }

  fail(thrown: unknown): void {
    if (this.isOver) return;
    const error = callError(thrown);
    if (this.heardOf(error)) return;
    const { services, progress, legs, letGo } = this.#parts;
    progress.error.set(error);
    if (legs.before) return letGo(legs.before);
    const { id, role } = legs.leg;
    const mediaFailed = error.code === 'MEDIA_FAILED';
    const told = id === null ? null : tellFailed(services, id, role, progress.isAnswered, mediaFailed);
    this.end(mediaFailed ? 'MEDIA_FAILED' : null, told);
  }

  /** The user's word was taken at once; what the service makes of it counts: a cancel may have met an answer. */
  refine(call: CallFieldsFragment | null): void {
    const { progress } = this.#parts;
    if (call?.state === 'ENDED' && progress.isOver) progress.endReason.set(call.endReason);
  }
}
