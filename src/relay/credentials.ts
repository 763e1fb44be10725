import { hostInUrl } from './addresses.js';
import { fillPattern, isPlainTurnUrl, isTurnUrl } from './ice-server-url.js';
import type { RelayUrls } from './config.js';
import type { ProviderCredentials } from './ports.js';

/** W3C RTCIceServer. */
export interface IceServer {
  readonly urls: readonly string[];
  readonly username: string;
  readonly credential: string;
}

/** What `callRelay` answers. */
export interface RelayCredentials {
  readonly turnUsername: string;
  readonly turnPassword: string;
  /** How long the client may use the credentials, in seconds: never longer than the provider granted. */
  readonly turnTtlSeconds: number;
  /** `turn:` and `turns:` URLs by host name. */
  readonly turnUrls: readonly string[];
  /** The same relay by address; null when no address could be resolved, or no pattern is configured. */
  readonly turnUrlsWithIps: readonly string[] | null;
  /** Host name behind `turnUrlsWithIps` as configured, for TLS verification. */
  readonly turnHostname: string | null;
  /** For RTCPeerConnection as it is. */
  readonly iceServers: readonly IceServer[];
  readonly expiresAt: Date;
  /**
   * When a client that keeps its credentials should ask again: at half of their life, because a relay may drop a call
   * whose credentials expire, so that a call begun with kept ones has the other half to last.
   */
  readonly refreshAfter: Date;
}

interface Ingredients {
  readonly relay: RelayUrls;
  readonly minted: ProviderCredentials;
  readonly addresses: readonly string[];
  readonly clientTtlSeconds: number;
  /** Unix milliseconds before the provider was asked: its lifetime may have begun any time after. */
  readonly askedAt: number;
}

/** Puts the answer together. Pure. */
export function composeCredentials(from: Ingredients): RelayCredentials {
  const { relay, minted, addresses, clientTtlSeconds, askedAt } = from;
  const turnTtlSeconds = Math.min(clientTtlSeconds, minted.grantedTtlSeconds);
  const turnUrls = relay.urls.length > 0 ? relay.urls : minted.urls.filter(isTurnUrl);
  const byAddress = urlsByAddress(relay.urlsWithIps, addresses);
  return {
    turnUsername: minted.username,
    turnPassword: minted.password,
    turnTtlSeconds,
    turnUrls,
    turnUrlsWithIps: byAddress.length > 0 ? byAddress : null,
    turnHostname: relay.hostname,
    iceServers: [
      {
        // By address without TLS only: a browser has nothing to verify the certificate of an address with.
        urls: [...turnUrls, ...byAddress.filter(isPlainTurnUrl)],
        username: minted.username,
        credential: minted.password,
      },
    ],
    expiresAt: new Date(askedAt + turnTtlSeconds * 1000),
    refreshAfter: new Date(askedAt + turnTtlSeconds * 500),
  };
}

/** Address by address, patterns within. */
function urlsByAddress(patterns: readonly string[], addresses: readonly string[]): readonly string[] {
  return addresses
    .map(hostInUrl)
    .filter((host) => host !== null)
    .flatMap((host) => patterns.map((pattern) => fillPattern(pattern, host)));
}
