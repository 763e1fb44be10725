import { createHmac } from 'node:crypto';
import type { Clock } from '../ports.js';
import type { ProviderCredentials, ProviderRequest } from '../relay/ports.js';
import type { OwnedProvider } from './owned.js';

/**
 * Credentials for a TURN server that knows the same secret, for example coturn with `use-auth-secret`; no network is
 * needed. TURN REST API (draft-uberti-behave-turn-rest-00): the username is `expiry:pseudonym`, the password base64 of
 * its HMAC-SHA1.
 *
 * @param options.secret asked for at each use
 */
export function sharedSecretProvider(options: { name: string; secret: () => string; clock: Clock }): OwnedProvider {
  return {
    name: options.name,
    async credentials({ ttlSeconds, pseudonym }: ProviderRequest): Promise<ProviderCredentials> {
      const expiry = Math.floor(options.clock.now() / 1000) + ttlSeconds;
      const username = `${expiry}:${pseudonym}`;
      const password = createHmac('sha1', options.secret()).update(username).digest('base64');
      return { username, password, grantedTtlSeconds: ttlSeconds, urls: [] };
    },
    close: async () => undefined,
  };
}
