import { AsyncLocalStorage } from 'node:async_hooks';

const acting = new AsyncLocalStorage<string>();

/** Runs work for an account: what it sets off, however deep, can be told to be that account's. */
export function actingFor<Result>(accountId: string, work: () => Result): Result {
  return acting.run(accountId, work);
}

/** The account that this is done for; null: the service does it for itself. */
export function actingAccount(): string | null {
  return acting.getStore() ?? null;
}
