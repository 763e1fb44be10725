/** What each error code means to a client. One row is one public code; a retired code is never used again. */
interface ErrorRow {
  /** HTTP status of the error, also sent as `extensions.status`. */
  readonly status: number;
  readonly message: string;
  /** Whether the same request may succeed later. */
  readonly retryable: boolean;
}

export const ERRORS = {
  CALL_RELAY_RATE_LIMITED: {
    status: 429,
    message: 'Too many relay credential requests. Please wait before trying again.',
    retryable: true,
  },
  CALL_RELAY_UNAUTHORIZED: {
    status: 401,
    message: 'Authentication required to obtain call relay credentials.',
    retryable: false,
  },
  CALL_RELAY_PROVIDER_ERROR: {
    status: 500,
    message: 'Unable to obtain relay credentials at this time. Please try again.',
    retryable: true,
  },
  CALL_UNAUTHORIZED: { status: 401, message: 'Authentication required.', retryable: false },
  CALL_RATE_LIMITED: {
    status: 429,
    message: 'Too many requests. Please wait before trying again.',
    retryable: true,
  },
  CALL_NOT_FOUND: { status: 404, message: 'No such call.', retryable: false },
  CALL_STATE_CONFLICT: {
    status: 409,
    message: 'The call is no longer in a state that allows this.',
    retryable: false,
  },
  CALL_ANSWERED_ELSEWHERE: { status: 409, message: 'The call was answered on another device.', retryable: false },
  CALL_ENDED: { status: 410, message: 'The call has ended.', retryable: false },
  CALL_SIGNAL_STALE: {
    status: 409,
    message: 'The description answers an offer that is no longer current.',
    retryable: false,
  },
  CALL_SIGNAL_CONFLICT: { status: 409, message: 'This identifier was used with other content.', retryable: false },
  CALL_SIGNAL_GAP: {
    status: 409,
    message: 'An earlier signal is missing. Please resend from the gap.',
    retryable: true,
  },
  /** The message of this one names the field and its limit, never the value. */
  CALL_INPUT_INVALID: { status: 400, message: 'The input is not valid.', retryable: false },
  CALL_UNAVAILABLE: {
    status: 503,
    message: 'The service is temporarily unavailable. Please try again.',
    retryable: true,
  },
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;

export interface ErrorDetails {
  /** Replaces the table's message; only for CALL_INPUT_INVALID: the field and its limit, never the value. */
  readonly message?: string;
  /** Milliseconds until the same request can succeed; sent as whole seconds, at least 1. */
  readonly retryAfterMs?: number;
  /** The call as the viewer sees it, for conflicts of state. */
  readonly call?: { readonly id: string; readonly state: string; readonly endReason: string | null };
  /** The number that this device's next signal must carry, for gaps and conflicts. */
  readonly expectedClientSeq?: number;
  /** The failure was already accounted for by another request that shared the work: no permit comes back for this one. */
  readonly shared?: boolean;
}

/** A request that cannot be served, in words that may be shown to whoever sent it. Carries nothing internal. */
export class SignalingError extends Error {
  override readonly name = 'SignalingError';

  constructor(
    readonly code: ErrorCode,
    readonly details: ErrorDetails = {},
  ) {
    super(details.message ?? ERRORS[code].message);
  }

  get status(): number {
    return ERRORS[this.code].status;
  }

  get retryable(): boolean {
    return ERRORS[this.code].retryable;
  }
}
