import type { Soon } from '../soon.js';
import type { DeviceRef } from './call.js';
import type { Desk } from './desk.js';
import { checkFirst, checkId } from './input.js';
import type { Ledger, Loaded } from './ledger.js';
import type { AccountIndex, IndexedCall } from './ports.js';
import { RECENT_SCANNED } from './resume.js';
import type { CallView } from './view.js';
import { isOpenFor, viewOf } from './view.js';

export interface ReadsParts {
  readonly ledger: Ledger;
  readonly index: AccountIndex;
  readonly desk: Desk;
}

/** What one operation reads for a device: each list and each call once, however many of its fields ask for it. */
export class CallReads {
  readonly #parts: ReadsParts;
  readonly #viewer: DeviceRef;
  readonly #calls = new Map<string, Promise<Loaded | null>>();
  #live: Promise<readonly IndexedCall[]> | null = null;
  #recent: Promise<readonly IndexedCall[]> | null = null;

  constructor(parts: ReadsParts, viewer: DeviceRef) {
    this.#parts = parts;
    this.#viewer = viewer;
  }

  /** @returns null when there is no such call, and also when it is not the viewer's */
  async call(callId: string): Promise<CallView | null> {
    checkId('id', callId);
    const [loaded] = await this.#load([callId]);
    return loaded ? viewOf(loaded.call, this.#viewer, loaded.time) : null;
  }

  /**
   * @param known ids of calls among which are all that are open; null: they are asked for
   * @returns the calls that are open for this device, newest first
   */
  async openCalls(known: readonly string[] | null = null): Promise<readonly CallView[]> {
    const loaded = await this.#load(known ?? (await this.#liveIds()));
    return this.#views(loaded.filter(({ call }) => isOpenFor(call, this.#viewer)));
  }

  async #liveIds(): Promise<readonly string[]> {
    const { index } = this.#parts;
    this.#live ??= this.#served(() => index.live(this.#viewer.accountId));
    return (await this.#live).map(({ callId }) => callId);
  }

  /** @param first how many at most, 1 to 50 */
  async recentCalls(first: number): Promise<readonly CallView[]> {
    checkFirst(first);
    const { index } = this.#parts;
    this.#recent ??= this.#served(() => index.recent(this.#viewer.accountId, RECENT_SCANNED));
    const entries = await this.#recent;
    const found: CallView[] = [];
    for (let next = 0; next < entries.length && found.length < first; next += first) {
      const page = entries.slice(next, next + first).map(({ callId }) => callId);
      found.push(...this.#views(await this.#load(page)));
    }
    return found.slice(0, first);
  }

  /** @returns those of the calls that there are; what nobody has asked for yet is read in one piece */
  async #load(callIds: readonly string[]): Promise<readonly Loaded[]> {
    const { ledger } = this.#parts;
    const unread = callIds.filter((callId) => !this.#calls.has(callId));
    if (unread.length > 0) {
      const read = this.#served(() => ledger.loadAll(unread));
      for (const callId of unread)
        this.#calls.set(
          callId,
          read.then((all) => all.find(({ call }) => call.id === callId) ?? null),
        );
    }
    const loaded = await Promise.all(callIds.map((callId) => this.#calls.get(callId) ?? null));
    return loaded.filter((each) => each !== null);
  }

  async #served<Result>(work: () => Soon<Result>): Promise<Result> {
    return this.#parts.desk.serve(this.#viewer, work);
  }

  #views(loaded: readonly Loaded[]): CallView[] {
    return loaded
      .map(({ call, time }) => viewOf(call, this.#viewer, time))
      .filter((view) => view !== null)
      .sort((a, b) => b.createdAt - a.createdAt);
  }
}
