import { CallError, notConnected } from './errors.js';
import type { CallErrorDetails } from './errors.js';
import { now } from './time.js';

/** An error of a GraphQL response. */
export interface GraphqlFailure {
  readonly message?: string;
  readonly extensions?: { readonly [name: string]: unknown } | undefined;
}

/** What came instead of the result of an operation. Nothing of it: no answer came at all. */
export interface Failure {
  readonly errors?: readonly GraphqlFailure[] | undefined;
  /** Of the HTTP response. */
  readonly status?: number | undefined;
  /** That the WebSocket was closed with. */
  readonly closeCode?: number | undefined;
  /** See {@link retryAfterMs}. */
  readonly retryAfterMs?: number | undefined;
}

/** What an answer without a word of the service means: send the same again, with another token, or not at all. */
type Meaning = 'again' | 'token' | 'final';

/** From one number to another, both included. The first row that fits counts. */
type Row = readonly [from: number, to: number, Meaning];

/** HTTP statuses (RFC 9110, section 15; 425: RFC 8470, 429: RFC 6585). */
export const STATUSES: readonly Row[] = [
  [401, 401, 'token'],
  [403, 403, 'token'],
  [408, 408, 'again'],
  [425, 425, 'again'],
  [429, 429, 'again'],
  [400, 499, 'final'],
];

/** Close codes (RFC 6455, section 7.4; 4000 and up: graphql-transport-ws). Defects of what was sent are final. */
export const CLOSE_CODES: readonly Row[] = [
  [1002, 1003, 'final'],
  [1007, 1010, 'final'],
  [4401, 4401, 'token'],
  [4403, 4403, 'token'],
  [4400, 4400, 'final'],
  [4406, 4406, 'final'],
  [4409, 4409, 'final'],
  [4429, 4429, 'final'],
];

/** Errors that a gateway makes of a request by itself: it would make them again. */
const OF_THE_REQUEST = /^(GRAPHQL|BAD|OPERATION|PERSISTED_QUERY)_/;
/** And those of a token that it does not take. */
const OF_THE_TOKEN = /^(UNAUTHENTICATED|UNAUTHORIZED|FORBIDDEN)$/;

/**
 * What went wrong. The service says of every error whether to try again, and that counts. What was made by something in
 * between goes by its HTTP status or close code; where it has neither, no answer came.
 */
export function errorOf(failure: Failure): CallError {
  const [first] = failure.errors ?? [];
  const { code, retryable } = first?.extensions ?? {};
  if (first && typeof retryable === 'boolean') return saidBy(first, failure);
  if (failure.status !== undefined && failure.status >= 300) return unsaid(failure.status, STATUSES, failure);
  if (OF_THE_TOKEN.test(String(code))) return unsaid(401, STATUSES, failure);
  if (first && OF_THE_REQUEST.test(String(code))) return saidBy(first, failure);
  if (failure.closeCode !== undefined) return unsaid(failure.closeCode, CLOSE_CODES, failure);
  return notConnected();
}

function saidBy({ message = '', extensions = {} }: GraphqlFailure, { retryAfterMs }: Failure): CallError {
  const { code, retryable, retryAfterSeconds, call, expectedClientSeq } = extensions;
  const waitMs = typeof retryAfterSeconds === 'number' ? retryAfterSeconds * 1_000 : retryAfterMs;
  return new CallError(typeof code === 'string' ? code : 'INTERNAL_SERVER_ERROR', message, {
    retryable: retryable === true,
    ...(waitMs !== undefined && { retryAfterMs: waitMs }),
    ...(typeof expectedClientSeq === 'number' && { expectedClientSeq }),
    ...(isCall(call) && { call }),
  });
}

function unsaid(number: number, table: readonly Row[], { retryAfterMs }: Failure): CallError {
  const [, , meaning] = table.find(([from, to]) => from <= number && number <= to) ?? [0, 0, 'again'];
  const details = { status: number, ...(retryAfterMs !== undefined && { retryAfterMs }) };
  if (meaning === 'token') return new CallError('CALL_UNAUTHORIZED', 'Authentication required.', details);
  if (meaning === 'final') return new CallError('REFUSED', `The request was refused with ${number}.`, details);
  return new CallError('NOT_CONNECTED', `The service did not answer: ${number}.`, { retryable: true, ...details });
}

function isCall(value: unknown): value is NonNullable<CallErrorDetails['call']> {
  return typeof value === 'object' && value !== null && 'state' in value && 'endReason' in value;
}

/** @param body of an HTTP response @returns its GraphQL errors; undefined: it is no GraphQL */
export function graphqlErrorsIn(body: string): readonly GraphqlFailure[] | undefined {
  try {
    const { errors } = JSON.parse(body) as { readonly errors?: unknown };
    if (!Array.isArray(errors) || errors.length === 0) return undefined;
    const isError = (error: unknown): boolean => typeof (error as GraphqlFailure | null)?.message === 'string';
    return errors.every(isError) ? errors : undefined;
  } catch {
    return undefined;
  }
}

/**
 * How long a response asks to be left alone (`Retry-After`, RFC 9110, section 10.2.3): seconds, or a date, which is compared
 * with the response's own where it has one, as the clock here need not be right.
 */
export function retryAfterMs(headers: Pick<Headers, 'get'> | undefined): number | undefined {
  const after = headers?.get('retry-after')?.trim();
  if (!after) return undefined;
  if (/^\d+$/.test(after)) return Number(after) * 1_000;
  const until = Date.parse(after);
  const since = Date.parse(headers?.get('date') ?? '');
  return Number.isNaN(until) ? undefined : Math.max(until - (Number.isNaN(since) ? now() : since), 0);
}
