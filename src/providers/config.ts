import { z } from 'zod';
import { addressKind } from '../relay/addresses.js';
import { checked, type RelayConfig, relayConfigSchema, rule } from '../relay/config.js';
import type { Secret } from './secret.js';

/** One of `providers` in RELAY_CONFIG_FILE. */
export type ProviderEntry =
  | { readonly type: 'cloudflare'; readonly endpoint: string; readonly secret: Secret }
  | { readonly type: 'twilio'; readonly endpoint: string; readonly accountSid: string; readonly secret: Secret }
  | { readonly type: 'shared-secret'; readonly secret: Secret };

export interface ParseOptions {
  /** Refuses secrets in the file itself, and endpoints without TLS. */
  readonly production: boolean;
  /** The host brings providers of its own, so that the file need not name any. */
  readonly ownProviders?: boolean;
}

/** The longest lifetimes that providers grant, in seconds. */
const MAX_TTL_SECONDS = { cloudflare: 48 * 3600, twilio: 24 * 3600 };

/**
 * RELAY_CONFIG_FILE, checked. Where `relay.urls` is configured, every provider must mint for that relay.
 *
 * @param json the parsed file
 * @throws RelayConfigError listing every problem by its path, never with a value
 */
export function parseRelayConfig(json: unknown, options: ParseOptions): RelayConfig<ProviderEntry> {
  // Looked at before all else, so that each provider's entry can be judged by it.
  const ttl = z.object({ requestedTtlSeconds: z.number() }).safeParse(json).data?.requestedTtlSeconds ?? 0;
  const file = relayConfigSchema(providerEntry(options.production, ttl), options.ownProviders === true ? 0 : 1);
  return checked(file.refine(...sharedSecretHasUrls), json);
}

const sharedSecret = z.object({ type: z.literal('shared-secret') });

const sharedSecretHasUrls = rule(
  z.object({ providers: z.array(z.unknown()), relay: z.object({ urls: z.array(z.unknown()) }) }),
  ({ providers, relay }) =>
    relay.urls.length > 0 || !providers.some((provider) => sharedSecret.safeParse(provider).success),
  { path: ['relay', 'urls'], error: 'required with a shared-secret provider, which has none of its own' },
);

function providerEntry(production: boolean, requestedTtlSeconds: number): z.ZodType<ProviderEntry> {
  const url = z.string().refine((text) => isEndpoint(text, production), endpointRule(production));
  const file = z.string().min(1).optional();
  const within = (maxSeconds: number) =>
    [
      () => requestedTtlSeconds <= maxSeconds,
      { error: `grants at most ${maxSeconds} seconds, fewer than requestedTtlSeconds`, when: () => true },
    ] as const;
  const inline = production
    ? z.never({ error: 'not allowed in production, where secrets are in files' }).optional()
    : z.string().min(1).optional();

  return z.discriminatedUnion(
    'type',
    [
      z
        .strictObject({ type: z.literal('cloudflare'), endpoint: url, tokenFile: file, token: inline })
        .refine(...exactlyOne('tokenFile', 'token'))
        .refine(...within(MAX_TTL_SECONDS.cloudflare))
        .transform(({ type, endpoint, ...given }) => ({
          type,
          endpoint,
          secret: secretOf(given.tokenFile, given.token),
        })),
      z
        .strictObject({
          type: z.literal('twilio'),
          accountSid: z.string().regex(/^[0-9A-Za-z]{2,64}$/, '2 to 64 letters and digits'),
          endpoint: url.optional(),
          authTokenFile: file,
          authToken: inline,
        })
        .refine(...exactlyOne('authTokenFile', 'authToken'))
        .refine(...within(MAX_TTL_SECONDS.twilio))
        .transform(({ type, accountSid, endpoint, ...given }) => ({
          type,
          accountSid,
          endpoint: endpoint ?? `https://api.twilio.com/2010-04-01/Accounts/${accountSid}/Tokens.json`,
          secret: secretOf(given.authTokenFile, given.authToken),
        })),
      z
        .strictObject({ type: z.literal('shared-secret'), secretFile: file, secret: inline })
        .refine(...exactlyOne('secretFile', 'secret'))
        .transform(({ type, ...given }) => ({ type, secret: secretOf(given.secretFile, given.secret) })),
    ],
    { error: 'must be an object whose type is cloudflare, twilio or shared-secret' },
  );
}

function exactlyOne(file: string, inline: string) {
  return rule(
    z.object({ [file]: z.unknown().optional(), [inline]: z.unknown().optional() }),
    (entry) => (entry[file] === undefined) !== (entry[inline] === undefined),
    { path: [file], error: `exactly one of ${file} and ${inline} is required` },
  );
}

function secretOf(file: string | undefined, inline: string | undefined): Secret {
  return file === undefined ? { inline: inline ?? '' } : { file };
}

function endpointRule(production: boolean): string {
  return production ? 'not an https URL' : 'not an https URL, nor http on this machine';
}

function isEndpoint(text: string, production: boolean): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  if (username !== '' || password !== '') return false;
  const local = hostname === 'localhost' || addressKind(hostname.replace(/^\[|\]$/g, '')) === 'loopback';
  return protocol === 'https:' || (protocol === 'http:' && local && !production);
}
