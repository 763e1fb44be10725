import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { randomUUID } from 'node:crypto';
import { ERRORS, SignalingError } from '../errors.js';

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
  readonly onDefect: (error: unknown, correlationId: string) => void;
}

/** Turns whatever was thrown into what is sent, on every transport. */
export type Masker = (formatted: GraphQLFormattedError, thrown: unknown) => GraphQLFormattedError;

/**
 * The one place where thrown becomes sent. A SignalingError goes out in the words of the error table, an error of the
 * request in GraphQL's own without the values it quotes, and anything else as an internal error with a correlation id.
 */
export function createMasker({ onDefect }: MaskerOptions): Masker {
  return (formatted, thrown) => {
    const original = originalOf(thrown);
    const where = {
      ...(formatted.locations && { locations: formatted.locations }),
      ...(formatted.path && { path: formatted.path }),
    };
    if (original instanceof SignalingError) {
      return { message: original.message, ...where, extensions: extensionsOf(original) };
    }
    const request = requestErrorOf(formatted, original);
    if (request) return { ...request, ...where };

    const correlationId = randomUUID();
    onDefect(original, correlationId);
    return {
      message: 'Internal server error',
      ...where,
      extensions: { code: 'INTERNAL_SERVER_ERROR', status: 500, retryable: false, correlationId },
    };
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
  const code = original.extensions['code'] ?? formatted.extensions?.['code'];
  // What graphql-js says of variables as a whole, as that they have too many mistakes, comes without a code.
  if (code === 'BAD_USER_INPUT' || code === undefined || code === 'INTERNAL_SERVER_ERROR') {
    const { status, retryable } = ERRORS.CALL_INPUT_INVALID;
    const extensions = { code: 'CALL_INPUT_INVALID', status, retryable };
    return { message: withoutValues(formatted.message), extensions };
  }
  // The lexer stops at the token limit with a syntax error; to the client it is one of the document's limits.
  const tooLong = code === 'GRAPHQL_PARSE_FAILED' && formatted.message.includes('Parsing aborted');
  const publicCode = tooLong ? 'GRAPHQL_VALIDATION_FAILED' : String(code);
  const status = REQUEST_ERRORS[publicCode];
  if (status === undefined) return null;
  return {
    message: withoutValues(formatted.message),
    extensions: { code: publicCode, status, retryable: publicCode === 'PERSISTED_QUERY_NOT_FOUND' },
  };
}

/**
 * Takes out of graphql-js's texts what they quote of values: a value may be an SDP, a candidate or a token. Names of
 * fields, types and variables stay.
 */
export function withoutValues(message: string): string {
  const variable = /^(Variable "\$\w+" got )invalid value /.exec(message);
  if (variable) return `${variable[1]}an invalid value${pathIn(message)}${reasonIn(message)}`;
  return message
    .replace(/(String|BlockString) "[\s\S]*$/, '$1.')
    .replace(/, found (?!String\.|BlockString\.)(?!Name|<EOF>|"\W{1,3}"\.$)[\s\S]*$/, '.')
    .replace(/( value): [\s\S]*$/, '$1.')
    .replace(/^(Unknown operation) named [\s\S]*$/, '$1.');
}

/** Where in the variable the value stands: the last path that the text names. */
function pathIn(message: string): string {
  const path = [...message.matchAll(/ at "([\w.[\]]{1,100})"/g)].at(-1);
  return path ? ` at "${path[1]}"` : '';
}

/** Only reasons made of names of the schema are repeated. */
function reasonIn(message: string): string {
  const reason =
    /; (Field "\w+" (?:of required type "[\w![\]]+" was not provided|is not defined by type "\w+")|Expected non-nullable type "[\w![\]]+" not to be null)\.[^;]*$/.exec(
      message,
    ) ?? /; (\w+ cannot represent)/.exec(message);
  if (!reason) return '.';
  return reason[1]?.endsWith('represent') ? `; ${reason[1]} it.` : `; ${reason[1]}.`;
}
