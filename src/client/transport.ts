import type { Document } from './generated/documents.js';
import { errorOf } from './answers.js';
import type { GraphqlFailure } from './answers.js';
import { notConnected } from './errors.js';
import type { CallError } from './errors.js';

/** What becomes of a subscription. */
export interface StreamSink<Result> {
  next(result: Result): void;
  /** It was refused, or given up. The last that is heard of it. */
  error(error: CallError): void;
  /** The last that is heard of it. */
  complete(): void;
  /** It went out over a connection: an answer is to be expected. Not every transport can tell. */
  sent(): void;
  /**
   * The connection is gone, and the transport tries to bring it back.
   *
   * @param error why, where that is known
   */
  lost(error?: CallError): void;
}

/** Carries operations to the service. Made by `graphqlWsTransport` and `apolloTransport`. */
export interface Transport {
  /**
   * Runs a query or a mutation once.
   *
   * @param leaving the page is being left: the request must go out at once, and outlive the page
   * @throws CallError refused; NOT_CONNECTED: no answer came, or the signal aborted
   */
  execute<Result, Variables>(
    document: Document<Result, Variables>,
    variables: Variables,
    signal: AbortSignal,
    leaving?: boolean,
  ): Promise<Result>;
  /**
   * @param variables may have getters, to be read at each connection
   * @returns ends it
   */
  subscribe<Result, Variables>(
    document: Document<Result, Variables>,
    variables: Variables,
    sink: StreamSink<Result>,
  ): () => void;
  /** What is subscribed next goes over a new connection: of two streams of a device, that of the newer connection stays. */
  renew(): void;
}

/** What GraphQL answers with. */
export interface GraphqlResult {
  readonly data?: unknown;
  readonly errors?: readonly GraphqlFailure[] | undefined;
}

/**
 * An error beside the data is one too: no operation of the client can do with a part of its answer.
 *
 * @throws CallError refused
 */
export function dataOf<Result>({ data, errors }: GraphqlResult): Result {
  if (errors?.length) throw errorOf({ errors });
  if (data === null || data === undefined) throw notConnected();
  return data as Result;
}
