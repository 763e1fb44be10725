import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { randomUUID } from 'node:crypto';
import { ERRORS, SignalingError } from '../errors.js';
import { methodMustBe, NOT_ACCEPTABLE } from './http-policy.js';

/**
 * Errors of the request itself, as GraphQL servers name them, with the status that goes with them. Their texts come
 * from graphql-js and speak of the document only; what they quote of its values is taken out.
 */
const REQUEST_ERRORS: Readonly<Record<string, number>> = {
  GRAPHQL_PARSE_FAILED: 400,
  GRAPHQL_VALIDATION_FAILED: 400,
  OPERATION_RESOLUTION_FAILURE: 400,
  BAD_REQUEST: 400,
  // Automatic persisted queries: an invitation to send the whole document, not a failure.
  PERSISTED_QUERY_NOT_FOUND: 200,
  PERSISTED_QUERY_NOT_SUPPORTED: 200,
  // As Apollo's router says it.
  QUERY_NOT_IN_SAFELIST: 403,
};

export interface MaskerOptions {
  /** Receives a defect of ours with the correlation id that the client was given. */
  readonly onDefect: OnDefect;
  /**
   * What becomes of an error that is neither of this module's fields nor of the request. A host that runs fields of its
   * own beside them has its errors left alone; by default they are defects.
   */
  readonly others?: 'mask' | 'leave';
  /** Whether "did you mean" is answered. Default true. */
  readonly suggestions?: boolean;
}

export type OnDefect = (error: unknown, correlationId: string) => void;

/** Turns whatever was thrown into what is sent, on every transport. */
export type Masker = (formatted: GraphQLFormattedError, thrown: unknown) => GraphQLFormattedError;

/** An error of one of this module's fields, as it is sent by whatever GraphQL engine runs them. */
export class FieldError extends GraphQLError {
  override readonly name = 'GraphQLError';
}

/**
 * What a field of ours throws. A SignalingError has the words of the error table, anything else is a defect with a
 * correlation id.
 */
export function fieldError(thrown: unknown, onDefect: OnDefect): FieldError {
  if (thrown instanceof FieldError) return thrown;
  const { message, extensions } = wordsOf(originalOf(thrown), onDefect);
  return new FieldError(message, { extensions });
}

/**
 * The one place where thrown becomes sent. Errors of our fields go out as they are, an error of the request in GraphQL's
 * own words without the values that it quotes, and anything else as an internal error.
 */
export function createMasker({ onDefect, others = 'mask', suggestions = true }: MaskerOptions): Masker {
  return (formatted, thrown) => {
    const original = originalOf(thrown);
    const where = {
      ...(formatted.locations && { locations: formatted.locations }),
      ...(formatted.path && { path: formatted.path }),
    };
    if (original instanceof FieldError) return { message: original.message, ...where, extensions: original.extensions };
    const request = original instanceof SignalingError ? null : requestErrorOf(formatted, original);
    if (request) {
      const message = suggestions ? request.message : withoutSuggestion(request.message);
      return { ...request, message, ...where };
    }
    if (others === 'leave' && !(original instanceof SignalingError)) return formatted;
    const { message, extensions } = wordsOf(original, onDefect);
    return { message, ...where, extensions };
  };
}

/** The public code of an error that an engine gives, if it has one. */
export function codeOf(error: GraphQLError): unknown {
  const original = originalOf(error);
  return original instanceof SignalingError ? original.code : error.extensions['code'];
}

/** An error of the engine's, under the code that Apollo Server gives it. */
export function coded({ message, nodes, source, positions, extensions }: GraphQLError, code: string): GraphQLError {
  return new GraphQLError(message, {
    nodes: nodes ?? null,
    source: source ?? null,
    positions: positions ?? null,
    extensions: { ...extensions, code },
  });
}

/** What was thrown where nothing should be, as the masker takes it. */
export function defect(thrown: unknown): GraphQLError {
  return new GraphQLError('', { originalError: thrown instanceof Error ? thrown : new Error(typeof thrown) });
}

function wordsOf(thrown: unknown, onDefect: OnDefect): { message: string; extensions: Record<string, unknown> } {
  if (thrown instanceof SignalingError) return { message: thrown.message, extensions: extensionsOf(thrown) };
  const correlationId = randomUUID();
  onDefect(thrown, correlationId);
  return {
    message: 'Internal server error',
    extensions: { code: 'INTERNAL_SERVER_ERROR', status: 500, retryable: false, correlationId },
  };
}

/** What a SignalingError adds to its message; `retryAfterSeconds` is never less than the true wait. */
export function extensionsOf(error: SignalingError): Record<string, unknown> {
  const { retryAfterMs, call, expectedClientSeq } = error.details;
  return {
    code: error.code,
    status: error.status,
    retryable: error.retryable,
    ...(retryAfterMs !== undefined && { retryAfterSeconds: Math.max(1, Math.ceil(retryAfterMs / 1000)) }),
    ...(call && { call }),
    ...(expectedClientSeq !== undefined && { expectedClientSeq }),
  };
}

function originalOf(thrown: unknown): unknown {
  let error = thrown;
  while (error instanceof GraphQLError && error.originalError) error = error.originalError;
  return error;
}

function requestErrorOf(formatted: GraphQLFormattedError, original: unknown): GraphQLFormattedError | null {
  // Only errors that a GraphQL engine made of the request: what a resolver threw has been unwrapped, or has a path.
  if (!(original instanceof GraphQLError) || formatted.path) return null;
  // An error that names itself is not what the engine takes it for: in Apollo Server a rule can refuse, but not say why.
  const code = original.extensions['code'] ?? statusCodeOf(original) ?? formatted.extensions?.['code'];
  // Ours to say, before the engine looks at variables: this one comes from a server that does not ask us.
  if (code === 'BAD_USER_INPUT') {
    const { message, status, retryable } = ERRORS.CALL_INPUT_INVALID;
    return { message, extensions: { code: 'CALL_INPUT_INVALID', status, retryable } };
  }
  const http = httpOf(original);
  const words = code === 'BAD_REQUEST' ? wordsOfHttp(http) : null;
  if (words !== null) {
    return { message: words, extensions: { code: 'BAD_REQUEST', status: http.status, retryable: false } };
  }
  // The lexer stops at the token limit with a syntax error; to the client it is one of the document's limits.
  const tooLong = code === 'GRAPHQL_PARSE_FAILED' && isTooLong(formatted);
  const publicCode = tooLong ? 'GRAPHQL_VALIDATION_FAILED' : String(code);
  const status = REQUEST_ERRORS[publicCode];
  if (status === undefined) return null;
  return {
    message: withoutValues(formatted.message),
    extensions: { code: publicCode, status, retryable: publicCode === 'PERSISTED_QUERY_NOT_FOUND' },
  };
}

/** Apollo Server says of a persisted query whose hash is another one with a status alone, and no code. */
function statusCodeOf(error: GraphQLError): string | undefined {
  return httpOf(error).status === 400 ? 'BAD_REQUEST' : undefined;
}

/** What Apollo Server means to answer over HTTP. */
interface HttpHead {
  readonly status?: number;
  readonly headers?: ReadonlyMap<string, string>;
}

function httpOf({ extensions: { http } }: GraphQLError): HttpHead {
  return (http ?? {}) as HttpHead;
}

/** Of a method that is none of GraphQL's, or not the operation's, and of an Accept header. */
function wordsOfHttp({ status, headers }: HttpHead): string | null {
  if (status === 405) return methodMustBe((headers?.get('allow') ?? 'GET, POST').split(', '));
  return status === 406 ? NOT_ACCEPTABLE : null;
}

/** The parser's words for a document with more tokens than it may have. */
export function isTooLong({ message }: { readonly message: string }): boolean {
  return message.endsWith('Parsing aborted.');
}

/** Longer than anything that is said without quoting values. */
const LONGEST_TEXT = 500;

/**
 * Takes out of graphql-js's texts of a document what they quote of values: a value may be an SDP, a candidate or a token.
 * Names of fields, types and variables stay. Looks at the beginning only, however long the quoted text is.
 */
export function withoutValues(message: string): string {
  return message
    .slice(0, LONGEST_TEXT)
    .replace(/(String|BlockString) "[\s\S]*$/, '$1.')
    .replace(/, found (?!String\.|BlockString\.)(?!Name|<EOF>|"\W{1,3}"\.$)[\s\S]*$/, '.')
    .replace(/( value): [\s\S]*$/, '$1.')
    .replace(/^(Unknown operation) named [\s\S]*$/, '$1.');
}

/** There is one that `hideSuggestions` leaves: that a field has subfields. */
function withoutSuggestion(message: string): string {
  const at = message.lastIndexOf(' Did you mean "');
  return at > 0 && message.endsWith('?') ? message.slice(0, at) : message;
}
