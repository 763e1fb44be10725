import type { Call, StartOptions } from './call.js';
import { CallDocument } from './generated/documents.js';
import type { CallFieldsFragment } from './generated/types.js';
import type { CallKeeper } from './keeper.js';
import type { Kept } from './kept.js';
import { LiveCall } from './live-call.js';
import type { Cell } from './observable.js';
import type { Services } from './services.js';
import type { CallEvent, EventOf } from './stream.js';
import { tellHungUp } from './telling.js';
import { userCall } from './user-call.js';

/** Calls that are over here, and may be told of again. */
const FINISHED_KEPT = 100;

type EventOfCall = Exclude<CallEvent, { __typename: 'StreamReady' | 'StreamClosed' }>;

/** Brings together the events of the stream and the calls that they are about. */
export class Router implements CallKeeper {
  readonly #services: Services;
  readonly #kept: Kept;
  readonly #calls: Cell<readonly Call[]>;
  readonly #incoming: Cell<Call | null>;
  readonly #live = new Map<LiveCall, Call>();
  readonly #byId = new Map<string, LiveCall>();
  #finished: readonly string[] = [];
  /** Accounts that are being called, without an answer from the service yet. */
  readonly #starting = new Map<LiveCall, string>();
  /** Of calls that are not known yet: a start may turn out to be theirs. */
  #early: EventOfCall[] = [];
  /** Calls of the page before it was loaded again. */
  readonly #had: ReadonlySet<string>;
  #begun = false;

  constructor(services: Services, kept: Kept, calls: Cell<readonly Call[]>, incoming: Cell<Call | null>) {
    this.#services = services;
    this.#kept = kept;
    this.#had = new Set(kept.calls.keys());
    this.#calls = calls;
    this.#incoming = incoming;
  }

  start(account: string, options: StartOptions, replacesCallId?: string): Call {
    const { media, attachment = null } = options;
    const ringing = [...this.#live].find(([live]) => live.rings && live.about.account === account);
    if (ringing && !replacesCallId) {
      // Its user calls back instead of answering.
      void ringing[1].answer(options);
      return ringing[1];
    }
    const about = { direction: 'outgoing', account, media, attachment } as const;
    const live = new LiveCall(this.#services, this, about, replacesCallId ? 'RECONNECTING' : 'STARTING');
    const call = this.#add(live);
    this.#begin(live, options, replacesCallId);
    return call;
  }

  take(event: CallEvent): void {
    switch (event.__typename) {
      case 'StreamReady':
        return this.#ready(event);
      case 'CallInvited':
        return this.#invited(event);
      case 'CallStateChanged': {
        const { call } = event;
        const live = this.#find(call.id, event);
        if (live) return live.apply(call, true);
        if (call.viewerRole === 'CALLER' && this.#starting.size === 0) this.#takeUp(call);
        return;
      }
      case 'DescriptionReceived':
      case 'IceCandidatesReceived':
        return this.#find(event.callId, event)?.receive(event);
      case 'StreamClosed':
        // Nothing else is heard of the calls of a device that was removed.
        if (event.reason === 'DEVICE_REVOKED') for (const live of this.#live.keys()) live.lost('DEVICE_REVOKED');
    }
  }

  close(): void {
    for (const live of this.#live.keys()) live.close();
    this.#live.clear();
    this.#show();
  }

  bound(live: LiveCall, callId: string): void {
    this.#forget(live);
    this.#byId.set(callId, live);
    const { account, media } = live.about;
    this.#kept.hold(callId, { account, media });
    this.#starting.delete(live);
    this.#retake((event) => idOf(event) === callId);
  }

  changed(): void {
    this.#show();
  }

  over(live: LiveCall, told: Promise<unknown> | null): void {
    const callId = live.leg.id;
    told?.catch(() => {});
    this.#forget(live);
    if (callId !== null && told) {
      const { account, media } = live.about;
      this.#kept.hold(callId, { account, media, hungUp: true });
      told.then(
        () => this.#kept.release(callId),
        () => {},
      );
    }
    this.#live.delete(live);
    this.#show();
  }

  #invited(event: EventOf<'CallInvited'>): void {
    const { call, offer } = event;
    const account = call.caller.account.id;
    if (call.state === 'ENDED' || this.#byId.has(call.id) || this.#finished.includes(call.id)) return;
    const replaced = call.replacesCallId === null ? undefined : this.#byId.get(call.replacesCallId);
    if (replaced && !this.#starting.has(replaced)) return replaced.replaced(call, offer);
    // Both call each other at this moment, or both come back: the service is about to say which of the two calls it is.
    if ([...this.#starting.values()].includes(account)) return void this.#early.push(event);
    const about = { direction: 'incoming', account, media: call.media, attachment: call.attachment } as const;
    const live = new LiveCall(this.#services, this, about, call.state);
    this.#add(live);
    live.invited(call, offer);
    // The other side came back first: its user, and this one, are in that call already.
    if (call.replacesCallId !== null && this.#had.has(call.replacesCallId)) void live.accept({}).catch(() => {});
  }

  /** With `resumed: false`, `openCalls` replaces what was known; else it says the same as the events that follow. */
  #ready({ resumed, openCalls }: EventOf<'StreamReady'>): void {
    const open = new Map(openCalls.map((call) => [call.id, call]));
    if (!this.#begun) this.#goOn(open);
    this.#begun = true;
    if (resumed) return;
    for (const [callId, live] of this.#byId) {
      const call = open.get(callId);
      if (call) live.apply(call, true);
      else void this.#askAbout(callId, live);
    }
  }

  /** Not among the open calls: the service knows how it ended, or nothing of it. */
  async #askAbout(callId: string, live: LiveCall): Promise<void> {
    const { call } = await this.#services.run(CallDocument, { id: callId }).catch(() => ({ call: null }));
    if (call) live.apply(call, true);
    else if (live.leg.id === callId) live.lost('SIGNALING_LOST');
  }

  /** After a reload: what the page had, and its peer connections are gone. */
  #goOn(open: ReadonlyMap<string, CallFieldsFragment>): void {
    for (const [callId, { hungUp }] of [...this.#kept.calls]) {
      const isHeir = (other: CallFieldsFragment): boolean =>
        other.replacesCallId === callId && other.viewerRole === 'CALLER';
      const call = open.get(callId) ?? [...open.values()].find(isHeir);
      if (!call) this.#kept.release(callId);
      else if (hungUp || (isRinging(call) && call.viewerRole === 'CALLER' && call.replacesCallId === null)) {
        void tellHungUp(this.#services, call.id, call.viewerRole).then(
          () => this.#kept.release(callId),
          () => {},
        );
      } else this.#takeUp(call);
    }
  }

  /**
   * Goes on with a call that a page had which was loaded again, or that it had begun in the place of one and never heard of:
   * by another in its place, which there can be once it is answered.
   */
  #takeUp(call: CallFieldsFragment): void {
    const { id, state, replacesCallId } = call;
    const before = replacesCallId ?? id;
    const held = this.#kept.calls.get(id) ?? this.#kept.calls.get(before);
    if (!held) return;
    this.#kept.release(before);
    if (state === 'ENDED') return this.#kept.release(id);
    this.#kept.hold(id, held);
    if (isRinging(call)) return;
    const { account, media } = held;
    const live = this.#byId.get(before);
    if (live) this.#begin(live, { media }, id);
    else this.start(account, { media }, id);
  }

  #begin(live: LiveCall, options: StartOptions, replacesCallId?: string): void {
    this.#starting.set(live, live.about.account);
    if (replacesCallId) this.#byId.set(replacesCallId, live);
    void live.begin(options, replacesCallId).finally(() => this.#settled(live));
  }

  #find(callId: string, event: EventOfCall): LiveCall | undefined {
    const live = this.#byId.get(callId);
    if (!live && this.#starting.size > 0) this.#early.push(event);
    return live;
  }

  #settled(live: LiveCall): void {
    this.#starting.delete(live);
    this.#retake(() => true);
  }

  #retake(which: (event: EventOfCall) => boolean): void {
    const early = this.#early;
    this.#early = early.filter((event) => !which(event));
    for (const event of early) if (which(event)) this.take(event);
  }

  #add(live: LiveCall): Call {
    const call = userCall(live);
    this.#live.set(live, call);
    this.#show();
    return call;
  }

  /** It is none of these any more: the call that it was, or the one before a reload. */
  #forget(live: LiveCall): void {
    for (const [callId, other] of this.#byId) {
      if (other !== live) continue;
      this.#byId.delete(callId);
      this.#kept.release(callId);
      this.#finished = [...this.#finished, callId].slice(-FINISHED_KEPT);
    }
  }

  #show(): void {
    const calls = [...this.#live.values()];
    const { length } = this.#calls.value;
    if (calls.length !== length || calls.some((call, at) => call !== this.#calls.value[at])) this.#calls.set(calls);
    const asking = [...this.#live].filter(([live]) => live.asks).map(([, call]) => call);
    this.#incoming.set(asking.at(-1) ?? null);
  }
}

function isRinging({ state }: CallFieldsFragment): boolean {
  return state === 'INITIATED' || state === 'RINGING';
}

function idOf(event: EventOfCall): string {
  return 'callId' in event ? event.callId : event.call.id;
}
