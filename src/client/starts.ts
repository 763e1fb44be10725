import type { LiveCall } from './live-call.js';
import type { CallEvent } from './stream.js';

export type EventOfCall = Exclude<CallEvent, { __typename: 'StreamReady' | 'StreamClosed' }>;

/** Calls that the service has been asked for and has not named yet, and the events that may turn out to be theirs. */
export class Starts {
  readonly #take: (event: EventOfCall) => void;
  readonly #accounts = new Map<LiveCall, string>();
  #early: EventOfCall[] = [];

  /** @param take told of events that came too early, once it is known whose they are */
  constructor(take: (event: EventOfCall) => void) {
    this.#take = take;
  }

  get isEmpty(): boolean {
    return this.#accounts.size === 0;
  }

  has(live: LiveCall): boolean {
    return this.#accounts.has(live);
  }

  /** Whether this account is being called. */
  isCalling(account: string): boolean {
    return [...this.#accounts.values()].includes(account);
  }

  /** @param asked until the service has answered; never rejects */
  async begin(live: LiveCall, asked: Promise<void>): Promise<void> {
    this.#accounts.set(live, live.about.account);
    await asked;
    this.#accounts.delete(live);
    this.#retake(() => true);
  }

  /** Of a call that is not known yet. */
  wait(event: EventOfCall): void {
    this.#early.push(event);
  }

  named(live: LiveCall, callId: string): void {
    this.#accounts.delete(live);
    this.#retake((event) => callIdOf(event) === callId);
  }

  #retake(which: (event: EventOfCall) => boolean): void {
    const early = this.#early;
    this.#early = early.filter((event) => !which(event));
    for (const event of early) if (which(event)) this.#take(event);
  }
}

function callIdOf(event: EventOfCall): string {
  return 'callId' in event ? event.callId : event.call.id;
}
