import { z } from 'zod';
import { SignalingError } from '../errors.js';
import { bearerTokenOf, type Login, type LoginRequest } from '../identity/login.js';
import type { Authenticator, Viewer } from '../identity/viewer.js';
import { OPAQUE_ID } from '../limits.js';
import { createCallback, type CallbackWatch } from './callback.js';
import { readAnswer } from './malformed.js';
import { isForeignPage } from './origin.js';

/** A page asks whose origin the host does not list. To clients it is what any refused login is. */
export class ForeignPage extends SignalingError {
  constructor() {
    super('CALL_UNAUTHORIZED');
  }
}

type Answer = Viewer | null | Promise<Viewer | null>;

/**
 * For logins that do not come as a bearer token, by cookie for example. Browsers send cookies along with what other people's
 * pages ask for, so a request of a page is passed on only if the page is of the same host, or its origin is listed.
 */
export interface RequestAuthenticator {
  /**
   * Asked for every HTTP request with an operation, and for every `connection_init`.
   *
   * @param authorization the Authorization header, or what a client sent in its place in `connection_init`
   * @param request the HTTP request, or the upgrade request of the socket
   * @returns null: nobody who may call
   */
  authenticateRequest(authorization: string | undefined, request: LoginRequest): Answer;
  /** Origins of pages on other hosts that may ask, for example `https://app.example.com`. None when left out. */
  readonly origins?: readonly string[];
  /** How long it may take, in milliseconds; 3,000 when left out. */
  readonly timeoutMs?: number;
}

/**
 * A host's own way to tell who asks; null for a token that is not valid. Given as a function, or as an object with
 * `authenticate`, it is asked about bearer tokens, and is shown the request that the token came with.
 */
export type HostAuthenticator =
  Authenticator | RequestAuthenticator | ((token: string, request: LoginRequest) => Answer);

/** Whether pages of this origin, though of another host, may ask with their cookies: those that the host lists. */
export function allowsPagesOf(given: HostAuthenticator): (origin: string) => boolean {
  const origins = 'origins' in given ? (given.origins ?? []) : [];
  return (origin) => origins.includes(origin);
}

/** From 2001 on, in seconds; in milliseconds that would be in the first days of 1970. */
const LOOKS_LIKE_SECONDS = { from: 1e9, to: 1e11 };
const time = z.number().refine((value) => value < LOOKS_LIKE_SECONDS.from || value >= LOOKS_LIKE_SECONDS.to, {
  error: 'looks like seconds: Unix milliseconds are wanted',
});
const id = z.string().regex(OPAQUE_ID, { error: 'must be 1 to 256 printable ASCII characters' });
const VIEWER = z.object({ accountId: id, deviceId: id, issuedAt: time, expiresAt: time }).readonly().nullable();

/** Makes a login of what a host gave; whatever goes wrong in it is CALL_UNAVAILABLE, unless it says otherwise. */
export function asLogin(given: HostAuthenticator, watch: CallbackWatch): Login {
  const timeoutMs = typeof given === 'function' ? undefined : given.timeoutMs;
  const callback = createCallback({ name: 'authenticator', ...(timeoutMs !== undefined && { timeoutMs }) }, watch);
  const ask = async (call: () => unknown): Promise<Viewer> => {
    const viewer = await callback.ask(null, call, (answer) => readAnswer(VIEWER, answer));
    if (viewer === null) throw new SignalingError('CALL_UNAUTHORIZED');
    return viewer;
  };

  if ('authenticateRequest' in given) {
    return async (authorization, request) => {
      if (isForeignPage(request.headers, given.origins ?? [])) throw new ForeignPage();
      return ask(() => given.authenticateRequest(authorization, request));
    };
  }
  const authenticate = (token: string, request: LoginRequest): unknown =>
    typeof given === 'function' ? given(token, request) : given.authenticate(token, request);
  return async (authorization, request) => {
    const token = bearerTokenOf(authorization);
    if (token === null) throw new SignalingError('CALL_UNAUTHORIZED');
    return ask(() => authenticate(token, request));
  };
}
