import type { Clock, EventSink } from '../ports.js';
import type { Call } from './call.js';
import { wakeUpExpiresAt } from './deadline.js';
import type { Appended, Change } from './log.js';
import type { AccountIndex, SendWakeUp, WakeBus, WakeUp } from './ports.js';
import { isRinging } from './state.js';
import type { EndReason } from './state.js';

/** What a woken device hears when nobody answered: it was missed, unless somebody put an end to the ringing. */
const MISSED: readonly EndReason[] = ['NO_ANSWER', 'UNREACHABLE', 'BUSY'];

export interface NotifierParts {
  readonly bus: WakeBus;
  readonly index: AccountIndex;
  readonly events: EventSink;
  readonly sendWakeUp: SendWakeUp;
  readonly clock: Clock;
}

/** Tells the world what a commit has made true. By then it is in the log: what is lost here, a reader finds there. */
export class Notifier {
  readonly #parts: NotifierParts;

  constructor(parts: NotifierParts) {
    this.#parts = parts;
  }

  /**
   * Rings: once the call is created, and again when its start is repeated, as the first time may have been cut short.
   *
   * @param now what the store's clock said
   */
  ring(call: Call, now: number): void {
    this.#parts.bus.wake(accountsOf(call), call.id);
    this.#wakeDevices(call, now, 'INVITE', null);
  }

  /**
   * @param before null: the call is new
   * @param now what the store's clock said
   */
  committed(before: Call | null, { call: after, entries }: Pick<Change, 'call' | 'entries'>, now: number): void {
    if (before === null) {
      this.#emit('call.started', after);
      this.ring(after, now);
      return;
    }
    // A device that was given a leg has everything to read that the others have read before.
    if (after.legs.length > before.legs.length) this.#parts.bus.wake([after.calleeAccountId], after.id);
    if (entries.length > 0) this.#tell({ entries, before, after });
    if (before.winner === null && after.winner !== null) {
      this.#emit('call.answered', after);
      this.#wakeDevices(after, now, 'CANCEL', 'ANSWERED_ELSEWHERE');
    }
    if (before.state !== 'ENDED' && after.state === 'ENDED') this.#ended(before, after, now);
    if (!before.purged && after.purged) this.#tidy(this.#parts.index.retire(accountsOf(after), after.id));
  }

  /** A commit failed that may have been made all the same: those whom it would have told look. */
  doubted(call: Call): void {
    this.#parts.bus.wake(accountsOf(call), call.id);
  }

  #ended(before: Call, after: Call, now: number): void {
    this.#emit('call.ended', after);
    const reason = after.endReason;
    if (isRinging(before.state) && reason !== null)
      this.#wakeDevices(after, now, MISSED.includes(reason) ? 'MISSED' : 'CANCEL', reason);
    this.#tidy(this.#parts.index.freePlace(after.caller.accountId, after.id));
  }

  /** Only those are woken who are told something: the sender of a signal, for one, is not. */
  #tell(appended: Appended & { readonly after: Call }): void {
    const { entries, after } = appended;
    const told = accountsOf(after).filter((accountId) =>
      accountId === after.caller.accountId
        ? entries.some(({ audience }) => audience.caller)
        : entries.some(({ audience }) => audience.legs === 'ALL' || audience.legs.length > 0),
    );
    this.#parts.bus.wake(told, after.id, appended);
  }

  #wakeDevices(call: Call, now: number, kind: WakeUp['kind'], reason: EndReason | null): void {
    const { id, calleeAccountId, media } = call;
    const { sendWakeUp, clock } = this.#parts;
    // Told by the clock of those who read it here: the store's may be another machine's, or older than a change of the time.
    const expiresAt = clock.now() + wakeUpExpiresAt(call, kind) - now;
    const wakeUp = { kind, callId: id, accountId: calleeAccountId, media, expiresAt };
    for (const leg of call.legs) {
      if (!leg.woken || leg.deviceId === call.winner || leg.status === 'REVOKED') continue;
      // Who declined knows; the other devices hear that another one did.
      if (reason === 'DECLINED' && leg.status === 'DECLINED') continue;
      sendWakeUp({ ...wakeUp, deviceId: leg.deviceId, reason: toOthers(reason) });
    }
    if (call.accountWoken) sendWakeUp({ ...wakeUp, deviceId: call.calleeDeviceId, reason: toOthers(reason) });
  }

  #emit(event: 'call.started' | 'call.answered' | 'call.ended', call: Call): void {
    const { createdAt, answeredAt, connectedAt, endedAt, endReason } = call;
    const rangUntil = answeredAt ?? endedAt;
    this.#parts.events.emit({
      event,
      callId: call.id,
      callerAccountId: call.caller.accountId,
      calleeAccountId: call.calleeAccountId,
      media: call.media,
      endReason,
      ringMs: rangUntil === null ? null : Math.max(0, rangUntil - createdAt),
      talkMs: endedAt === null ? null : connectedAt === null ? 0 : Math.max(0, endedAt - connectedAt),
    });
  }

  /** The index can be put right by whoever reads it, so that a move that was committed neither fails nor waits for its sake. */
  #tidy(work: Promise<void>): void {
    work.catch(() => undefined);
  }
}

function toOthers(reason: EndReason | null): EndReason | null {
  return reason === 'DECLINED' ? 'DECLINED_ELSEWHERE' : reason;
}

/** @returns the accounts that may hear of the call. */
export function accountsOf(call: Call): readonly string[] {
  return call.silent ? [call.caller.accountId] : [call.caller.accountId, call.calleeAccountId];
}
