import { expect, it } from '@jest/globals';
import { ProviderError, type RelayProvider } from '../../src/relay/ports.js';

/** A provider of some kind, and its outside party told to behave in some way. */
export interface RelayProviderCase {
  /** Mints as it should. */
  readonly well: () => RelayProvider;
  /** Never answers; left out for a provider that asks nobody. */
  readonly silent?: () => RelayProvider;
  /** Answers, but not with credentials; left out for a provider that asks nobody. */
  readonly broken?: () => RelayProvider;
}

/** What every provider must do. */
export function relayProviderContract({ well, silent, broken }: RelayProviderCase): void {
  const request = { ttlSeconds: 3_600, pseudonym: 'pseudonym', signal: new AbortController().signal };

  it('mints credentials that last at least a second and at most as long as asked', async () => {
    const credentials = await well().credentials(request);
    expect(credentials.username).not.toBe('');
    expect(credentials.password).not.toBe('');
    expect(credentials.grantedTtlSeconds).toBeGreaterThanOrEqual(1);
    expect(credentials.grantedTtlSeconds).toBeLessThanOrEqual(3_600);
  });

  if (silent !== undefined) {
    it('gives up when the signal is aborted', async () => {
      const failure = await silent()
        .credentials({ ...request, signal: AbortSignal.timeout(100) })
        .catch((error: unknown) => error);
      expect(failure).toEqual(new ProviderError('timeout', null));
    });
  }

  if (broken !== undefined) {
    it('throws a ProviderError without a word of the other side', async () => {
      const failure = await broken()
        .credentials(request)
        .catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(ProviderError);
      expect((failure as ProviderError).cause).toBeUndefined();
      expect((failure as ProviderError).message).toMatch(/^relay provider: [a-z_]+$/);
    });
  }
}
