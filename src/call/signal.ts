import { LIMITS } from '../limits.js';
import type {
  Call,
  CallRole,
  DeviceRef,
  IceCandidate,
  Leg,
  PendingOffer,
  SdpType,
  SessionDescription,
} from './call.js';
import { EMPTY_OUTBOX, endpointOf, withLeg, withLivingLeg, withOutbox } from './call.js';
import type { StoreTime } from './deadline.js';
import { contentHash } from './ids.js';
import type { NewId } from './ids.js';
import { invalid } from './input.js';
import type { Audience, Change } from './log.js';
import { ALL_LEGS, CALLER, NOBODY, tell, unchanged } from './log.js';
import { permit } from './permit.js';
import { added, begun, checkRoom, exchanged, takenBack, withLogged } from './room.js';
import { take, takenBefore } from './sequence.js';
import { isRinging } from './state.js';

export interface SendDescriptionInput {
  readonly callId: string;
  readonly clientSeq: number;
  readonly type: SdpType;
  /** Empty for a ROLLBACK. */
  readonly sdp: string;
  readonly inReplyTo: string | null;
}

export interface SendIceCandidatesInput {
  readonly callId: string;
  readonly clientSeq: number;
  readonly candidates: readonly IceCandidate[];
  readonly endOfCandidates: boolean;
}

/** What the sender of a signal hears. */
export interface SignalReceipt {
  readonly clientSeq: number;
  /** The same signal was taken before; this was a retry. */
  readonly duplicate: boolean;
  readonly descriptionId: string | null;
}

/** A signal's change, and what its sender is to hear once that is committed. */
export interface Signalled extends Change {
  readonly receipt: SignalReceipt;
  /** Nobody is told: the offer that was meant is no longer current. Its number is used up all the same. */
  readonly stale: boolean;
}

/** Ends of candidates that are told for one description, in batches of their own; more of them are taken in silence. */
const ENDS_TOLD = 200;

function receipt(clientSeq: number, duplicate: boolean, descriptionId: string | null): SignalReceipt {
  return { clientSeq, duplicate, descriptionId };
}

/** For a device that lost the call, or for anyone once it is over: no error that a client would only send again. */
function discarded(call: Call, clientSeq: number): Signalled {
  return { ...unchanged(call), receipt: receipt(clientSeq, false, null), stale: false };
}

function winnerOf(call: Call): Audience {
  return { caller: false, legs: call.winner === null ? [] : [call.winner] };
}

/** Where an offer, answer or rollback leads: what the other party is told, and what is pending then; null: stale. */
function negotiate(call: Call, from: CallRole, description: SessionDescription, now: number): Change | null {
  const pending = call.pendingOffer;
  const toOther = from === 'CALLER' ? winnerOf(call) : CALLER;
  const told = { kind: 'DESCRIPTION', from, description, collision: false } as const;
  if (description.type === 'OFFER') {
    // Perfect negotiation (W3C webrtc-pc 10.7): the caller's offer wins, whichever came first.
    if (from === 'CALLEE' && pending?.from === 'CALLER')
      return tell(unchanged(call), now, winnerOf(call), {
        kind: 'DESCRIPTION',
        from: 'CALLER',
        description: pending.description,
        collision: true,
      });
    const pendingOffer = { description, from, position: call.lastPosition + 1 };
    const collision = from === 'CALLER' && pending?.from === 'CALLEE';
    return tell(unchanged({ ...call, pendingOffer }), now, toOther, { ...told, collision });
  }
  if (pending === null) return null;
  const settled = { ...call, pendingOffer: null };
  if (description.type === 'ROLLBACK')
    return pending.from === from
      ? tell(unchanged(settled), now, toOther, {
          ...told,
          description: { ...description, inReplyTo: pending.description.id },
        })
      : null;
  return pending.from !== from && pending.description.id === description.inReplyTo
    ? tell(unchanged({ ...settled, currentFrom: pending.position }), now, toOther, told)
    : null;
}

/**
 * An offer, answer or rollback after the first exchange.
 *
 * @throws SignalingError see permit and takenBefore. A stale one is no throw but {@link Signalled.stale}: it has to be
 *   committed before its sender hears CALL_SIGNAL_STALE.
 */
export function sendDescription(
  call: Call,
  viewer: DeviceRef,
  input: SendDescriptionInput,
  time: StoreTime,
  newId: NewId,
): Signalled {
  const { clientSeq, type, sdp, inReplyTo } = input;
  const { actor } = permit(call, viewer, 'sendDescription', time);
  const endpoint = endpointOf(call, viewer);
  if (actor === 'OTHER' || call.state === 'ENDED' || !endpoint) return discarded(call, clientSeq);
  const hash = contentHash(type, sdp, inReplyTo);
  const before = takenBefore(endpoint.outbox, clientSeq, hash);
  if (before)
    return { ...unchanged(call), receipt: receipt(clientSeq, true, before.descriptionId), stale: before.stale };
  const description: SessionDescription = { id: newId(), type, sdp, inReplyTo };
  const negotiated = negotiate(call, actor === 'CALLER' ? 'CALLER' : 'CALLEE', description, time.now);
  const stale = negotiated === null;
  const role: CallRole = actor === 'CALLER' ? 'CALLER' : 'CALLEE';
  const change = negotiated ? logNegotiation(negotiated, role, type, call.pendingOffer) : unchanged(call);
  const signal = { hash, descriptionId: stale ? null : description.id, stale };
  const outbox = take(endpointOf(change.call, viewer)?.outbox ?? endpoint.outbox, signal);
  const begins = stale || type === 'ROLLBACK' ? outbox : { ...outbox, candidates: 0, ends: 0 };
  const sent = { ...change, call: withOutbox(change.call, viewer, begins) };
  if (type !== 'ROLLBACK') checkRoom(sent.call, role, 'sdp');
  return { ...sent, receipt: receipt(clientSeq, false, signal.descriptionId), stale };
}

/** Notes what stands in the log for whom: a finished exchange supersedes what came before it. */
function logNegotiation(change: Change, from: CallRole, type: SdpType, pending: PendingOffer | null): Change {
  const { call, entries } = change;
  if (type === 'OFFER') return { ...change, call: withLogged(call, from, (own) => begun(own, entries)) };
  const other: CallRole = from === 'CALLER' ? 'CALLEE' : 'CALLER';
  if (type === 'ROLLBACK') {
    const undone = withLogged(call, from, (own) => takenBack(own, entries));
    return { ...change, call: withLogged(undone, other, (theirs) => takenBack(theirs, [])) };
  }
  const answered = withLogged(call, from, (own) => exchanged(begun(own, entries), entries[0]?.position ?? own.latest));
  return {
    ...change,
    call: withLogged(answered, other, (theirs) => exchanged(theirs, pending?.position ?? theirs.latest)),
  };
}

/** Before the answer nobody learns the addresses of a callee; the caller's go to every leg, those that open later too. */
function audienceOf(call: Call, role: CallRole): Audience {
  if (isRinging(call.state)) return role === 'CALLER' ? ALL_LEGS : NOBODY;
  return role === 'CALLER' ? winnerOf(call) : CALLER;
}

/**
 * @throws SignalingError see permit and takenBefore; CALL_INPUT_INVALID: more candidates than one description can need
 */
export function sendIceCandidates(
  call: Call,
  viewer: DeviceRef,
  input: SendIceCandidatesInput,
  time: StoreTime,
): Signalled {
  const { clientSeq, candidates, endOfCandidates } = input;
  const { actor } = permit(call, viewer, 'sendCandidates', time);
  if (actor === 'OTHER' || call.state === 'ENDED') return discarded(call, clientSeq);
  const { now } = time;
  const living = actor === 'LEG' ? withLivingLeg(call, viewer.deviceId, now).call : call;
  const outbox = endpointOf(living, viewer)?.outbox ?? EMPTY_OUTBOX;
  const hash = contentHash(candidates, endOfCandidates);
  if (takenBefore(outbox, clientSeq, hash))
    return { ...unchanged(call), receipt: receipt(clientSeq, true, null), stale: false };
  const found = candidates.filter(({ candidate }) => candidate !== '').length;
  const count = outbox.candidates + found;
  if (found > 0 && count > LIMITS.candidatesPerDescription)
    throw invalid(
      'candidates',
      `at most ${LIMITS.candidatesPerDescription} for one description; the end of candidates is taken beyond them`,
    );
  const from: CallRole = actor === 'CALLER' ? 'CALLER' : 'CALLEE';
  const { deviceId } = viewer;
  const ends = found > 0 ? outbox.ends : outbox.ends + 1;
  const told = { kind: 'CANDIDATES', from, deviceId, candidates, endOfCandidates } as const;
  const change = ends > ENDS_TOLD ? unchanged(living) : tell(unchanged(living), now, audienceOf(call, from), told);
  const taken = take(outbox, { hash, descriptionId: null, stale: false });
  const logged = added(taken.logged, change.entries);
  const sent = withOutbox(change.call, viewer, { ...taken, candidates: count, ends, logged });
  checkRoom(sent, from, 'candidates');
  const keptBack: Partial<Leg> = { keptBack: true };
  return {
    ...change,
    call: actor === 'LEG' ? withLeg(sent, deviceId, keptBack) : sent,
    receipt: receipt(clientSeq, false, null),
    stale: false,
  };
}
