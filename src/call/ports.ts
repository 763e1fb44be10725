import type { Soon } from '../soon.js';
import type { Call, CallMedia, DeviceRef } from './call.js';
import type { StoreTime } from './deadline.js';
import type { Appended, LogEntry } from './log.js';
import type { EndReason } from './state.js';

/** A call and the version that a change of it must be made from. */
export interface StoredCall {
  readonly call: Call;
  /** 1 for a call just created, one more with each commit. */
  readonly version: number;
}

/** A call as its slot has it at this time; null: there is none. */
export interface CallRead {
  readonly time: StoreTime;
  readonly stored: StoredCall | null;
}

/** What a start came to, kept as long as its call so that a retry hears the same. */
export interface StartRecord {
  readonly hash: string;
  readonly outcome: 'CREATED' | 'ADOPTED';
  readonly callId: string;
  readonly offerId: string;
}

/** What a pair of accounts has in its slot, read in one step. */
export interface PairRead {
  readonly time: StoreTime;
  /** Changes with every start that is recorded; 0: there was none yet. */
  readonly version: number;
  /** The latest call that each of the two started: at most two. */
  readonly calls: readonly StoredCall[];
  /** What the start asked for came to. */
  readonly start: StartRecord | null;
}

export interface CallWrite {
  /** A call that reads `purged` takes its log along. */
  readonly call: Call;
  /** The version that it was made from; 0: it is new. */
  readonly expectedVersion: number;
  /** Appended to its log. */
  readonly entries: readonly LogEntry[];
  /** Positions of entries that leave its log. */
  readonly dropped: readonly number[];
  /** When {@link CallStore.due} is to name it, Unix milliseconds; null: never. */
  readonly dueAt: number | null;
  /** What that was before, where it is known: a call that is named too early is looked at, and scheduled anew. */
  readonly dueBefore?: number | null;
  /** When it goes, with its log and the records of its `startKeys`, Unix milliseconds; null: not yet. */
  readonly expiresAt: number | null;
}

/** Everything that one commit does in the slot of a pair. */
export interface SlotChange {
  readonly writes: readonly CallWrite[];
  /** A start to record under its key. When it created a call, that is from now on the latest that `starter` started. */
  readonly start: {
    readonly pairVersion: number;
    readonly starter: string;
    readonly key: string;
    readonly record: StartRecord;
  } | null;
  /** The last moment at which the change still holds, Unix milliseconds by the store's clock; null: at any time. */
  readonly notAfter: number | null;
}

/**
 * `stale`: something that the change was made from is not so any more; where {@link CallStore.recall} knows a call then, it is as
 * the store has it. `late`: it is past `notAfter`.
 */
export type CommitOutcome = 'committed' | 'stale' | 'late';

/**
 * Keeps calls and their logs. Everything of one pair of accounts is in one slot, and nothing is atomic over two. It has no
 * rules of its own: it answers only whether something was still so, and in time.
 *
 * Every method throws SignalingError CALL_UNAVAILABLE when the store cannot be reached, after 2 s at most.
 */
export interface CallStore {
  /** @param startKey names the start whose record is asked for */
  readPair(pairTag: string, startKey: string): Promise<PairRead>;

  /** @returns null for the call when there is none, also when the id is none of ours */
  read(callId: string): Soon<CallRead>;

  /**
   * The call as this process saw it last, without asking: it may have changed, so that only what comes to be committed counts.
   *
   * @returns null: it has to be read
   */
  recall?(callId: string): Soon<(CallRead & { readonly stored: StoredCall }) | null>;

  /** Does all of it in one atomic step, or nothing. */
  commit(pairTag: string, change: SlotChange): Soon<CommitOutcome>;

  /** Reads calls as {@link read} does, each pair's in one step. @returns what there is, in the order asked for */
  readAll(callIds: readonly string[]): Promise<readonly CallRead[]>;

  /** @returns the entries after a position that are held, in order, at most `limit`; none when the log is gone */
  log(callId: string, afterPosition: number, limit: number): Promise<readonly LogEntry[]>;

  /** @returns ids of calls whose `dueAt` is past, the longest past first */
  due(limit: number): Promise<readonly string[]>;

  /** Sets anew when a call is due; null: it is gone, or needs no more looking at. */
  schedule(callId: string, dueAt: number | null): Promise<void>;

  /**
   * The service is up: to be called twice a second. Once it has been, more than 5 s without it read as an outage, which
   * deadlines do not count.
   */
  beat(): Promise<void>;

  close(): Promise<void>;
}

/** A call in the index of an account. */
export interface IndexedCall {
  readonly callId: string;
  /** When it was entered, shortly before the call was created; Unix milliseconds. */
  readonly at: number;
  /** For how long by now, by the index's own clock, in milliseconds. */
  readonly ageMs: number;
  /** Its log is still held. */
  readonly live: boolean;
}

/** What a start is, and the id of the call that it may come to: one id however often, and wherever, it is tried. */
export interface StartClaim {
  readonly hash: string;
  readonly callId: string;
}

/** A call, begun or about to be, that counts against the limit of its starter. */
export type PlaceHolder = Pick<IndexedCall, 'callId' | 'at'>;

/**
 * Which calls an account has. In a slot of its own: entered before a call is created and corrected after it changed, so that
 * an entry may lead to no call, or to one that is over, and whoever finds that out puts it right.
 */
export interface AccountIndex {
  /** Enters a call for accounts, as live. An entry goes 24 h after it stopped being live. */
  enter(accountIds: readonly string[], callId: string): Promise<void>;
  /** The call's log is gone, or it never came to be. */
  retire(accountIds: readonly string[], callId: string): Promise<void>;
  /** @returns the calls of the account whose log is held, oldest first */
  live(accountId: string): Promise<readonly IndexedCall[]>;
  /** @returns the live calls of the account and as many past ones at most, newest first, in one atomic step */
  recent(accountId: string, past: number): Promise<readonly IndexedCall[]>;
  /**
   * Notes what a client's own name for a start stands for, unless it stands for something already. Forgotten after ten minutes,
   * so that refused starts leave nothing behind.
   *
   * @returns what it stands for
   */
  claimStart(accountId: string, startKey: string, claim: StartClaim): Promise<StartClaim>;
  /** The start comes to a call: its claim is kept for two days. */
  keepStart(accountId: string, startKey: string, claim: StartClaim): Promise<void>;
  /**
   * Notes how many bytes the account has in the log of a live call, unless all its live calls then had more than `limit`. What a
   * call had is given back when it is retired.
   *
   * @returns null: noted; else its other live calls, those with the most bytes first
   */
  takeBytes(accountId: string, callId: string, bytes: number, limit: number): Promise<readonly string[] | null>;
  /**
   * Takes one of the places for open calls that an account started.
   *
   * @returns null: taken; else who holds all the places, and since when
   */
  takePlace(accountId: string, callId: string, places: number): Promise<readonly PlaceHolder[] | null>;
  freePlace(accountId: string, callId: string): Promise<void>;
}

/** A stream that took the place of another one of its device. */
export interface Newcomer {
  readonly deviceId: string;
  readonly streamId: string;
}

/**
 * Gets the call that has news, and what they are where that is known; null: any call may have some, unless all that is said is
 * that a stream came.
 */
export type OnWake = (callId: string | null, appended?: Appended, came?: Newcomer) => void;

/**
 * Tells streams that there may be something to read. Nothing is lost in silence: where something may have been, listeners hear
 * `null` within a second, or two where the node that had it died. So whoever waits need not look.
 */
export interface WakeBus {
  /** Resolves once no wake-up can be missed any more, with what ends the subscription. */
  subscribe(accountId: string, onWake: OnWake): Promise<() => Promise<void>>;
  /**
   * Never throws, and waits for nobody.
   *
   * @param appended what is new, so that it need not be read; a bus may leave it out
   */
  wake(accountIds: readonly string[], callId: string | null, appended?: Appended): void;
  /** Tells the other streams of a device that this one came. As `wake`. */
  tellOf(accountId: string, came: Newcomer): void;
  close(): Promise<void>;
}

/** Who may call whom. */
export interface CallPolicy {
  /** @throws SignalingError CALL_UNAVAILABLE: it cannot be found out */
  mayCall(caller: DeviceRef, calleeAccountId: string): Promise<boolean>;
  /** How long an answer may take, in milliseconds; 3,000 when left out. */
  readonly timeoutMs?: number;
}

/** For a device without a stream: a call rings it (INVITE), rings no more (CANCEL), or was missed (MISSED). */
export interface WakeUp {
  readonly kind: 'INVITE' | 'CANCEL' | 'MISSED';
  readonly callId: string;
  readonly accountId: string;
  /** Null: every device of the account, as none is known by name. */
  readonly deviceId: string | null;
  readonly media: CallMedia;
  /** Why it rings no more; null for an INVITE. */
  readonly reason: EndReason | null;
  /** Unix milliseconds; it is of no use from then on. */
  readonly expiresAt: number;
}

/** Hands a wake-up to push; nothing waits for the promise that it may return. The same one may come more than once. */
export type SendWakeUp = (wakeUp: WakeUp) => unknown;
