import { GraphQLError, OperationTypeNode, type ExecutionResult, type FormattedExecutionResult } from 'graphql';
import { SignalingError } from '../errors.js';
import { startAnswerTime } from '../graphql/answer-time.js';
import type { CallContext } from '../graphql/context.js';
import { codeOf, defect } from '../graphql/errors.js';
import type { Executor } from '../graphql/executor.js';
import type { Execution } from '../graphql/plans.js';
import { isPromise } from '../soon.js';
import type { Channel } from './websocket-channel.js';
import type { Connection, OwnConnection } from './websocket-connection.js';
import {
  completeMessage,
  errorMessage,
  nextMessage,
  type OperationPayload,
  type SubscribeMessage,
} from './websocket-messages.js';
import { Places, type Place } from './websocket-places.js';

/** What runs the operations of all sockets. */
export interface OperationsOptions {
  readonly executor: Executor;
  readonly contextFor: (connection: Connection) => CallContext;
  /** Told of each operation that was run, and of each subscription when it has begun; its document had been found valid. */
  readonly onAnswered: (outcome: 'ok' | 'error', seconds: number) => void;
  readonly onDefect: (error: unknown) => void;
}

interface Operation {
  /** Its id as JSON, written once. */
  readonly id: string;
  /** Null until the document has been read. */
  kind: OperationTypeNode | null;
  /** Null: it was not admitted. */
  place: Place | null;
  /** The client wants no more of it, and may use its id again. */
  isLeft: boolean;
  /** What the client then asked for under the same id: begins when this is over, so that no answer goes to the wrong one. */
  next: SubscribeMessage | null;
  events: AsyncIterator<ExecutionResult> | null;
  /** Settles when the events have been given back. */
  givenBack: Promise<void> | undefined;
}

/** Something was sent, and has to be waited for; else it was taken at once. */
type Sent = Promise<void> | undefined;

/** Made once: an error costs more than the rest of a refusal, and this one is given to who sends too much. */
const TOO_MANY = [new GraphQLError('', { originalError: new SignalingError('CALL_RATE_LIMITED') })];

/**
 * The operations of one socket, from the client's message to the last byte of the answer. What needs no waiting, neither to
 * be run nor to be sent, is answered in the turn of the event loop in which it was asked.
 */
export class Operations {
  readonly #options: OperationsOptions;
  readonly #channel: Channel;
  readonly #connection: OwnConnection;
  readonly #underway = new Map<string, Operation>();
  readonly #places = new Places();

  constructor(options: OperationsOptions, channel: Channel, connection: OwnConnection) {
    this.#options = options;
    this.#channel = channel;
    this.#connection = connection;
  }

  subscribe(message: SubscribeMessage): void {
    const known = this.#underway.get(message.id);
    if (!known) this.#begin(message);
    else if (!known.isLeft || known.next !== null) this.#channel.close(4409);
    else known.next = message;
  }

  /** The client wants no more of an operation. One that is over already is none. */
  complete(id: string): void {
    const known = this.#underway.get(id);
    if (known) this.#leave(known);
  }

  /** The socket is closed. */
  leave(): void {
    for (const operation of this.#underway.values()) this.#leave(operation);
  }

  /** How many queries and mutations have not been answered yet. */
  unanswered(): number {
    const awaitsAnswer = ({ kind, isLeft }: Operation) => kind !== OperationTypeNode.SUBSCRIPTION && !isLeft;
    return [...this.#underway.values()].filter(awaitsAnswer).length;
  }

  #begin({ id, payload }: SubscribeMessage): void {
    const operation: Operation = {
      id: JSON.stringify(id),
      kind: null,
      place: null,
      isLeft: false,
      next: null,
      events: null,
      givenBack: undefined,
    };
    this.#underway.set(id, operation);
    const over = (): void => this.#over(id, operation);
    let sent: Sent;
    try {
      sent = this.#serve(operation, payload);
    } catch (thrown) {
      sent = this.#fail(operation, thrown);
    }
    if (sent === undefined) over();
    else
      sent
        .catch((thrown: unknown) => this.#fail(operation, thrown))
        .then(over)
        .catch(this.#options.onDefect);
  }

  #over(id: string, { place, next }: Operation): void {
    this.#underway.delete(id);
    if (place !== null) this.#places.free(place);
    // The connection's end may have waited for this.
    this.#connection.settle();
    if (next !== null && this.#channel.isOpen && this.#connection.isLive) this.#begin(next);
  }

  #leave(operation: Operation): void {
    operation.next = null;
    if (operation.isLeft) return;
    operation.isLeft = true;
    if (operation.events) operation.givenBack = this.#giveBack(operation.events);
  }

  async #giveBack(events: AsyncIterator<ExecutionResult>): Promise<void> {
    try {
      await events.return?.();
    } catch (thrown) {
      this.#options.onDefect(thrown);
    }
  }

  #serve(operation: Operation, payload: OperationPayload): Sent {
    const { executor, contextFor } = this.#options;
    // What is not admitted is not read.
    operation.place = this.#places.take(payload.query);
    if (operation.place === null) return this.#refuse(operation, TOO_MANY);
    const prepared = executor.prepare(payload, 'identified');
    if (!('operation' in prepared)) return this.#refuse(operation, prepared);
    operation.kind = prepared.operation.operation;
    const place = this.#places.keep(operation.place, prepared.operation);
    if (place === null) return this.#refuse(operation, TOO_MANY);
    operation.place = place;

    const contextValue = contextFor(this.#connection);
    const seconds = startAnswerTime(contextValue);
    const execution = executor.run({
      schema: executor.schema,
      document: prepared.document,
      operationName: payload.operationName ?? null,
      variableValues: payload.variables ?? null,
      contextValue,
    });
    if (isPromise(execution)) return execution.then((settled) => this.#answer(operation, settled, seconds));
    return this.#answer(operation, execution, seconds);
  }

  #answer(operation: Operation, execution: Execution, seconds: () => number): Sent {
    this.#options.onAnswered('errors' in execution && execution.errors ? 'error' : 'ok', seconds());
    if (Symbol.asyncIterator in execution) return this.#stream(operation, execution);
    if (operation.isLeft) return undefined;
    void this.#next(operation, execution);
    return this.#channel.send(completeMessage(operation.id));
  }

  /** The next event is asked for when the one before has been taken. */
  async #stream(operation: Operation, results: AsyncIterable<ExecutionResult>): Promise<void> {
    try {
      const events = results[Symbol.asyncIterator]();
      operation.events = events;
      if (operation.isLeft) return await this.#giveBack(events);
      for (;;) {
        const event = await events.next();
        if (operation.isLeft) return await operation.givenBack;
        if (event.done) break;
        let sent: Sent;
        try {
          sent = this.#next(operation, event.value);
          this.#channel.told();
        } catch (thrown) {
          await this.#giveBack(events);
          throw thrown;
        }
        if (sent !== undefined) await sent;
      }
    } catch (thrown) {
      const originalError = thrown instanceof Error ? thrown : new Error(typeof thrown);
      return this.#refuse(operation, [new GraphQLError(originalError.message, { originalError })]);
    }
    return this.#channel.send(completeMessage(operation.id));
  }

  #next(operation: Operation, result: ExecutionResult): Sent {
    const { errors, data } = result;
    if (!errors) return this.#channel.send(nextMessage(operation.id, result as FormattedExecutionResult));
    if (data === null || data === undefined) this.#endIfUnavailable(operation, errors);
    return this.#channel.send(nextMessage(operation.id, { ...result, errors: this.#options.executor.masked(errors) }));
  }

  /** Ends an operation with errors in the place of a result. */
  #refuse(operation: Operation, errors: readonly GraphQLError[]): Sent {
    // Whether or not the client still wants to know: a defect is told by this too.
    const masked = this.#options.executor.masked(errors);
    if (operation.isLeft) return undefined;
    this.#endIfUnavailable(operation, errors);
    return this.#channel.send(errorMessage(operation.id, masked));
  }

  /** It failed beside being executed: its result cannot be written as JSON, for example. */
  #fail(operation: Operation, thrown: unknown): Sent {
    try {
      return this.#refuse(operation, [defect(thrown)]);
    } catch (failure) {
      this.#options.onDefect(failure);
      return undefined;
    }
  }

  /**
   * A client gives a subscription up for good when it is told of an error, and comes back by itself when its socket
   * closes with 1013: so that is what it gets when a stream cannot begin, or go on, for the time being.
   */
  #endIfUnavailable({ kind }: Operation, errors: readonly GraphQLError[]): void {
    if (kind !== OperationTypeNode.SUBSCRIPTION) return;
    if (errors.some((each) => codeOf(each) === 'CALL_UNAVAILABLE')) this.#connection.end('UNAVAILABLE');
  }
}
