import { isPromise, type Soon } from '../soon.js';

const DONE = { value: undefined, done: true } as const;

interface Asked<T> {
  readonly resolve: (result: IteratorResult<T, undefined>) => void;
  readonly reject: (error: unknown) => void;
}

/** What was produced; `last`: nothing comes after it. */
export interface Produced<T> {
  readonly value: T;
  readonly last: boolean;
}

/**
 * An iterator whose values are made as they are asked for, one at a time. Made by hand, since an async generator that waits
 * for a value cannot be left: here `return` answers at once, also while `next` waits.
 */
export abstract class PulledIterator<T> implements AsyncIterator<T, undefined>, AsyncIterable<T> {
  readonly #asked: Asked<T>[] = [];
  #error: unknown = null;
  #over = false;
  #producing = false;
  /** There may be more than the last look found. */
  #stirred = false;

  /** @returns the next value; null: none yet, and {@link pull} is to be called when there may be one */
  protected abstract produce(): Soon<Produced<T> | null>;

  /** Is called once, when the iterator is over; `failed`: by an error. */
  protected abstract release(failed: boolean): void;

  protected get over(): boolean {
    return this.#over;
  }

  /** Somebody waits for a value. */
  protected get isAsked(): boolean {
    return this.#asked.length > 0;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#error !== null) return Promise.reject(this.#error as Error);
    if (this.#over) return Promise.resolve(DONE);
    return new Promise((resolve, reject) => {
      this.#asked.push({ resolve, reject });
      this.pull();
    });
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.#finish();
    return Promise.resolve(DONE);
  }

  throw(error: unknown): Promise<IteratorResult<T, undefined>> {
    this.#finish();
    return Promise.reject(error as Error);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** There may be a value: who waits for one gets it, in this turn where it is there. */
  protected pull(): void {
    this.#stirred = true;
    if (!this.#producing) this.#produceAll();
  }

  /** Ends the iterator: whoever asks hears the error, now or later. */
  protected fail(error: unknown): void {
    if (this.#over) return;
    this.#error = error;
    for (const { reject } of this.#asked.splice(0)) reject(error);
    this.#finish(true);
  }

  #finish(failed = false): void {
    if (this.#over) return;
    this.#over = true;
    for (const { resolve } of this.#asked.splice(0)) resolve(DONE);
    this.release(failed);
  }

  #produceAll(): void {
    this.#producing = true;
    try {
      while (this.#asked.length > 0 && this.#stirred) {
        // Before it is looked: what comes meanwhile makes it look again.
        this.#stirred = false;
        const produced = this.produce();
        if (isPromise(produced)) return this.#giveLater(produced as Promise<Produced<T> | null>);
        this.#give(produced);
      }
    } catch (error) {
      this.fail(error);
    }
    this.#producing = false;
  }

  #giveLater(producing: Promise<Produced<T> | null>): void {
    producing
      .then((produced) => this.#give(produced))
      .catch((error: unknown) => this.fail(error))
      .finally(() => this.#produceAll());
  }

  #give(produced: Produced<T> | null): void {
    if (produced === null) return;
    this.#stirred = true;
    this.#asked.shift()?.resolve({ value: produced.value, done: false });
    if (produced.last) this.#finish();
  }
}
