import { SignalingError } from '../errors.js';
import { LIMITS } from '../limits.js';
import type { PermitDecision, RateLimiter } from '../ports.js';
import type { Call, DeviceRef } from './call.js';
import { callIdOf, contentHash } from './ids.js';
import type { NewId, PairTag } from './ids.js';
import type { Ledger, Loaded } from './ledger.js';
import type { Change } from './log.js';
import { unchanged } from './log.js';
import type { Notifier } from './notifier.js';
import { conflictDetails, permit } from './permit.js';
import type { AccountIndex, CallStore, CallWrite, StartRecord } from './ports.js';
import type { Reach } from './reach.js';
import { adopt, callFromOther, callInTheWay, newCall, otherParty, replaceCall } from './start.js';
import type { Ring, StartCallInput } from './start.js';
import { isRinging } from './state.js';
import type { CallView } from './view.js';
import { viewOf } from './view.js';

/** REPLAYED: this very start was made before. ADOPTED: the callee was calling at the same moment; it is their call. */
export type StartOutcome = 'CREATED' | 'REPLAYED' | 'ADOPTED';

export interface StartedCall {
  readonly outcome: StartOutcome;
  readonly call: CallView;
  readonly offerId: string;
}

export interface StarterParts {
  readonly store: CallStore;
  readonly index: AccountIndex;
  readonly reach: Reach;
  readonly ledger: Ledger;
  readonly notifier: Notifier;
  readonly limiter: RateLimiter;
  readonly pairTag: PairTag;
  readonly newId: NewId;
}

/** The pair's slot as it reads now: every call settled. */
interface Pair {
  readonly version: number;
  readonly calls: readonly Loaded[];
  readonly time: Loaded['time'];
  readonly start: StartRecord | null;
}

/** One start, from its first attempt to the one that is committed. */
interface Attempt {
  readonly viewer: DeviceRef;
  readonly input: StartCallInput;
  readonly tag: string;
  readonly key: string;
  readonly hash: string;
  readonly callId: string;
  readonly offerId: string;
  /** Whom to ring: found out once, and the pair read again after that, because it takes its time. */
  ring: Ring | null;
  /** It holds one of its account's places for open calls. */
  placed: boolean;
}

const MAX_ATTEMPTS = 100;

/** A start takes no longer than this: a place that is older, without a call, was left by one that was cut off. */
const STARTING_MS = 60_000;

/** Starts calls: at most one open call a pair, whoever begins, however often it is tried, on however many nodes. */
export class Starter {
  readonly #parts: StarterParts;

  constructor(parts: StarterParts) {
    this.#parts = parts;
  }

  /**
   * @param input checked
   * @throws SignalingError CALL_SIGNAL_CONFLICT, CALL_STATE_CONFLICT, CALL_NOT_FOUND, CALL_ENDED, CALL_RATE_LIMITED,
   *   CALL_UNAVAILABLE
   */
  async start(viewer: DeviceRef, input: StartCallInput): Promise<StartedCall> {
    const { index, limiter, newId, pairTag } = this.#parts;
    const key = contentHash(viewer.accountId, viewer.deviceId, input.clientCallId);
    const { calleeAccountId, calleeDeviceId, media, offerSdp, replacesCallId, attachment } = input;
    const hash = contentHash(calleeAccountId, calleeDeviceId, media, offerSdp, replacesCallId, attachment);
    const tag = pairTag(viewer.accountId, calleeAccountId);
    // The callee may be another one this time, and so the slot: only the account itself can know that.
    const claim = await index.claimStart(viewer.accountId, key, { hash, callId: callIdOf(tag, newId()) });
    if (claim.hash !== hash) throw new SignalingError('CALL_SIGNAL_CONFLICT');
    const { callId } = claim;
    const attempt: Attempt = { viewer, input, tag, key, hash, callId, offerId: newId(), ring: null, placed: false };
    let permit: PermitDecision | null = null;
    try {
      for (let tries = 0; tries < MAX_ATTEMPTS; tries++) {
        const pair = await this.#pair(attempt);
        if (pair === null) continue;
        if (pair.start) {
          // The same start was on its way twice: it is one, and costs one permit.
          if (permit?.granted) await permit.giveBack();
          return await this.#replay(attempt, pair.start);
        }
        permit ??= await limiter.take(JSON.stringify(['startCall', viewer.accountId, calleeAccountId]), {
          max: LIMITS.startsPerPairAndMinute,
          windowSeconds: 60,
        });
        if (!permit.granted) throw new SignalingError('CALL_RATE_LIMITED', { retryAfterMs: permit.retryAfterMs });
        const started = await this.#try(attempt, pair);
        if (started) return started;
      }
      throw new SignalingError('CALL_UNAVAILABLE');
    } catch (error) {
      const ours = !(error instanceof SignalingError) || error.code === 'CALL_UNAVAILABLE';
      if (ours && permit?.granted) await permit.giveBack().catch(() => undefined);
      if (!ours) await this.#leavePlace(attempt);
      throw error;
    }
  }

  async #pair({ tag, key }: Attempt): Promise<Pair | null> {
    const { store, ledger } = this.#parts;
    const { time, version, calls, start } = await store.readPair(tag, key);
    const settled = await Promise.all(calls.map((call) => ledger.settled(call, time)));
    const current = settled.filter((call) => call !== null);
    return current.length === settled.length ? { time, version, calls: current, start } : null;
  }

  async #replay({ viewer }: Attempt, start: StartRecord): Promise<StartedCall> {
    const loaded = await this.#parts.ledger.load(start.callId);
    if (loaded === null) throw new SignalingError('CALL_NOT_FOUND');
    if (start.outcome === 'CREATED' && isRinging(loaded.call.state))
      this.#parts.notifier.ring(loaded.call, loaded.time.now);
    return started(start.outcome === 'CREATED' ? 'REPLAYED' : 'ADOPTED', loaded, viewer, start.offerId);
  }

  /** @returns null: look again, somebody was faster or time has passed */
  async #try(attempt: Attempt, pair: Pair): Promise<StartedCall | null> {
    const { viewer, input } = attempt;
    const calls = pair.calls.map(({ call }) => call);
    if (input.replacesCallId !== null) return this.#replace(attempt, pair, input.replacesCallId);
    const inTheWay = callInTheWay(calls, viewer);
    if (inTheWay) throw new SignalingError('CALL_STATE_CONFLICT', conflictDetails(inTheWay, viewer, pair.time));
    if (attempt.ring === null) {
      attempt.ring = await this.#parts.reach.ofAccount(viewer, input.calleeAccountId, input.calleeDeviceId);
      return null;
    }
    const theirs = attempt.ring.silent ? undefined : callFromOther(calls, viewer);
    return theirs ? this.#adopt(attempt, pair, theirs) : this.#create(attempt, pair, attempt.ring, null);
  }

  async #adopt(attempt: Attempt, pair: Pair, theirs: Call): Promise<StartedCall | null> {
    const { index, ledger, notifier } = this.#parts;
    const loaded = pair.calls.find(({ call }) => call === theirs);
    const offerId = theirs.pendingOffer?.description.id;
    if (!loaded || offerId === undefined) return null;
    const { viewer, input, key, hash, callId } = attempt;
    await index.keepStart(viewer.accountId, key, { hash, callId });
    const change = unchanged(adopt(theirs, viewer, input.calleeDeviceId, key, pair.time));
    const record = { hash, outcome: 'ADOPTED', callId: theirs.id, offerId } as const;
    const write = ledger.write(change, loaded);
    if (!(await this.#commit(attempt, pair, [write], record, ledger.lastMoment(loaded)))) return null;
    await this.#leavePlace(attempt);
    notifier.committed(theirs, change, pair.time.now);
    return started('ADOPTED', { ...loaded, call: change.call }, viewer, offerId);
  }

  async #replace(attempt: Attempt, pair: Pair, replacedId: string): Promise<StartedCall | null> {
    const replaced =
      pair.calls.find(({ call }) => call.id === replacedId) ?? (await this.#parts.ledger.load(replacedId));
    const { viewer, input } = attempt;
    if (!replaced) throw new SignalingError('CALL_NOT_FOUND');
    permit(replaced.call, viewer, 'replace', replaced.time);
    const other = otherParty(replaced.call, viewer);
    if (other.accountId !== input.calleeAccountId) throw new SignalingError('CALL_NOT_FOUND');
    attempt.ring ??= await this.#parts.reach.ofParty(other);
    return this.#create(attempt, pair, attempt.ring, replaced);
  }

  async #create(attempt: Attempt, pair: Pair, ring: Ring, replaced: Loaded | null): Promise<StartedCall | null> {
    const { index, ledger, notifier } = this.#parts;
    const { viewer, input, callId, offerId, key, hash } = attempt;
    const only = replaced ? otherParty(replaced.call, viewer).deviceId : input.calleeDeviceId;
    const asked = { ...input, calleeDeviceId: only };
    const created = newCall(callId, offerId, key, viewer, asked, ring, pair.time.now);
    const accounts = [viewer.accountId, ...(ring.silent ? [] : [input.calleeAccountId])];
    await this.#takePlace(viewer.accountId, callId, replaced, pair.time.now);
    attempt.placed = true;
    // Entered before it exists: a crash between the two leaves an entry that leads nowhere, not a call that nobody finds.
    // Nor is it taken back when another commit was faster, as that may have been this very start, on its way twice.
    await Promise.all([index.enter(accounts, callId), index.keepStart(viewer.accountId, key, { hash, callId })]);
    const record = { hash, outcome: 'CREATED', callId, offerId } as const;
    const writes = [ledger.write(created, pair)];
    let end: Change | null = null;
    if (replaced) {
      end = replaceCall(replaced.call, viewer, replaced.time);
      writes.push(ledger.write(end, replaced));
    }
    const notAfter = replaced && ledger.lastMoment(replaced);
    if (!(await this.#commit(attempt, pair, writes, record, notAfter))) return null;
    if (replaced && end) notifier.committed(replaced.call, end, replaced.time.now);
    notifier.committed(null, created, pair.time.now);
    return started('CREATED', { call: created.call, version: 1, time: pair.time }, viewer, offerId);
  }

  async #commit(
    { tag, viewer, key }: Attempt,
    pair: Pair,
    writes: readonly CallWrite[],
    record: StartRecord,
    notAfter: number | null,
  ): Promise<boolean> {
    const start = { pairVersion: pair.version, starter: viewer.accountId, key, record };
    const { store, notifier } = this.#parts;
    try {
      return (await store.commit(tag, { writes, start, notAfter })) === 'committed';
    } catch (error) {
      for (const { call } of writes) notifier.doubted(call);
      throw error;
    }
  }

  /** The start did not come to a call of its own, for certain. */
  async #leavePlace({ placed, viewer, callId }: Attempt): Promise<void> {
    if (placed) await this.#parts.index.freePlace(viewer.accountId, callId).catch(() => undefined);
  }

  /** One of the places for open calls; who replaces a call of its own has that one's place as well. */
  async #takePlace(accountId: string, callId: string, replaced: Loaded | null, now: number): Promise<void> {
    const { index, ledger } = this.#parts;
    const places = LIMITS.openCallsPerAccount + (replaced?.call.caller.accountId === accountId ? 1 : 0);
    const holders = await index.takePlace(accountId, callId, places);
    if (holders === null) return;
    const held = new Map(
      (await ledger.loadAll(holders.map((holder) => holder.callId))).map(({ call }) => [call.id, call]),
    );
    const over = holders.filter(({ callId: id, at }) => {
      const call = held.get(id);
      return call ? call.state === 'ENDED' : now - at > STARTING_MS;
    });
    await Promise.all(over.map((holder) => index.freePlace(accountId, holder.callId)));
    if (over.length === 0 || (await index.takePlace(accountId, callId, places)) !== null)
      throw new SignalingError('CALL_RATE_LIMITED');
  }
}

function started(outcome: StartOutcome, { call, time }: Loaded, viewer: DeviceRef, offerId: string): StartedCall {
  const view = viewOf(call, viewer, time);
  if (view === null) throw new SignalingError('CALL_NOT_FOUND');
  return { outcome, call: view, offerId };
}
