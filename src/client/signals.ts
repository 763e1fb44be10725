import { callError, notConnected } from './errors.js';
import { backoffMs } from './retry.js';
import { delay } from './scope.js';
import type { IceCandidateInput, SdpType } from './generated/types.js';

/** Candidates are found in bursts: those of so many milliseconds go together. */
const GATHER_MS = 30;
/** The protocol's `candidatesPerMutation`. */
const BATCH_MAX = 50;
/** Signals that are kept in case that the service asks for them again. */
const SENT_KEPT = 100;
/** A service that asks for other numbers again and again is not going to take them. */
const RENUMBERED_MAX = 3;

export type Signal =
  | { readonly type: SdpType; readonly sdp: string; readonly inReplyTo: string | null }
  | { readonly candidates: readonly IceCandidateInput[]; readonly endOfCandidates: boolean };

export interface SignalReceipt {
  readonly clientSeq: number;
  /** That the service has given to a description. */
  readonly descriptionId?: string | null;
}

/**
 * Sends one signal, again and again until it is answered.
 *
 * @throws CallError
 */
export type SendSignal = (callId: string, clientSeq: number, signal: Signal) => Promise<SignalReceipt>;

interface Queued {
  readonly signal: Signal;
  readonly resolve: (receipt: SignalReceipt) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * What a device has to say in one call after the invite: in order, one at a time, numbered, each until it is taken. What is
 * found while one is under way goes with the next.
 */
export class Signals {
  readonly #send: SendSignal;
  readonly #signal: AbortSignal;
  #queue: Queued[] = [];
  #sent: { readonly seq: number; readonly item: Queued }[] = [];
  #callId: string | null = null;
  #seq = 1;
  #renumbered = 0;
  #running = false;

  /** @param signal nothing is sent once it has aborted */
  constructor(send: SendSignal, signal: AbortSignal) {
    this.#send = send;
    this.#signal = signal;
  }

  /** From now on signals can be sent. @param nextClientSeq of the call as this device sees it */
  bind(callId: string, nextClientSeq: number): void {
    this.#callId = callId;
    this.#seq = nextClientSeq;
    void this.#run();
  }

  /**
   * @returns resolves when it was taken
   * @throws CallError the service does not want it
   */
  push(signal: Signal): Promise<SignalReceipt> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ signal, resolve, reject });
      void this.#run();
    });
  }

  async #run(): Promise<void> {
    if (this.#running || this.#callId === null) return;
    this.#running = true;
    while (this.#queue[0] && !this.#signal.aborted) {
      if (this.#queue.every(({ signal }) => isUnfinished(signal))) await delay(GATHER_MS, this.#signal);
      if (!this.#signal.aborted) await this.#sendNext(this.#callId);
    }
    this.#running = false;
    if (this.#signal.aborted) for (const { reject } of this.#queue.splice(0)) reject(notConnected());
  }

  async #sendNext(callId: string): Promise<void> {
    const item = this.#take();
    const seq = this.#seq;
    try {
      const receipt = await this.#send(callId, seq, item.signal);
      this.#seq = seq + 1;
      this.#renumbered = 0;
      this.#sent = [...this.#sent, { seq, item }].slice(-SENT_KEPT);
      item.resolve(receipt);
    } catch (thrown) {
      const error = callError(thrown);
      const expected = error.details.expectedClientSeq;
      if (expected !== undefined && this.#renumbered < RENUMBERED_MAX) {
        await delay(backoffMs(this.#renumbered++), this.#signal);
        this.#goOnFrom(expected, item);
        return;
      }
      // No other refusal uses the number up.
      if (error.code === 'CALL_SIGNAL_STALE') this.#seq = seq + 1;
      item.reject(error);
    }
  }

  /** The service has other numbers: it lost what it had taken, or somebody of this device used them. */
  #goOnFrom(expected: number, item: Queued): void {
    const lost = this.#sent.filter(({ seq }) => seq >= expected).map((sent) => sent.item);
    this.#sent = this.#sent.filter(({ seq }) => seq < expected);
    this.#queue.unshift(...lost, item);
    this.#seq = expected;
  }

  /** The next signal; candidates that follow each other are one. */
  #take(): Queued {
    const first = this.#queue.shift()!;
    const items = [first];
    let { signal } = first;
    for (let next = this.#queue[0]; next; next = this.#queue[0]) {
      if (!isUnfinished(signal) || !('candidates' in next.signal)) break;
      const candidates = [...signal.candidates, ...next.signal.candidates];
      if (candidates.length > BATCH_MAX) break;
      signal = { candidates, endOfCandidates: next.signal.endOfCandidates };
      items.push(this.#queue.shift()!);
    }
    return {
      signal,
      resolve: (receipt) => items.forEach((item) => item.resolve(receipt)),
      reject: (error) => items.forEach((item) => item.reject(error)),
    };
  }
}

/** Whether others may be added. */
function isUnfinished(signal: Signal): signal is Extract<Signal, { candidates: unknown }> {
  return 'candidates' in signal && !signal.endOfCandidates;
}
