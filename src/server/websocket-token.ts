import { ForeignPage } from '../host/authenticator.js';

type Params = Readonly<Record<string, unknown>> | null | undefined;

/** Where GraphQL clients and routers put the token into connection_init. The first one that is there counts. */
const PLACES: readonly (readonly string[])[] = [
  ['authorization'],
  ['headers', 'authorization'],
  ['token'],
  ['connectionParams', 'token'],
  ['extensions', 'headers', 'authorization'],
];

/**
 * The reason of the close when there is no token: a close frame has room for 123 bytes (RFC 6455, section 5.5).
 *
 * @param error what the login said to that
 */
export function whyNobody(error: unknown): string {
  return error instanceof ForeignPage ? PAGE_REFUSED : TOKEN_MISSING;
}

const PAGE_REFUSED = 'This origin may not log in by cookie (origins of the authenticator)';

export const TOKEN_MISSING = `No token in ${PLACES.slice(0, -1).map(dotted).join(', ')} or ${dotted(PLACES.at(-1) ?? [])}`;

/**
 * The token of a connection_init, as an Authorization header would carry it. Names of headers are found in any case
 * (RFC 9110, section 5.1): tools pass on what was typed.
 *
 * @returns undefined: there is none
 */
export function authorizationIn(params: Params): string | undefined {
  for (const place of PLACES) {
    const value = place.reduce<unknown>(memberOf, params);
    if (typeof value !== 'string' || value === '') continue;
    return place.at(-1) === 'token' && !value.includes(' ') ? `Bearer ${value}` : value;
  }
  return undefined;
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  if (name !== 'authorization')
    return Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
  return Object.entries(value).find(([own]) => own.toLowerCase() === name)?.[1];
}

function dotted(place: readonly string[]): string {
  return place.join('.');
}
