import type { StoredCall } from '../call/ports.js';
import type { Clock } from '../ports.js';
import { elapsed } from './deadline.js';
import type { WakeMessage } from './wake-message.js';

/** So many calls, none of them larger than this as it is sent: most are a few KB. */
const MOST = 1_000;
const MOST_BYTES = 16 * 1024;
/** From then on the clock of its server may have been changed, in milliseconds. */
const KNOWN_MS = 10_000;

export interface Known {
  readonly stored: StoredCall;
  /** What the clock of its server said when it was read, and when that was by ours. */
  readonly now: number;
  readonly at: number;
}

/** Calls as this node read or wrote them last. They may have changed since: what is made from them is committed, or found stale. */
export class KnownCalls {
  readonly #clock: Clock | null;
  /** A Map iterates in order of insertion, so its first key is the one that was not used for longest. */
  readonly #calls = new Map<string, Known>();

  /** @param clock in place of the servers' own, for tests */
  constructor(clock: Clock | null) {
    this.#clock = clock;
  }

  /** @param bytes as it is sent */
  read(stored: StoredCall, now: number, bytes: number): void {
    this.#keep({ stored, now, at: elapsed() }, bytes);
  }

  /** A commit begins: until it is known what becomes of it, the call is not known. @returns what was known */
  leave(callId: string): Known | null {
    const known = this.#calls.get(callId) ?? null;
    this.#calls.delete(callId);
    return known;
  }

  /** A commit was made from what was known. */
  committed(before: Known, stored: StoredCall, bytes: number): void {
    this.#keep({ ...before, stored }, bytes);
  }

  /** Somebody says that a call has news: this process itself, or another that has changed it. */
  heard({ callId, appended }: WakeMessage): void {
    const known = callId === null ? undefined : this.#calls.get(callId);
    const position = appended?.entries.at(-1)?.position ?? Infinity;
    if (callId !== null && known && position > known.stored.call.lastPosition) this.#calls.delete(callId);
  }

  /** @returns the call, and what the clock of its server says now; null: it has to be read */
  get(callId: string): { readonly stored: StoredCall; readonly now: number } | null {
    const known = this.#calls.get(callId);
    if (!known) return null;
    const ageMs = elapsed() - known.at;
    if (ageMs < KNOWN_MS) return { stored: known.stored, now: this.#clock?.now() ?? Math.floor(known.now + ageMs) };
    this.#calls.delete(callId);
    return null;
  }

  #keep(known: Known, bytes: number): void {
    const { version, call } = known.stored;
    const { id, state } = call;
    if (version < (this.#calls.get(id)?.stored.version ?? 0)) return;
    this.#calls.delete(id);
    if (bytes > MOST_BYTES || state === 'ENDED') return;
    this.#calls.set(id, known);
    const [oldest] = this.#calls.keys();
    if (this.#calls.size > MOST && oldest !== undefined) this.#calls.delete(oldest);
  }
}
