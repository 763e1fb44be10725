import type { SourceLocation } from 'graphql';

/** The media type by which a client says that it reads the status of an answer (GraphQL over HTTP). */
export const GRAPHQL_RESPONSE = 'application/graphql-response+json';

/** @param allowed HTTP methods */
export const methodMustBe = (allowed: readonly string[]): string => `The method must be ${allowed.join(' or ')}.`;

export const SUBSCRIPTIONS = 'Subscriptions are served over WebSocket (graphql-transport-ws).';

export const NOT_ACCEPTABLE = `The answer is application/json or ${GRAPHQL_RESPONSE}, and the Accept header allows neither. ${SUBSCRIPTIONS}`;

/** As much of an answer as decides how it is sent. */
interface Answer {
  readonly data?: Readonly<Record<string, unknown>> | null | undefined;
  readonly errors?: readonly SentError[] | undefined;
}

interface SentError {
  readonly locations?: readonly SourceLocation[] | undefined;
  readonly extensions?: Readonly<Record<string, unknown>> | undefined;
}

/** What HTTP adds to a GraphQL answer. */
export interface HttpPolicy {
  readonly status: number;
  /** The answer goes out without `data`. */
  readonly withoutData: boolean;
  /** For Retry-After: long enough for every field that was refused; 0: none. */
  readonly retryAfterSeconds: number;
}

const FINE: HttpPolicy = { status: 200, withoutData: false, retryAfterSeconds: 0 };

/**
 * The status of the first error in the document where the client reads it and no root field has data; else 200, because a
 * gateway that sees another status throws away the codes and the sibling fields.
 *
 * @param accept the request's Accept header
 */
export function httpPolicy({ data, errors }: Answer, accept: string): HttpPolicy {
  if (!errors?.length) return FINE;
  const retryAfterSeconds = Math.max(
    0,
    ...errors.map(({ extensions }) => Number(extensions?.['retryAfterSeconds'] ?? 0)),
  );
  const hasData = data != null && Object.values(data).some((value) => value !== null);
  if (hasData || !accept.includes(GRAPHQL_RESPONSE)) return { ...FINE, retryAfterSeconds };
  return { status: statusOf(errors), withoutData: true, retryAfterSeconds };
}

/** The status of the error that stands first in the document; errors come in the order in which fields failed. */
function statusOf(errors: readonly SentError[]): number {
  // A host's own errors say none.
  const [first] = errors.filter(hasStatus).sort((a, b) => {
    const [x, y] = [a.locations?.[0], b.locations?.[0]];
    return (x?.line ?? 0) - (y?.line ?? 0) || (x?.column ?? 0) - (y?.column ?? 0);
  });
  return Number(first?.extensions?.['status'] ?? 500);
}

/** Every error of this module says its status. */
export function hasStatus({ extensions }: SentError): boolean {
  return typeof extensions?.['status'] === 'number';
}
