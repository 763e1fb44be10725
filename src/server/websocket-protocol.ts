import type { IncomingHttpHeaders } from 'node:http';
import { GraphQLError, type ExecutionArgs, type FormattedExecutionResult } from 'graphql';
import { makeServer, MessageType, stringifyMessage, type Server } from 'graphql-ws';
import { SignalingError } from '../errors.js';
import { startAnswerTime } from '../graphql/answer-time.js';
import type { CallContext } from '../graphql/context.js';
import { codeOf } from '../graphql/errors.js';
import type { Executor } from '../graphql/executor.js';
import type { Execution } from '../graphql/plans.js';
import { LIMITS } from '../limits.js';
import type { Admitted } from './websocket-admission.js';
import type { Channel } from './websocket-channel.js';
import type { Connection, OwnConnection } from './websocket-connection.js';
import type { Operations } from './websocket-operations.js';
import { authorizationIn } from './websocket-token.js';

/** One socket, from its opening to its close. */
export interface Session extends Admitted {
  readonly channel: Channel;
  /** Of the upgrade request: a gateway sends the token there, and browsers send cookies. */
  readonly headers: IncomingHttpHeaders;
  operations: Operations | null;
  /** Null until connection_init has been accepted. */
  connection: OwnConnection | null;
}

export interface ProtocolOptions {
  readonly executor: Executor;
  /**
   * Makes the connection of a session.
   * @param authorization the token that the client sent in connection_init
   * @returns false: it may not; the socket is closed with 4403 unless it has been closed already
   */
  readonly connect: (session: Session, authorization: string | undefined) => Promise<boolean>;
  readonly contextFor: (connection: Connection) => CallContext;
  /** Told of each operation that was run, and of each subscription when it has begun; its document had been found valid. */
  readonly onAnswered: (outcome: 'ok' | 'error', seconds: number) => void;
}

/** Made once: an error costs more than the rest of a refusal, and this one is given to who sends too much. */
const TOO_MANY = new GraphQLError('', { originalError: new SignalingError('CALL_RATE_LIMITED') });

/** The graphql-transport-ws protocol, bent to this project's rules: what is executed, and what is answered to whom. */
export function createProtocol({ executor, connect, contextFor, onAnswered }: ProtocolOptions): Server<Session> {
  async function run(args: ExecutionArgs): Promise<Execution> {
    const seconds = startAnswerTime(args.contextValue);
    const result = await executor.run(args);
    const outcome = 'errors' in result && result.errors ? 'error' : 'ok';
    onAnswered(outcome, seconds());
    return result;
  }

  /**
   * A client gives a subscription up for good when it is told of an error, and comes back by itself when its socket
   * closes with 1013: so that is what it gets when a stream cannot begin, or go on, for the time being.
   */
  function endIfUnavailable({ operations, connection }: Session, id: string, errors: readonly GraphQLError[]): void {
    const isUnavailable = errors.some((error) => codeOf(error) === 'CALL_UNAVAILABLE');
    if (isUnavailable && operations?.isSubscription(id)) connection?.end('UNAVAILABLE');
  }

  return makeServer<Record<string, unknown>, Session>({
    connectionInitWaitTimeout: LIMITS.connectionInitMs,
    execute: run,
    subscribe: run,
    onConnect: ({ extra: session, connectionParams }) => connect(session, authorizationIn(connectionParams)),
    onSubscribe: ({ extra: { operations, connection } }, id, { query, operationName, variables, extensions }) => {
      // What is not admitted is not read.
      if (!connection || !operations?.admit(id, query)) return [TOO_MANY];
      const prepared = executor.prepare({ query, operationName, extensions }, 'identified');
      if (!('operation' in prepared)) return prepared;
      if (!operations.keeps(id, prepared.operation)) return [TOO_MANY];
      return {
        schema: executor.schema,
        document: prepared.document,
        operationName: operationName ?? null,
        variableValues: variables ?? null,
        contextValue: contextFor(connection),
      };
    },
    onNext: ({ extra: session }, id, _payload, _args, result) => {
      if (!result.errors) return;
      if (result.data == null) endIfUnavailable(session, id, result.errors);
      return { ...result, errors: executor.masked(result.errors) } as FormattedExecutionResult;
    },
    onError: ({ extra: session }, id, _payload, errors) => {
      endIfUnavailable(session, id, errors);
      return executor.masked(errors);
    },
  });
}

/** What is answered when an operation fails after it was executed: its result cannot be written as JSON, for example. */
export function failureMessage(executor: Executor, id: string, error: unknown): string {
  const originalError = error instanceof Error ? error : new Error(typeof error);
  const payload = executor.masked([new GraphQLError('', { originalError })]);
  return stringifyMessage({ id, type: MessageType.Error, payload });
}
