import type { CallMedia } from './generated/types.js';

/** Where a page keeps what it needs after a reload; `sessionStorage` fits, as each tab has one of its own. */
export interface CallStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** A call that this page knows, so that after a reload it knows what its user wanted. */
export interface HeldCall {
  readonly account: string;
  readonly media: CallMedia;
  /** Its user has hung up, and the service does not know it yet. */
  readonly hungUp?: boolean;
}

interface Content {
  /** Only while there is no call: what a call was told cannot be done without after a reload, and is asked for again. */
  readonly cursor: string | null;
  /** By the id of the call, or by the account that is called as long as the call has no id. */
  readonly calls: Readonly<Record<string, HeldCall>>;
}

/** The cursor of the last event, and the calls that are not over, in memory and over a reload. */
export class Kept {
  #cursor: string | null;
  readonly #calls: Map<string, HeldCall>;
  readonly #storage: CallStorage | null;
  readonly #key: string;

  constructor(storage: CallStorage | null, key: string) {
    this.#storage = storage;
    this.#key = key;
    const { cursor, calls } = this.#read();
    this.#cursor = cursor;
    this.#calls = new Map(Object.entries(calls));
  }

  get cursor(): string | null {
    return this.#cursor;
  }

  set cursor(cursor: string | null) {
    this.#cursor = cursor;
    this.#write();
  }

  get calls(): ReadonlyMap<string, HeldCall> {
    return this.#calls;
  }

  hold(callId: string, call: HeldCall): void {
    this.#calls.set(callId, call);
    this.#write();
  }

  release(callId: string): void {
    if (this.#calls.delete(callId)) this.#write();
  }

  #read(): Content {
    try {
      const { cursor, calls } = JSON.parse(this.#storage?.getItem(this.#key) ?? '') as Partial<Content>;
      return { cursor: cursor ?? null, calls: calls ?? {} };
    } catch {
      return { cursor: null, calls: {} };
    }
  }

  #write(): void {
    if (!this.#storage) return;
    const calls = Object.fromEntries(this.#calls);
    const content: Content = { cursor: this.#calls.size === 0 ? this.#cursor : null, calls };
    try {
      this.#storage.setItem(this.#key, JSON.stringify(content));
    } catch {
      // A full or forbidden storage costs the page its memory over a reload, and no call.
    }
  }
}
