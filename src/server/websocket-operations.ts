import { OperationTypeNode, type OperationDefinitionNode } from 'graphql';
import { MessageType } from 'graphql-ws';
import { LIMITS } from '../limits.js';

/** The operations of one socket, from the client's message to the last byte of the answer. */
export interface Operations {
  /** Takes a message of the client's. */
  receive(text: string): void;
  /**
   * Takes a place for an operation before anything of it is read. When all are taken, there are a few more for what looks
   * like `hangUpCall`.
   *
   * @param query its text; empty where it is named by an id
   * @returns false: it may not run beside those that already do
   */
  admit(id: string, query: string): boolean;
  /** To be told what an admitted operation is. @returns false: it has a place that only `hangUpCall` may have */
  keeps(id: string, operation: OperationDefinitionNode): boolean;
  isSubscription(id: string): boolean;
  /** How many queries and mutations have not been answered yet. */
  unanswered(): number;
}

export interface OperationsOptions {
  /** Does what a message asks for. Settles when that is over: for an operation, after its last answer. */
  readonly handle: (text: string) => Promise<void>;
  /** Whether messages are still taken; those that come later are as if never sent. */
  readonly isOpen: () => boolean;
  /** An operation could not be brought to its end. */
  readonly onFailed: (id: string, error: unknown) => void;
  /** A message was none that a client may send. */
  readonly onInvalid: () => void;
  /** An operation was begun under the id of another. */
  readonly onDuplicate: () => void;
  /** An operation is over. */
  readonly onOver: () => void;
  readonly onDefect: (error: unknown) => void;
}

interface Underway {
  /** Null until the document has been read. */
  kind: OperationTypeNode | null;
  /** What it is counted among; null: it was not admitted. */
  place: 'common' | 'hangUp' | null;
  /** The client wants no more of it, and may use its id again. */
  isLeft: boolean;
  /** What the client then asked for under the same id: begins when this is over, so that no answer goes to the wrong one. */
  next: string | null;
}

export function createOperations(options: OperationsOptions): Operations {
  const { handle } = options;
  const underway = new Map<string, Underway>();
  const free = { common: LIMITS.operationsPerSocket as number, hangUp: LIMITS.hangUpsPerSocket as number };

  function move(operation: Underway, place: Underway['place']): void {
    if (operation.place !== null) free[operation.place] += 1;
    if (place !== null) free[place] -= 1;
    operation.place = place;
  }

  function receive(text: string): void {
    if (!options.isOpen()) return;
    const { type, id } = envelopeOf(text);
    const known = underway.get(id);
    if (type === MessageType.Subscribe) {
      if (!known) begin(id, text);
      else if (!known.isLeft || known.next !== null) options.onDuplicate();
      else known.next = text;
    } else if (type === MessageType.Complete) {
      if (known) Object.assign(known, { isLeft: true, next: null });
      handle(text).catch(options.onDefect);
    } else {
      handle(text).catch(options.onInvalid);
    }
  }

  function begin(id: string, text: string): void {
    const operation: Underway = { kind: null, place: null, isLeft: false, next: null };
    underway.set(id, operation);
    void handle(text)
      .catch((error: unknown) => options.onFailed(id, error))
      .then(() => {
        underway.delete(id);
        move(operation, null);
        options.onOver();
        if (operation.next !== null) receive(operation.next);
      });
  }

  return {
    receive,
    admit: (id, query) => {
      const known = underway.get(id);
      if (!known) return false;
      if (free.common > 0) move(known, 'common');
      else if (free.hangUp > 0 && mayBeHangUp(query)) move(known, 'hangUp');
      return known.place !== null;
    },
    keeps: (id, operation) => {
      const known = underway.get(id);
      if (!known) return false;
      known.kind = operation.operation;
      if (!isHangUp(operation)) return known.place === 'common';
      // It leaves the common places to the others.
      if (free.hangUp > 0) move(known, 'hangUp');
      return true;
    },
    isSubscription: (id) => underway.get(id)?.kind === OperationTypeNode.SUBSCRIPTION,
    unanswered: () => {
      const awaitsAnswer = ({ kind, isLeft }: Underway) => kind !== OperationTypeNode.SUBSCRIPTION && !isLeft;
      return [...underway.values()].filter(awaitsAnswer).length;
    },
  };
}

/** More than any client writes to end a call: who has used up its places is not read at length. */
const HANG_UP_CHARACTERS = 2_048;

function mayBeHangUp(query: string): boolean {
  return query === '' || (query.length <= HANG_UP_CHARACTERS && query.includes('hangUpCall'));
}

/** Nothing may keep a user from ending a call. */
function isHangUp({ operation, selectionSet: { selections } }: OperationDefinitionNode): boolean {
  const [field, ...others] = selections;
  const isOne = others.length === 0 && field?.kind === 'Field';
  return operation === OperationTypeNode.MUTATION && isOne && field.name.value === 'hangUpCall';
}

/** What is needed of a message to know which operation it is about; whether it is well-formed is judged later. */
function envelopeOf(text: string): { readonly type: unknown; readonly id: string } {
  try {
    const { type, id } = Object(JSON.parse(text)) as { type?: unknown; id?: unknown };
    return { type, id: typeof id === 'string' ? id : '' };
  } catch {
    return { type: undefined, id: '' };
  }
}
