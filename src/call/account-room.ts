import { LIMITS } from '../limits.js';
import type { Soon } from '../soon.js';
import type { Call, CallRole, DeviceRef } from './call.js';
import { invalid } from './input.js';
import type { Ledger } from './ledger.js';
import { unchanged } from './log.js';
import { accountsOf } from './notifier.js';
import type { AccountIndex } from './ports.js';
import { bytesOf, trim } from './room.js';

/** What a side of a call has in its log unnoted: ordinary calls never need more. How many there can be, other limits say. */
const UNNOTED_BYTES = 128 * 1024;
/** What goes beyond it is noted in steps, so that not every signal asks the index. */
const STEP_BYTES = 64 * 1024;
/** Calls of an account that are looked at when it has no room left; as many as can use all of it up. */
const LOOKED_AT = LIMITS.logBytesPerAccount / LIMITS.logBytesPerSide;

function noted(bytes: number): number {
  return bytes <= UNNOTED_BYTES ? 0 : Math.ceil(bytes / STEP_BYTES) * STEP_BYTES;
}

/**
 * The room that an account has in the logs of all its calls. Counted where the account's calls are listed, for all nodes: there
 * a call that is retired counts no more, so that nothing has to be given back and nothing can leak.
 */
export class AccountRoom {
  readonly #index: AccountIndex;
  readonly #ledger: Ledger;

  constructor(index: AccountIndex, ledger: Ledger) {
    this.#index = index;
    this.#ledger = ledger;
  }

  /** @throws SignalingError CALL_INPUT_INVALID: what the sender adds is more than its account's calls may hold */
  take(before: Call, after: Call, { accountId }: DeviceRef, field: string): Soon<void> {
    const role: CallRole = accountId === after.caller.accountId ? 'CALLER' : 'CALLEE';
    const bytes = noted(bytesOf(after, role));
    if (bytes > noted(bytesOf(before, role))) return this.#note(accountId, after.id, bytes, field);
  }

  async #note(accountId: string, callId: string, bytes: number, field: string): Promise<void> {
    const others = await this.#take(accountId, callId, bytes);
    if (others === null) return;
    for (const other of others.slice(0, LOOKED_AT)) await this.#putRight(accountId, other);
    if ((await this.#take(accountId, callId, bytes)) !== null)
      throw invalid(field, `at most ${LIMITS.logBytesPerAccount} bytes in all calls of an account`);
  }

  #take(accountId: string, callId: string, bytes: number): Promise<readonly string[] | null> {
    return this.#index.takeBytes(accountId, callId, bytes, LIMITS.logBytesPerAccount);
  }

  /** What is superseded counts no more once it is needed; a call whose log is gone counts for nothing. */
  async #putRight(accountId: string, callId: string): Promise<void> {
    const loaded = await this.#ledger.load(callId);
    if (loaded === null || loaded.call.purged) {
      await this.#index.retire(loaded ? accountsOf(loaded.call) : [accountId], callId);
      return;
    }
    const { loaded: trimmed } = await this.#ledger.move(callId, null, (call) => trim(unchanged(call), 0));
    const role: CallRole = accountId === trimmed.call.caller.accountId ? 'CALLER' : 'CALLEE';
    await this.#index.takeBytes(accountId, callId, noted(bytesOf(trimmed.call, role)), Number.MAX_SAFE_INTEGER);
  }
}
