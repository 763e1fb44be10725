/**
 * The life of a call. One table says who may do what, where it leads and why a call ends; nothing else decides that.
 *
 * ```
 * INITIATED --reportRinging--> RINGING --answer--> CONNECTING --reportConnected--> ACTIVE <--> RECONNECTING
 *      \___________________________\____________________\___________________________\_______________> ENDED
 * ```
 *
 * INITIATED: the callee's devices were told. RINGING: one of them shows the call. CONNECTING: one of them answered, media is
 * not up yet. ACTIVE: media flows. RECONNECTING: a party lost its peer. ENDED: kept as a tombstone.
 */
export const CALL_STATES = ['INITIATED', 'RINGING', 'CONNECTING', 'ACTIVE', 'RECONNECTING', 'ENDED'] as const;
export type CallState = (typeof CALL_STATES)[number];

export const END_REASONS = [
  'COMPLETED',
  'CANCELLED',
  'DECLINED',
  'BUSY',
  'NO_ANSWER',
  'UNREACHABLE',
  'ANSWERED_ELSEWHERE',
  'DECLINED_ELSEWHERE',
  'REPLACED',
  'CONNECT_FAILED',
  'CONNECTION_LOST',
  'MEDIA_FAILED',
  'SIGNALING_LOST',
  'DEVICE_REVOKED',
  'NOT_ALLOWED',
] as const;
export type EndReason = (typeof END_REASONS)[number];

/**
 * Who acts. CALLER: the calling device. LEG: a callee device that rings, or may begin to. WINNER: the callee device that
 * answered. OTHER: any other device of the two accounts. SERVER: a deadline passed, or a device was revoked.
 */
export const ACTORS = ['CALLER', 'LEG', 'WINNER', 'OTHER', 'SERVER'] as const;
export type Actor = (typeof ACTORS)[number];

export const ACTIONS = [
  'reportRinging',
  'answer',
  'decline',
  'declineBusy',
  'declineIgnored',
  'hangUp',
  'hangUpConnectFailed',
  'hangUpMediaFailed',
  'replace',
  'reportConnected',
  'reportDisconnected',
  'sendDescription',
  'sendCandidates',
  'unreachable',
  'busy',
  'noAnswer',
  'connectFailed',
  'connectionLost',
  'signalingLost',
  'revokeLeg',
  'revokeParty',
] as const;
export type Action = (typeof ACTIONS)[number];

/** One cell of the table: where the call goes, who may take it there and, when it ends, why. */
export interface Move {
  readonly to: CallState;
  readonly by: readonly Actor[];
  readonly reason?: EndReason;
}

const PARTIES = ['CALLER', 'WINNER'] as const;
const ANYONE = ['CALLER', 'LEG', 'WINNER', 'OTHER'] as const;

const ended = (reason: EndReason, ...by: readonly Actor[]): Move => ({ to: 'ENDED', by, reason });

/** Before an answer. RFC 3261 9.1: only who called may cancel, and only until somebody answered. */
const ringing = (state: CallState): Partial<Record<Action, Move>> => ({
  reportRinging: { to: 'RINGING', by: ['LEG'] },
  answer: { to: 'CONNECTING', by: ['LEG'] },
  decline: ended('DECLINED', 'LEG'),
  declineBusy: { to: state, by: ['LEG'] },
  declineIgnored: { to: state, by: ['LEG'] },
  hangUp: ended('CANCELLED', 'CALLER'),
  hangUpConnectFailed: ended('CANCELLED', 'CALLER'),
  hangUpMediaFailed: ended('CANCELLED', 'CALLER'),
  sendCandidates: { to: state, by: ['CALLER', 'LEG'] },
  busy: ended('BUSY', 'SERVER'),
  noAnswer: ended('NO_ANSWER', 'SERVER'),
  revokeLeg: { to: state, by: ['SERVER'] },
  revokeParty: ended('DEVICE_REVOKED', 'SERVER'),
});

/** From the answer on. What a device sends that lost the call is acknowledged and discarded: OTHER may always send. */
const answered = (state: CallState): Partial<Record<Action, Move>> => ({
  answer: { to: state, by: ['WINNER'] },
  hangUp: ended('COMPLETED', ...PARTIES),
  hangUpConnectFailed: ended('CONNECT_FAILED', ...PARTIES),
  hangUpMediaFailed: ended('MEDIA_FAILED', ...PARTIES),
  replace: ended('REPLACED', ...PARTIES),
  reportConnected: { to: 'ACTIVE', by: PARTIES },
  reportDisconnected: { to: 'RECONNECTING', by: PARTIES },
  sendDescription: { to: state, by: [...PARTIES, 'OTHER'] },
  sendCandidates: { to: state, by: [...PARTIES, 'OTHER'] },
  signalingLost: ended('SIGNALING_LOST', 'SERVER'),
  revokeParty: ended('DEVICE_REVOKED', 'SERVER'),
});

/** Every move there is. What has no cell is refused; only a hang-up never is: one that has no cell changes nothing. */
export const MOVES: Readonly<Record<CallState, Readonly<Partial<Record<Action, Move>>>>> = {
  INITIATED: { ...ringing('INITIATED'), unreachable: ended('UNREACHABLE', 'SERVER') },
  RINGING: ringing('RINGING'),
  CONNECTING: { ...answered('CONNECTING'), connectFailed: ended('CONNECT_FAILED', 'SERVER') },
  ACTIVE: answered('ACTIVE'),
  RECONNECTING: { ...answered('RECONNECTING'), connectionLost: ended('CONNECTION_LOST', 'SERVER') },
  ENDED: {
    sendDescription: { to: 'ENDED', by: ANYONE },
    sendCandidates: { to: 'ENDED', by: ANYONE },
  },
};

/** @returns the cell that lets this actor act in this state, or null: refused. */
export function moveOf(state: CallState, action: Action, actor: Actor): Move | null {
  const move = MOVES[state][action];
  return move?.by.includes(actor) ? move : null;
}

/** Nobody has answered yet. */
export function isRinging(state: CallState): boolean {
  return state === 'INITIATED' || state === 'RINGING';
}

/** Answered, and not over. */
export function isAnswered(state: CallState): boolean {
  return state === 'CONNECTING' || state === 'ACTIVE' || state === 'RECONNECTING';
}
