import type { Viewer } from './viewer.js';

/** Headers as Node has them: names in lower case. */
export type LoginHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** The HTTP request that carries an operation, or that opened a WebSocket. */
export interface LoginRequest {
  readonly headers: LoginHeaders;
}

/**
 * Tells who asks.
 *
 * @param authorization an Authorization header, or what a client sent in its place in `connection_init`
 * @throws SignalingError CALL_UNAUTHORIZED: nobody who may; CALL_UNAVAILABLE: that cannot be told at this time
 */
export type Login = (authorization: string | undefined, request: LoginRequest) => Promise<Viewer>;

/** RFC 6750, section 2.1: the scheme in any case, one token, nothing after it. */
const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i;

/** @returns null: there is no bearer token */
export function bearerTokenOf(authorization: string | undefined): string | null {
  return BEARER.exec(authorization ?? '')?.[1] ?? null;
}

/** @returns the Authorization header; undefined also where it stands more than once */
export function authorizationIn({ authorization }: LoginHeaders): string | undefined {
  return typeof authorization === 'string' ? authorization : undefined;
}
