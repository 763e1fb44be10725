import { reportFault } from './platform.js';

/** A value that changes, as user interfaces like to read one. */
export interface Observable<Value> {
  readonly value: Value;
  /**
   * Calls the listener at each change, with the new value; not for the present one.
   *
   * @returns ends it
   */
  subscribe(listener: (value: Value) => void): () => void;
}

/** The side of an observable that its owner holds. */
export class Cell<Value> implements Observable<Value> {
  #value: Value;
  readonly #listeners = new Set<(value: Value) => void>();

  constructor(value: Value) {
    this.#value = value;
  }

  get value(): Value {
    return this.#value;
  }

  set(value: Value): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const listener of [...this.#listeners]) {
      try {
        listener(value);
      } catch (error) {
        // A fault of the listener's is its own: it is reported as one, and does not get in the way of a call.
        reportFault(error);
      }
    }
  }

  subscribe(listener: (value: Value) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
