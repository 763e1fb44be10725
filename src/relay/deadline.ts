import { ProviderError } from './ports.js';

/**
 * The outcome of the work, or a timeout at the moment the signal is aborted, also when the work does not listen to it:
 * it may be a host's own function.
 *
 * @throws ProviderError `timeout`, or whatever the work throws
 */
export function before<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(new ProviderError('timeout', null));
    if (signal.aborted) giveUp();
    signal.addEventListener('abort', giveUp, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp));
  });
}

/** What a provider throws that is no ProviderError, as a host's own may, is a connection that failed. */
export function asProviderError(error: unknown): ProviderError {
  return error instanceof ProviderError ? error : new ProviderError('connection', null);
}
