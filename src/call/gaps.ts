import { LIMITS } from '../limits.js';
import type { DeviceRef } from './call.js';
import type { Timers } from '../ports.js';

/** How long a signal waits for the one before it, in milliseconds; anew with each one that is taken meanwhile. */
const GAP_WAIT_MS = 2_000;
/** When it is first looked whether another node took the one before, and how rarely at last. */
const FIRST_LOOK_MS = 25;
const LAST_LOOK_MS = 400;

interface Waiter {
  readonly clientSeq: number;
  readonly go: () => void;
}

/** What a device has sent for one call, ahead of something that is missing. */
interface Group {
  readonly waiters: Set<Waiter>;
  /** The next number, as it was last heard of. */
  nextSeq: number;
}

const nameOf = ({ accountId, deviceId }: DeviceRef, callId = ''): string =>
  JSON.stringify([accountId, deviceId, callId]);

/**
 * Signals that wait for the one before them. The commit of that one wakes them; and as it may be made by another node, one look
 * at the call is taken now and then, for all of them together.
 */
export class Gaps {
  readonly #timers: Pick<Timers, 'wait'>;
  /** By device and call. */
  readonly #groups = new Map<string, Group>();
  /** How many wait, by device. */
  readonly #waiting = new Map<string, number>();

  constructor(timers: Pick<Timers, 'wait'>) {
    this.#timers = timers;
  }

  /**
   * @param known the number that the device's next signal must carry, as far as it is known
   * @param nextSeq looks at the call: the number that the device's next signal must carry
   * @returns whether the one before is there; false: it did not come in time, or too many of the device wait already
   */
  async wait(
    device: DeviceRef,
    { callId, clientSeq }: { readonly callId: string; readonly clientSeq: number },
    known: number,
    nextSeq: () => Promise<number>,
  ): Promise<boolean> {
    const own = nameOf(device);
    const before = this.#waiting.get(own) ?? 0;
    if (before >= LIMITS.signalsWaitingPerDevice) return false;
    this.#waiting.set(own, before + 1);
    const name = nameOf(device, callId);
    const group = this.#groups.get(name) ?? { waiters: new Set(), nextSeq: known };
    this.#groups.set(name, group);
    let go = (): void => undefined;
    const came = new Promise<true>((resolve) => (go = () => resolve(true)));
    const waiter = { clientSeq, go };
    group.waiters.add(waiter);
    if (group.waiters.size === 1) void this.#look(group, nextSeq);
    try {
      return await Promise.race([came, this.#standstill(group, waiter)]);
    } finally {
      group.waiters.delete(waiter);
      if (group.waiters.size === 0 && this.#groups.get(name) === group) this.#groups.delete(name);
      const left = (this.#waiting.get(own) ?? 1) - 1;
      if (left > 0) this.#waiting.set(own, left);
      else this.#waiting.delete(own);
    }
  }

  /** A signal of the device was taken, so that this number is the next. */
  taken(device: DeviceRef, callId: string, nextSeq: number): void {
    if (this.#groups.size > 0) wake(this.#groups.get(nameOf(device, callId)), nextSeq);
  }

  /** @returns false: for a whole wait nothing was taken of what the group waits for */
  async #standstill(group: Group, waiter: Waiter): Promise<false> {
    for (;;) {
      const { nextSeq } = group;
      await this.#timers.wait(GAP_WAIT_MS);
      if (group.nextSeq === nextSeq || !group.waiters.has(waiter)) return false;
    }
  }

  async #look(group: Group, nextSeq: () => Promise<number>): Promise<void> {
    for (let ms = FIRST_LOOK_MS; ; ms = Math.min(2 * ms, LAST_LOOK_MS)) {
      await this.#timers.wait(ms);
      if (group.waiters.size === 0) return;
      // A look that fails is as good as none: the time of those who wait goes on.
      wake(group, await nextSeq().catch(() => 0));
    }
  }
}

function wake(group: Group | undefined, nextSeq: number): void {
  if (!group || nextSeq < group.nextSeq) return;
  group.nextSeq = nextSeq;
  for (const { clientSeq, go } of group.waiters) if (clientSeq <= nextSeq) go();
}
