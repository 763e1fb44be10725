import { textAtOnce } from '../host/listeners.js';
import { ProviderError } from '../relay/ports.js';

/** Where a provider's secret is: in a file, or, outside production, in the configuration itself. */
export type Secret = { readonly file: string } | { readonly inline: string };

/** Reads a secret file. Asked at each use, so that a new secret counts at once; whoever implements it may keep the text. */
export type ReadSecret = (path: string) => string;

/**
 * The secret as it is now, without the line break that files end with.
 *
 * @throws ProviderError `secret`: it cannot be read, or is empty
 */
export function currentSecret(secret: Secret, readSecret: ReadSecret): string {
  const text = 'inline' in secret ? secret.inline : textAtOnce(() => readSecret(secret.file))?.trim();
  if (!text) throw new ProviderError('secret', null);
  return text;
}
