/**
 * The codes that the service answers with, as its protocol lists them. Written out, for the client is a package of its own and
 * imports nothing from outside; a test compares them with the service's.
 */
export type ErrorCode =
  | 'CALL_RELAY_RATE_LIMITED'
  | 'CALL_RELAY_UNAUTHORIZED'
  | 'CALL_RELAY_PROVIDER_ERROR'
  | 'CALL_UNAUTHORIZED'
  | 'CALL_RATE_LIMITED'
  | 'CALL_NOT_FOUND'
  | 'CALL_STATE_CONFLICT'
  | 'CALL_ANSWERED_ELSEWHERE'
  | 'CALL_ENDED'
  | 'CALL_SIGNAL_STALE'
  | 'CALL_SIGNAL_CONFLICT'
  | 'CALL_SIGNAL_GAP'
  | 'CALL_INPUT_INVALID'
  | 'CALL_UNAVAILABLE';
