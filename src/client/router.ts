import type { AnswerOptions, Call, StartOptions } from './call.js';
import type { CallList } from './call-list.js';
import { CallDocument } from './generated/documents.js';
import type { CallFieldsFragment } from './generated/types.js';
import type { CallKeeper } from './keeper.js';
import type { HeldCall, Kept } from './kept.js';
import { LiveCall } from './live-call.js';
import { isRinging } from './progress.js';
import type { Services } from './services.js';
import { Starts } from './starts.js';
import type { EventOfCall } from './starts.js';
import type { CallEvent, EventOf } from './stream.js';
import { tellHungUp } from './telling.js';

export interface RouterParts {
  readonly services: Services;
  readonly kept: Kept;
  readonly list: CallList;
  /** Takes the device's stream back from where it went elsewhere. */
  readonly takeBack: () => void;
}

/** Brings together the events of the stream and the calls that they are about. */
export class Router implements CallKeeper {
  readonly #services: Services;
  readonly #kept: Kept;
  readonly #list: CallList;
  readonly #takeBack: () => void;
  readonly #starts = new Starts((event) => this.take(event));
  /** Calls of the page before it was loaded again. */
  readonly #had: Map<string, HeldCall>;
  #begun = false;

  constructor(parts: RouterParts) {
    this.#services = parts.services;
    this.#kept = parts.kept;
    this.#list = parts.list;
    this.#takeBack = parts.takeBack;
    this.#had = new Map(parts.kept.calls);
  }

  start(account: string, options: StartOptions): Call {
    const { media, attachment = null } = options;
    const open = this.#list.live.find(
      (live) => live.about.account === account && (live.ringing.rings || live.canRejoin),
    );
    if (open) {
      const call = this.#list.callOf(open);
      // Its user calls back instead of answering, or calls again instead of going on.
      void (open.ringing.rings ? call.answer(options) : call.rejoin(options));
      return call;
    }
    const about = { direction: 'outgoing', account, media, attachment } as const;
    const live = new LiveCall(this.#services, this, about, 'STARTING');
    const call = this.#list.add(live);
    // By its account, until the service has named it: a page that is left meanwhile could not connect it.
    this.#kept.hold(account, { account, media, hungUp: true });
    this.#had.delete(account);
    void this.#starts.begin(live, live.begin(options)).then(() => this.#kept.release(account));
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
        if (call.viewerRole === 'CALLER' && this.#starts.isEmpty) this.#takeUp(call);
        return;
      }
      case 'DescriptionReceived':
      case 'IceCandidatesReceived':
        return this.#find(event.callId, event)?.receive(event);
      case 'StreamClosed':
        // Nothing else is heard of the calls of a device that was removed.
        if (event.reason === 'DEVICE_REVOKED') for (const live of this.#list.live) live.lost('DEVICE_REVOKED');
        if (event.reason === 'TAKEN_OVER') this.#detach();
    }
  }

  /** The page is left. @param hangsUp also calls that were answered */
  leave(hangsUp: boolean): void {
    for (const live of this.#list.live) live.leave(hangsUp);
  }

  /** The page that was left is shown again as it was. */
  comeBack(): void {
    for (const { leg } of this.#list.live) leg.comeBack();
  }

  close(): void {
    for (const live of this.#list.live) live.close();
    this.#list.clear();
  }

  bound(live: LiveCall, callId: string): void {
    this.#list.unname(live);
    this.#list.name(live, callId);
    this.#hold(live, callId);
    this.#starts.named(live, callId);
  }

  changed(): void {
    this.#list.show();
  }

  knows(callId: string): boolean {
    return this.#list.knows(callId);
  }

  over(live: LiveCall, told: Promise<unknown> | null): void {
    const { id } = live;
    const { account, media } = live.about;
    this.#list.remove(live);
    if (id !== null && told) this.#keepUntil(told, id, { account, media, hungUp: true });
  }

  async rejoin(live: LiveCall, { media = live.about.media, stream }: AnswerOptions): Promise<void> {
    this.#takeBack();
    const { id } = live;
    // What this page still has goes on as soon as the stream is back.
    if (id === null || !live.canRejoin) return;
    this.#hold(live, id);
    await this.#starts.begin(live, live.takeUp({ media, ...(stream && { stream }) }));
  }

  #invited(event: EventOf<'CallInvited'>): void {
    const { call, offer } = event;
    const account = call.caller.account.id;
    if (call.state === 'ENDED' || this.#list.knows(call.id)) return;
    const replaced = call.replacesCallId === null ? undefined : this.#list.named.get(call.replacesCallId);
    // One that this page does not lead is not gone on with before its user is asked.
    if (replaced?.progress.isDetached) replaced.lost('REPLACED');
    else if (replaced && !this.#starts.has(replaced)) return replaced.replaced(call, offer);
    // Both call each other at this moment, or both come back: the service is about to say which of the two calls it is.
    if (this.#starts.isCalling(account)) return this.#starts.wait(event);
    const about = { direction: 'incoming', account, media: call.media, attachment: call.attachment } as const;
    const live = new LiveCall(this.#services, this, about, call.state);
    this.#list.add(live);
    live.invited(call, offer);
    // The other side came back first: its user, and this one, are in that call already.
    if (call.replacesCallId !== null && this.#had.has(call.replacesCallId))
      void live.ringing.accept(call.media, undefined).catch(() => {});
  }

  /** With `resumed: false`, `openCalls` replaces what was known; else it says the same as the events that follow. */
  #ready({ resumed, openCalls }: EventOf<'StreamReady'>): void {
    const open = new Map(openCalls.map((call) => [call.id, call]));
    if (!this.#begun) this.#goOn(open);
    this.#begun = true;
    for (const [callId, live] of this.#list.named) {
      const call = open.get(callId);
      if (call && live.attach()) this.#hold(live, callId);
      if (resumed) continue;
      if (call) live.apply(call, true);
      else void this.#askAbout(callId, live);
    }
    for (const call of openCalls) this.#discover(call);
  }

  /** A call that this device holds, and that no page leads any more, or another one than this. */
  #discover(call: CallFieldsFragment): void {
    const isOwn = call.viewerRole === 'CALLER' || !isRinging(call.state);
    if (!isOwn || this.#list.knows(call.id) || this.#kept.calls.has(call.id)) return;
    // It may be the very one that is being started.
    if (!this.#starts.isCalling(otherSideOf(call))) this.#list.add(this.#fromService(call));
  }

  #fromService(call: CallFieldsFragment): LiveCall {
    const { id, state, media, attachment, viewerRole } = call;
    const direction = viewerRole === 'CALLER' ? 'outgoing' : 'incoming';
    const about = { direction, account: otherSideOf(call), media, attachment } as const;
    const live = new LiveCall(this.#services, this, about, state);
    live.found(call);
    this.#list.name(live, id);
    return live;
  }

  /** The device's stream goes elsewhere: what becomes of its calls is told there. */
  #detach(): void {
    for (const live of this.#list.live) live.detach();
    for (const [callId, { progress }] of this.#list.named) if (progress.isAnswered) this.#kept.release(callId);
  }

  /** Not among the open calls: the service knows how it ended, or nothing of it. */
  async #askAbout(callId: string, live: LiveCall): Promise<void> {
    const { call } = await this.#services.run(CallDocument, { id: callId }).catch(() => ({ call: null }));
    if (call) live.apply(call, true);
    else if (live.id === callId) live.lost('SIGNALING_LOST');
  }

  /** After a reload: what the page had, and its peer connections are gone. */
  #goOn(open: ReadonlyMap<string, CallFieldsFragment>): void {
    for (const [key, held] of this.#had) {
      const isHeir = (other: CallFieldsFragment): boolean =>
        (other.replacesCallId ?? otherSideOf(other)) === key && other.viewerRole === 'CALLER';
      const call = open.get(key) ?? [...open.values()].find(isHeir);
      if (!call) this.#kept.release(key);
      else if (held.hungUp || (isRinging(call.state) && call.viewerRole === 'CALLER' && call.replacesCallId === null)) {
        this.#kept.release(key);
        this.#keepUntil(tellHungUp(this.#services, call.id, call.viewerRole), call.id, held);
      } else this.#takeUp(call);
    }
  }

  /**
   * Goes on with a call that a page had which was loaded again, or began in the place of one: by another in its place.
   */
  #takeUp(call: CallFieldsFragment): void {
    const { id, state, replacesCallId } = call;
    const before = replacesCallId ?? id;
    const held = this.#kept.calls.get(id) ?? this.#kept.calls.get(before);
    if (!held) return;
    this.#kept.release(before);
    if (state === 'ENDED') return this.#kept.release(id);
    this.#kept.hold(id, held);
    if (isRinging(call.state)) return;
    const known = this.#list.named.get(before);
    const live = known ?? this.#fromService(call);
    this.#list.name(live, id);
    void this.#starts.begin(live, live.takeUp({ media: held.media }, call));
    if (!known) this.#list.add(live);
  }

  /** What is over here, and the service may not know yet. */
  #keepUntil(told: Promise<unknown>, callId: string, held: HeldCall): void {
    this.#kept.hold(callId, held);
    void told.then(() => this.#kept.release(callId)).catch(() => {});
  }

  #hold(live: LiveCall, callId: string): void {
    const { account, media } = live.about;
    this.#kept.hold(callId, { account, media });
  }

  #find(callId: string, event: EventOfCall): LiveCall | undefined {
    const live = this.#list.named.get(callId);
    if (!live && !this.#starts.isEmpty) this.#starts.wait(event);
    return live;
  }
}

function otherSideOf({ viewerRole, caller, callee }: CallFieldsFragment): string {
  return (viewerRole === 'CALLER' ? callee : caller).account.id;
}
