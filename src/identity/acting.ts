import { AsyncLocalStorage } from 'node:async_hooks';

/** Null: nobody asks. It makes every promise of the process dearer, so there is one only where accounts share something. */
let acting: AsyncLocalStorage<string | null> | null = null;

/**
 * Runs work for an account: what it sets off, however deep, can be told to be that account's. Names that begin with \0 are of
 * parts of the service: no account has one.
 */
export function actingFor<Result>(accountId: string, work: () => Result): Result {
  return acting ? acting.run(accountId, work) : work();
}

/** Runs work that is shared by whoever waits for it: it is the service's own, and not that of the account that asked first. */
export function actingForAll<Result>(work: () => Result): Result {
  return acting ? acting.run(null, work) : work();
}

/** From here on {@link actingAccount} is asked. */
export function watchActing(): void {
  acting ??= new AsyncLocalStorage();
}

/** The account that this is done for; null: the service does it for itself. */
export function actingAccount(): string | null {
  return acting?.getStore() ?? null;
}
