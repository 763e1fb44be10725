import type { CallStatus } from './call.js';
import { CallError } from './errors.js';
import type { CallEndReason, CallState } from './generated/types.js';
import { Cell } from './observable.js';

/** A call goes forward only: what arrives late says nothing new. An unknown state has no rank, and is not gone to. */
const RANKS: Readonly<Record<CallStatus, number>> = {
  STARTING: 0,
  INITIATED: 1,
  RINGING: 2,
  CONNECTING: 3,
  ACTIVE: 4,
  RECONNECTING: 4,
  ENDED: 5,
};

/** How far a call has come. */
export class Progress {
  readonly state: Cell<CallStatus>;
  readonly endReason = new Cell<CallEndReason | null>(null);
  readonly error = new Cell<CallError | null>(null);

  constructor(state: CallStatus) {
    this.state = new Cell(state);
  }

  get rank(): number {
    return RANKS[this.state.value];
  }

  /** It rings, and nobody here has heard of an answer. */
  get isRinging(): boolean {
    return this.rank === RANKS.INITIATED || this.rank === RANKS.RINGING;
  }

  get isAnswered(): boolean {
    return this.rank >= RANKS.CONNECTING && !this.isOver;
  }

  get isOver(): boolean {
    return this.state.value === 'ENDED';
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
  reach(state: CallState, live: boolean): void {
    const rank = RANKS[state] ?? 0;
    if (rank > this.rank || (live && rank === this.rank && !this.isOver)) this.state.set(state);
  }

  end(reason: CallEndReason | null): void {
    if (this.isOver) return;
    this.endReason.set(reason);
    this.state.set('ENDED');
  }
}
