import type { Call } from './call.js';
import type { Kept } from './kept.js';
import type { LiveCall } from './live-call.js';
import type { Cell } from './observable.js';
import { userCall } from './user-call.js';

/** Calls that are over here, and may be told of again. */
const FINISHED_KEPT = 100;

/** The calls of a client that are not over, as it goes on with them and as its user sees them, and by which ids they go. */
export class CallList {
  readonly #calls: Cell<readonly Call[]>;
  readonly #incoming: Cell<Call | null>;
  readonly #kept: Kept;
  readonly #live = new Map<LiveCall, Call>();
  readonly #byId = new Map<string, LiveCall>();
  #finished: readonly string[] = [];

  /** @param calls, incoming kept up to date */
  constructor(calls: Cell<readonly Call[]>, incoming: Cell<Call | null>, kept: Kept) {
    this.#calls = calls;
    this.#incoming = incoming;
    this.#kept = kept;
  }

  get live(): readonly LiveCall[] {
    return [...this.#live.keys()];
  }

  /** By the ids that the service has, or had, for them. */
  get named(): ReadonlyMap<string, LiveCall> {
    return this.#byId;
  }

  /** Whether it is here, or was. */
  knows(callId: string): boolean {
    return this.#byId.has(callId) || this.#finished.includes(callId);
  }

  callOf(live: LiveCall): Call {
    return this.#live.get(live)!;
  }

  add(live: LiveCall): Call {
    const call = userCall(live);
    this.#live.set(live, call);
    this.show();
    return call;
  }

  /** @param callId one that it goes by, beside those that it has */
  name(live: LiveCall, callId: string): void {
    this.#byId.set(callId, live);
  }

  /** It goes by no id any more: neither that of the call that it was, nor that of the one before. */
  unname(live: LiveCall): void {
    for (const [callId, other] of this.#byId) {
      if (other !== live) continue;
      this.#byId.delete(callId);
      this.#kept.release(callId);
      this.#finished = [...this.#finished, callId].slice(-FINISHED_KEPT);
    }
  }

  remove(live: LiveCall): void {
    this.unname(live);
    this.#live.delete(live);
    this.show();
  }

  clear(): void {
    this.#live.clear();
    this.show();
  }

  show(): void {
    const calls = [...this.#live.values()];
    const { length } = this.#calls.value;
    if (calls.length !== length || calls.some((call, at) => call !== this.#calls.value[at])) this.#calls.set(calls);
    const asking = [...this.#live].filter(([live]) => live.ringing.asks).map(([, call]) => call);
    this.#incoming.set(asking.at(-1) ?? null);
  }
}
