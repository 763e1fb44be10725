import type { Enrolment } from '../relay/experiment.js';
import type { RelayUrls } from '../relay/config.js';
import type { RateLimit } from '../ports.js';

/** One of `providers`. Secrets stand inline outside production only; files are read again when they change. */
export type ProviderInput =
  | { readonly type: 'cloudflare'; readonly endpoint: string; readonly tokenFile?: string; readonly token?: string }
  | {
      readonly type: 'twilio';
      readonly accountSid: string;
      readonly endpoint?: string;
      readonly authTokenFile?: string;
      readonly authToken?: string;
    }
  | { readonly type: 'shared-secret'; readonly secretFile?: string; readonly secret?: string };

/** A relay configuration as it is written, in RELAY_CONFIG_FILE or in `relay.config`: the README explains each part. */
export interface RelayConfigInput {
  readonly requestedTtlSeconds: number;
  readonly clientTtlSeconds: number;
  readonly rateLimit: RateLimit;
  /** May be missing where the host brings providers of its own. */
  readonly providers?: readonly ProviderInput[];
  readonly relay: Partial<RelayUrls>;
  readonly dns?: { readonly servers?: readonly string[]; readonly allowPrivate?: boolean };
  readonly experiments?: readonly (Pick<Enrolment, 'name' | 'percentage'> &
    Partial<Enrolment> & { readonly relay?: Partial<RelayUrls> & { readonly provider?: ProviderInput } })[];
}
