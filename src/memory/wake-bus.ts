import { EventEmitter } from 'node:events';
import type { Appended } from '../call/log.js';
import type { Newcomer, OnWake, WakeBus } from '../call/ports.js';

/**
 * Wake-ups within this process. A listener runs after whoever woke it has been answered, as it would on another node: how long an
 * answer takes must not tell who listens.
 */
export class MemoryWakeBus implements WakeBus {
  readonly #emitter = new EventEmitter().setMaxListeners(0);

  subscribe(accountId: string, onWake: OnWake): Promise<() => Promise<void>> {
    const listener: OnWake = (...wake) => onWake(...wake);
    const name = nameOf(accountId);
    this.#emitter.on(name, listener);
    return Promise.resolve(() => {
      this.#emitter.off(name, listener);
      return Promise.resolve();
    });
  }

  wake(accountIds: readonly string[], callId: string | null, appended?: Appended): void {
    for (const accountId of accountIds) this.#emit(accountId, callId, appended);
  }

  tellOf(accountId: string, came: Newcomer): void {
    this.#emit(accountId, null, undefined, came);
  }

  #emit(accountId: string, ...wake: Parameters<OnWake>): void {
    setImmediate(() => this.#emitter.emit(nameOf(accountId), ...wake));
  }

  close(): Promise<void> {
    this.#emitter.removeAllListeners();
    return Promise.resolve();
  }
}

/** An account may have any name, also one that an emitter gives a meaning to, such as `error`. */
function nameOf(accountId: string): string {
  return `account ${accountId}`;
}
