import { GRAPHQL_RESPONSE } from '../graphql/http-policy.js';
import { LIMITS } from '../limits.js';

/** An answer given before GraphQL could give one. */
export interface HttpError {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface HttpErrorOptions {
  /** In the place of what is said by default of that status. */
  readonly message?: string;
  /** Whole seconds; when given, the request may be tried again. */
  readonly retryAfterSeconds?: number;
  /** Beside those that every refusal has. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** What is said where the caller says nothing of its own. */
const MESSAGES: Readonly<Record<number, string>> = {
  400: 'The request body is not valid JSON.',
  404: 'Not found.',
  413: `The request body is larger than ${LIMITS.messageBytes} bytes.`,
  415: 'The content type must be application/json.',
  429: 'Too many requests. Please wait before trying again.',
};

/** A compressed body could come to anything. 415 says what is taken in its place (RFC 9110, section 15.5.16). */
export const CONTENT_ENCODING: HttpErrorOptions = {
  message: 'The content encoding must be identity: request bodies are not read compressed.',
  headers: { 'accept-encoding': 'identity' },
};
/** What comes while the server closes; a moment later another one may be there. */
export const STOPPING: HttpErrorOptions = { message: 'The server is stopping.', retryAfterSeconds: 1 };
/** JSON is exchanged as UTF-8 (RFC 8259, section 8.1). */
export const CHARSET = 'The charset of the content type must be utf-8.';

/** By status; every other one is BAD_REQUEST below 500, and INTERNAL_SERVER_ERROR from there. */
const CODES: Readonly<Record<number, string>> = { 429: 'CALL_RATE_LIMITED', 503: 'CALL_UNAVAILABLE' };

/**
 * A refusal in the shape of a GraphQL response, so that GraphQL clients read its code. Apollo Client reads the body of an
 * answer that is not 200 only as `application/graphql-response+json` (GraphQL over HTTP, section 6), which it accepts.
 *
 * @param accept the request's Accept header
 */
export function httpError(status: number, accept: string | undefined, options: HttpErrorOptions = {}): HttpError {
  const { message, retryAfterSeconds, headers } = options;
  const mediaType = accept?.includes(GRAPHQL_RESPONSE) ? GRAPHQL_RESPONSE : 'application/json';
  const extensions = {
    code: CODES[status] ?? (status < 500 ? 'BAD_REQUEST' : 'INTERNAL_SERVER_ERROR'),
    status,
    retryable: status === 429 || status === 503,
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  };
  const text = message ?? MESSAGES[status] ?? (status < 500 ? 'Bad request.' : 'Internal server error');
  return {
    status,
    headers: {
      'cache-control': 'no-store',
      'content-type': `${mediaType}; charset=utf-8`,
      ...(retryAfterSeconds !== undefined && { 'retry-after': String(retryAfterSeconds) }),
      ...headers,
    },
    body: JSON.stringify({ errors: [{ message: text, extensions }] }),
  };
}
