import { OperationTypeNode, type OperationDefinitionNode } from 'graphql';
import { LIMITS } from '../limits.js';

/** What an operation is counted among. */
export type Place = 'common' | 'hangUp';

/** How many operations of one socket may run beside each other. */
export class Places {
  #common: number = LIMITS.operationsPerSocket;
  #hangUp: number = LIMITS.hangUpsPerSocket;

  /**
   * Takes a place for an operation before anything of it is read. When all are taken, there are a few more for what looks
   * like `hangUpCall`.
   *
   * @param query its text; empty where it is named by an id
   * @returns null: it may not run beside those that already do
   */
  take(query: string): Place | null {
    if (this.#common > 0) {
      this.#common -= 1;
      return 'common';
    }
    if (this.#hangUp === 0 || !mayBeHangUp(query)) return null;
    this.#hangUp -= 1;
    return 'hangUp';
  }

  /**
   * To be asked when it is known what an operation with a place is.
   *
   * @returns the place that it has from now on; null: it has one that only `hangUpCall` may have, and may not run
   */
  keep(place: Place, operation: OperationDefinitionNode): Place | null {
    if (!isHangUp(operation)) return place === 'common' ? place : null;
    if (place === 'hangUp' || this.#hangUp === 0) return place;
    // It leaves the common places to the others.
    this.free(place);
    this.#hangUp -= 1;
    return 'hangUp';
  }

  free(place: Place): void {
    if (place === 'common') this.#common += 1;
    else this.#hangUp += 1;
  }
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
