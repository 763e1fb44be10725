import { z } from 'zod';
import type { ProviderCredentials, ProviderRequest } from '../relay/ports.js';
import { password, urls, username } from './answer.js';
import { ProviderEndpoint } from './http.js';
import type { OwnedProvider } from './owned.js';

const minted = z.object({ urls, username, credential: password });

const withCredentials = z.object({ username: z.string(), credential: z.string() });

/** An object from /generate; a list from /generate-ice-servers, in which the entries for STUN have no credentials. */
const answer = z.object({
  iceServers: z.preprocess(
    (given) => (Array.isArray(given) ? given.find((entry) => withCredentials.safeParse(entry).success) : given),
    minted,
  ),
});

/**
 * Cloudflare Realtime TURN. It does not say what lifetime it granted: what was asked for, or an error. No identifier is
 * sent, so that it cannot tell whose calls it relays.
 *
 * @param options.endpoint the key's URL, ending in `/credentials/generate` or `/generate-ice-servers`
 * @param options.token the API token, asked for at each use
 */
export function cloudflareProvider(options: { name: string; endpoint: string; token: () => string }): OwnedProvider {
  const endpoint = new ProviderEndpoint(options.endpoint);
  return {
    name: options.name,
    async credentials({ ttlSeconds, signal }: ProviderRequest): Promise<ProviderCredentials> {
      const { iceServers } = await endpoint.post(answer, {
        headers: { authorization: `Bearer ${options.token()}`, 'content-type': 'application/json' },
        body: JSON.stringify({ ttl: ttlSeconds }),
        signal,
      });
      const { credential, ...usernameAndUrls } = iceServers;
      return { ...usernameAndUrls, password: credential, grantedTtlSeconds: ttlSeconds };
    },
    close: () => endpoint.close(),
  };
}
