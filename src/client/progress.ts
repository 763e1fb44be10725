import type { CallStatus } from './call.js';
import { CallError } from './errors.js';
import type { CallEndReason, CallState } from './generated/types.js';
import { Cell } from './observable.js';

/** How far a call is, whoever leads it. */
export type Stage = Exclude<CallStatus, 'DETACHED'>;

/** A call goes forward only: what arrives late says nothing new. An unknown state has no rank, and is not gone to. */
const RANKS: Readonly<Record<Stage, number>> = {
  STARTING: 0,
  INITIATED: 1,
  RINGING: 2,
  CONNECTING: 3,
  ACTIVE: 4,
  RECONNECTING: 4,
  ENDED: 5,
};

/** It rings, as the service sees it. */
export function isRinging(state: CallState): boolean {
  return state === 'INITIATED' || state === 'RINGING';
}

/** How far a call has come. */
export class Progress {
  readonly state: Cell<CallStatus>;
  readonly endReason = new Cell<CallEndReason | null>(null);
  readonly error = new Cell<CallError | null>(null);
  #stage: Stage;
  #detached = false;

  constructor(stage: Stage) {
    this.#stage = stage;
    this.state = new Cell<CallStatus>(stage);
  }

  get rank(): number {
    return RANKS[this.#stage];
  }

  /** This page does not lead it. */
  get isDetached(): boolean {
    return this.#detached && !this.isOver;
  }

  /** It rings, and nobody here has heard of an answer. */
  get isRinging(): boolean {
    return this.rank === RANKS.INITIATED || this.rank === RANKS.RINGING;
  }

  get isAnswered(): boolean {
    return this.rank >= RANKS.CONNECTING && !this.isOver;
  }

  get isOver(): boolean {
    return this.#stage === 'ENDED';
  }

  /** What is asked for now is refused with, in the words of the service; null while the call goes on. */
  get refusal(): CallError | null {
    if (!this.isOver) return null;
    const endReason = this.endReason.value;
    const code = endReason === 'ANSWERED_ELSEWHERE' ? 'CALL_ANSWERED_ELSEWHERE' : 'CALL_ENDED';
    return new CallError(code, 'The call has ended.', { call: { state: 'ENDED', endReason } });
  }

  /**
   * @param live told by the stream, which tells in order; an answer to a mutation may be older than what was told since, and
   *   does not lead from ACTIVE to RECONNECTING or back
   */
  reach(stage: Stage, live: boolean): void {
    const rank = RANKS[stage] ?? 0;
    if (rank > this.rank || (live && rank === this.rank && !this.isOver)) this.#show(stage, this.#detached);
  }

  detach(): void {
    this.#show(this.#stage, true);
  }

  /** This page leads it again. @param stage where it begins anew; where it is, when it is left out */
  attach(stage = this.#stage): void {
    if (!this.isOver) this.#show(stage, false);
  }

  end(reason: CallEndReason | null): void {
    if (this.isOver) return;
    this.endReason.set(reason);
    this.#show('ENDED', false);
  }

  #show(stage: Stage, detached: boolean): void {
    this.#stage = stage;
    this.#detached = detached;
    this.state.set(detached && stage !== 'ENDED' ? 'DETACHED' : stage);
  }
}
