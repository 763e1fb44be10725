import type { FormattedExecutionResult, GraphQLFormattedError } from 'graphql';

/** The subprotocol, as it is named in an upgrade request (graphql-ws, PROTOCOL.md). */
export const SUBPROTOCOL = 'graphql-transport-ws';

type JsonObject = Readonly<Record<string, unknown>>;

export type Payload = JsonObject | null | undefined;

/** What a client asks to be run. */
export interface OperationPayload {
  readonly query: string;
  readonly operationName?: string | null;
  readonly variables?: JsonObject | null;
  readonly extensions?: JsonObject | null;
}

export interface SubscribeMessage {
  readonly type: 'subscribe';
  readonly id: string;
  readonly payload: OperationPayload;
}

/** A message that a client may send. */
export type ClientMessage =
  | SubscribeMessage
  | { readonly type: 'complete'; readonly id: string }
  | { readonly type: 'connection_init' | 'ping' | 'pong'; readonly payload?: Payload };

/**
 * Reads a message of a client, once.
 *
 * @returns null: it is none that a client may send
 */
export function readMessage(text: string): ClientMessage | null {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return null;
  }
  return isObject(message) && isClientMessage(message) ? message : null;
}

function isClientMessage(message: JsonObject): message is ClientMessage & JsonObject {
  const { type, id, payload } = message;
  switch (type) {
    case 'subscribe':
      return isId(id) && isObject(payload) && isOperation(payload);
    case 'complete':
      return isId(id);
    case 'connection_init':
    case 'ping':
    case 'pong':
      return isMissing(payload) || isObject(payload);
    default:
      return false;
  }
}

function isOperation({ query, operationName, variables, extensions }: JsonObject): boolean {
  return (
    typeof query === 'string' &&
    (isMissing(operationName) || typeof operationName === 'string') &&
    (isMissing(variables) || isObject(variables)) &&
    (isMissing(extensions) || isObject(extensions))
  );
}

const isId = (value: unknown): value is string => typeof value === 'string' && value !== '';
const isMissing = (value: unknown): value is null | undefined => value === null || value === undefined;
const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const CONNECTION_ACK = '{"type":"connection_ack"}';

export function pongMessage(payload: Payload): string {
  return payload ? `{"type":"pong","payload":${JSON.stringify(payload)}}` : '{"type":"pong"}';
}

/** @param id of the operation, as JSON: here and below */
export function nextMessage(id: string, payload: FormattedExecutionResult): string {
  return `{"id":${id},"type":"next","payload":${JSON.stringify(payload)}}`;
}

export function errorMessage(id: string, payload: readonly GraphQLFormattedError[]): string {
  return `{"id":${id},"type":"error","payload":${JSON.stringify(payload)}}`;
}

export function completeMessage(id: string): string {
  return `{"id":${id},"type":"complete"}`;
}
