import type { CallState, EndReason, Actor } from './state.js';
import { isRinging } from './state.js';

export const CALL_ROLES = ['CALLER', 'CALLEE'] as const;
export type CallRole = (typeof CALL_ROLES)[number];

export const CALL_MEDIA = ['AUDIO', 'VIDEO'] as const;
export type CallMedia = (typeof CALL_MEDIA)[number];

export const SDP_TYPES = ['OFFER', 'ANSWER', 'ROLLBACK'] as const;
export type SdpType = (typeof SDP_TYPES)[number];

export const CONNECTION_REPORTS = ['CONNECTED', 'DISCONNECTED'] as const;
export type ConnectionReport = (typeof CONNECTION_REPORTS)[number];

/** Which device acts. The account alone does not say it: device ids are the account's own. */
export interface DeviceRef {
  readonly accountId: string;
  readonly deviceId: string;
}

/** An SDP body with a name, so that an answer can say which offer it answers. */
export interface SessionDescription {
  readonly id: string;
  readonly type: SdpType;
  /** Empty for a ROLLBACK. */
  readonly sdp: string;
  readonly inReplyTo: string | null;
}

/** W3C RTCIceCandidateInit. An empty `candidate` is the end of candidates of its media section. */
export interface IceCandidate {
  readonly candidate: string;
  readonly sdpMid: string | null;
  readonly sdpMLineIndex: number | null;
  readonly usernameFragment: string | null;
}

/** An offer that waits for its answer. */
export interface PendingOffer {
  readonly description: SessionDescription;
  readonly from: CallRole;
  /** Where it stands in the log. */
  readonly position: number;
}

/** What has been written to the log for one device. */
export interface Inbox {
  /** Position of the last entry. */
  readonly head: number;
  readonly count: number;
}

/** A signal that used up its number; kept so that a retry is known for what it is. */
export interface TakenSignal {
  readonly hash: string;
  readonly descriptionId: string | null;
  /** It answered an offer that was no longer current, and its retry hears the same. */
  readonly stale: boolean;
}

/** A description that a device sent, and the candidates that go with it, as they stand in the log. */
export interface Section {
  /** Position of the description; 0: candidates sent before any. */
  readonly of: number;
  readonly positions: readonly number[];
  readonly bytes: number;
}

/** What of a device stands in the log. What is neither current nor latest is superseded, and goes when room is needed. */
export interface Logged {
  /** Position of its description in the last completed exchange. */
  readonly current: number;
  /** Position of its latest description; the same as `current` while no offer is pending. */
  readonly latest: number;
  /** Oldest first. */
  readonly sections: readonly Section[];
}

/** What one device has sent. */
export interface Outbox {
  /** The clientSeq that its next signal must carry. */
  readonly nextSeq: number;
  /** The latest signals: the last of them had number nextSeq - 1. */
  readonly taken: readonly TakenSignal[];
  /** Candidates sent since its latest description. */
  readonly candidates: number;
  /** Ends of candidates sent since then. */
  readonly ends: number;
  readonly logged: Logged;
}

/** A device's part in a call. */
export interface Endpoint {
  readonly deviceId: string;
  readonly inbox: Inbox;
  readonly outbox: Outbox;
}

/** PENDING: told. IGNORED and BUSY speak for the device alone, and it may still answer. REVOKED: out, for good. */
export const LEG_STATUSES = ['PENDING', 'RINGING', 'IGNORED', 'BUSY', 'DECLINED', 'REVOKED'] as const;
export type LegStatus = (typeof LEG_STATUSES)[number];

/** A callee device that was told of the call. */
export interface Leg extends Endpoint {
  readonly status: LegStatus;
  /** When it took its status, Unix milliseconds. */
  readonly statusAt: number;
  /** Somebody is there: it acted, or its stream gave a sign of life since the invite. */
  readonly alive: boolean;
  /** It had no stream when the call began, so a wake-up went out, and one must follow when the ringing is over. */
  readonly woken: boolean;
  /** Its candidates are in the log, addressed to nobody until it wins. */
  readonly keptBack: boolean;
}

/** A call as it is stored: plain data, the same after a round trip through JSON. All times are Unix milliseconds. */
export interface Call {
  readonly id: string;
  readonly state: CallState;
  readonly media: CallMedia;
  readonly caller: Endpoint & DeviceRef;
  readonly calleeAccountId: string;
  /** The only device that may ring; null: any of the account. */
  readonly calleeDeviceId: string | null;
  /** The callee must not hear of it: refused by policy, unknown, or without devices. To the caller it looks like any other. */
  readonly silent: boolean;
  readonly legs: readonly Leg[];
  /** What every leg is told, those that open later too. */
  readonly everyLeg: Inbox;
  /** No directory says which devices there are: one wake-up went to the account as a whole. */
  readonly accountWoken: boolean;
  /** The callee device that answered. */
  readonly winner: string | null;
  /** Says whether a second answer of the winner is the same one again. */
  readonly answerHash: string | null;
  readonly reports: Readonly<Record<CallRole, ConnectionReport | null>>;
  readonly pendingOffer: PendingOffer | null;
  /** Where the offer of the last completed exchange stands in the log: what is current begins there. */
  readonly currentFrom: number;
  readonly createdAt: number;
  readonly ringingAt: number | null;
  readonly answeredAt: number | null;
  readonly connectedAt: number | null;
  readonly endedAt: number | null;
  readonly endReason: EndReason | null;
  /** Null when the server ended it. */
  readonly endedBy: CallRole | null;
  /** When the present state began. */
  readonly stateSince: number;
  /** When a party last sent something, or was seen to have a stream; counts from the answer on. */
  readonly heardAt: number;
  readonly replacesCallId: string | null;
  readonly attachment: string | null;
  /** Names under which devices started, or adopted, this call; a store forgets them together with it. */
  readonly startKeys: readonly string[];
  readonly lastPosition: number;
  /** Where the changes of state stand in the log, oldest first. */
  readonly states: readonly number[];
  /** Position of the last entry of each side, or of the server, that is no longer held, for the other side to read. */
  readonly dropped: Readonly<Record<CallRole, number>>;
  /** SDP, candidates and attachment are gone; what is left is the tombstone. */
  readonly purged: boolean;
}

/** @returns which side of the call the account is on; null: neither, or it must not know. */
export function roleOf(
  call: Pick<Call, 'calleeAccountId' | 'silent'> & { readonly caller: Pick<DeviceRef, 'accountId'> },
  accountId: string,
): CallRole | null {
  if (accountId === call.caller.accountId) return 'CALLER';
  return accountId === call.calleeAccountId && !call.silent ? 'CALLEE' : null;
}

export function legOf(call: Call, deviceId: string): Leg | undefined {
  return call.legs.find((leg) => leg.deviceId === deviceId);
}

/** Devices that one call rings at most. */
export const MAX_LEGS = 10;

/** A device that was not told of the call may still join while it rings, as long as there is room. */
function mayJoin(call: Call, deviceId: string): boolean {
  return (call.calleeDeviceId === null || call.calleeDeviceId === deviceId) && call.legs.length < MAX_LEGS;
}

/** @returns what the device is to the call; null: the call is not its account's, and does not exist for it. */
export function actorOf(call: Call, viewer: DeviceRef): Actor | null {
  const role = roleOf(call, viewer.accountId);
  if (role === null) return null;
  if (role === 'CALLER') return viewer.deviceId === call.caller.deviceId ? 'CALLER' : 'OTHER';
  if (viewer.deviceId === call.winner) return 'WINNER';
  if (!isRinging(call.state)) return 'OTHER';
  const leg = legOf(call, viewer.deviceId);
  if (leg) return leg.status === 'REVOKED' ? 'OTHER' : 'LEG';
  return mayJoin(call, viewer.deviceId) ? 'LEG' : 'OTHER';
}

/** @returns the part that this device has in the call, also a lost one; undefined: none. */
export function endpointOf(call: Call, viewer: DeviceRef): Endpoint | undefined {
  const role = roleOf(call, viewer.accountId);
  if (role === 'CALLER') return viewer.deviceId === call.caller.deviceId ? call.caller : undefined;
  return role === 'CALLEE' ? legOf(call, viewer.deviceId) : undefined;
}

export function withLeg(call: Call, deviceId: string, change: Partial<Leg>): Call {
  return { ...call, legs: call.legs.map((leg) => (leg.deviceId === deviceId ? { ...leg, ...change } : leg)) };
}

/** Sets what the device has sent. The device has a part in the call. */
export function withOutbox(call: Call, viewer: DeviceRef, outbox: Outbox): Call {
  return viewer.accountId === call.caller.accountId
    ? { ...call, caller: { ...call.caller, outbox } }
    : withLeg(call, viewer.deviceId, { outbox });
}

export const EMPTY_LOGGED: Logged = { current: 0, latest: 0, sections: [] };
export const EMPTY_OUTBOX: Outbox = { nextSeq: 1, taken: [], candidates: 0, ends: 0, logged: EMPTY_LOGGED };
export const EMPTY_INBOX: Inbox = { head: 0, count: 0 };

export function newLeg(deviceId: string, at: number, woken: boolean): Leg {
  return {
    deviceId,
    inbox: EMPTY_INBOX,
    outbox: EMPTY_OUTBOX,
    status: 'PENDING',
    statusAt: at,
    alive: false,
    woken,
    keptBack: false,
  };
}

/** A device that acts while the call rings has a leg from then on, and somebody is there. */
export function withLivingLeg(call: Call, deviceId: string, at: number): { readonly call: Call; readonly leg: Leg } {
  const known = legOf(call, deviceId);
  if (known?.alive) return { call, leg: known };
  const leg = { ...(known ?? newLeg(deviceId, at, false)), alive: true };
  return { call: known ? withLeg(call, deviceId, leg) : { ...call, legs: [...call.legs, leg] }, leg };
}
