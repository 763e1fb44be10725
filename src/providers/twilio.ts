import { z } from 'zod';
import type { ProviderCredentials, ProviderRequest } from '../relay/ports.js';
import { password, ttlSeconds, urls, username } from './answer.js';
import { ProviderEndpoint } from './http.js';
import type { OwnedProvider } from './owned.js';

/** `urls`, or `url` as older answers have it. */
const iceServer = z.union([
  z.object({ urls }).transform((server) => server.urls),
  z.object({ url: urls }).transform((server) => server.url),
]);

const answer = z.object({
  username,
  password,
  ttl: z.coerce.number().pipe(ttlSeconds),
  ice_servers: z.array(iceServer),
});

/**
 * Twilio Network Traversal Service.
 *
 * @param options.endpoint the URL of the account's Tokens.json
 * @param options.authToken asked for at each use
 */
export function twilioProvider(options: {
  name: string;
  endpoint: string;
  accountSid: string;
  authToken: () => string;
}): OwnedProvider {
  const endpoint = new ProviderEndpoint(options.endpoint);
  return {
    name: options.name,
    async credentials(request: ProviderRequest): Promise<ProviderCredentials> {
      const userPass = Buffer.from(`${options.accountSid}:${options.authToken()}`).toString('base64');
      const token = await endpoint.post(answer, {
        headers: { authorization: `Basic ${userPass}`, 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ Ttl: String(request.ttlSeconds) }).toString(),
        signal: request.signal,
      });
      return {
        username: token.username,
        password: token.password,
        grantedTtlSeconds: token.ttl,
        urls: token.ice_servers.flat(),
      };
    },
    close: () => endpoint.close(),
  };
}
