import { CallError, notConnected } from './errors.js';
import type { Cell } from './observable.js';
import { fromBase64 } from './platform.js';
import { backoffMs } from './retry.js';
import { delay, Scope } from './scope.js';
import { ageMs, moment, now } from './time.js';
import type { Moment } from './time.js';

/** An access token, and when it expires: for tokens that are no JWT with an `exp`. */
export type AccessToken =
  | string
  | {
      readonly token: string;
      /** A date, its ISO 8601 text, or milliseconds since 1970. */
      readonly expiresAt?: Date | string | number;
    };

/**
 * Gives a token that is good for a while longer. It may take its time, and it may throw: then it is asked again.
 *
 * @param asked `refused`: the service did not take the last one, so that a kept one is of no use
 */
export type TokenSource = (asked: { readonly refused: boolean }) => AccessToken | Promise<AccessToken>;

/** A source that has not answered by then is asked again. */
const SOURCE_MS = 30_000;

/** A token, as it was when it was fetched. */
export class FetchedToken {
  readonly text: string;
  readonly #at: Moment = moment();
  /** Milliseconds that it was good for then, by the clock of this device; null: unknown. */
  readonly #goodForMs: number | null;

  constructor(given: AccessToken) {
    this.text = typeof given === 'string' ? given : given.token;
    const said = typeof given === 'string' ? undefined : given.expiresAt;
    const expiresAt = said === undefined ? expiryOf(this.text) : typeof said === 'string' ? Date.parse(said) : +said;
    this.#goodForMs = expiresAt === null || Number.isNaN(expiresAt) ? null : expiresAt - now();
  }

  get ageMs(): number {
    return ageMs(this.#at);
  }

  /** Milliseconds that are left of it; null: unknown. Not more than 0 of one that the service takes: the clock here is wrong. */
  get leftMs(): number | null {
    return this.#goodForMs === null ? null : this.#goodForMs - this.ageMs;
  }
}

/** @returns `exp` of a JWT (RFC 7519, section 4.1.4) in milliseconds since 1970; null: it is none, or has none */
function expiryOf(token: string): number | null {
  const [, payload, signature] = token.split('.');
  if (payload === undefined || signature === undefined) return null;
  try {
    const json = fromBase64(payload.replaceAll('-', '+').replaceAll('_', '/'));
    const { exp } = JSON.parse(json ?? '') as { readonly exp?: unknown };
    return typeof exp === 'number' ? exp * 1_000 : null;
  } catch {
    return null;
  }
}

/**
 * Asks for a token until there is one, with a growing wait.
 *
 * @param problem says meanwhile that there is none
 * @param signal ends the tries, and the promise stays open
 */
export async function fetchToken(
  source: TokenSource,
  refused: boolean,
  problem: Cell<CallError | null>,
  signal: AbortSignal,
): Promise<FetchedToken> {
  for (let tries = 0; !signal.aborted; tries += 1) {
    const patience = new Scope();
    try {
      const given = await Promise.race([source({ refused }), delay(SOURCE_MS, patience.signal)]);
      if (given === undefined) throw notConnected();
      const token = new FetchedToken(given);
      problem.set(null);
      return token;
    } catch {
      // The reason is the app's own, and may have a token in it.
      problem.set(new CallError('TOKEN_FAILED', 'The app gave no access token.', { retryable: true }));
      await delay(backoffMs(tries), signal);
    } finally {
      patience.close();
    }
  }
  return new Promise(() => {});
}
