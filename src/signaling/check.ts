import { isSchema } from 'graphql';
import type { LoginHeaders, LoginRequest } from '../identity/login.js';
import { LIMITS, OPAQUE_ID } from '../limits.js';
import {
  boolean,
  callable,
  checkGiven,
  clockCheck,
  has,
  isFunction,
  isKey,
  isRecord,
  must,
  nameKey as key,
  object,
  objectWith,
  OptionsError,
  problemsOf,
  seconds,
  type Check,
} from '../options.js';
import { parseRelayConfig } from '../providers/config.js';
import { RelayConfigError, type RelayFault } from '../relay/config.js';
import type { CallAdapters, CallSignalingOptions, RelayOptions } from './options.js';

const isCount = (value: unknown): boolean => Number.isInteger(value) && Number(value) >= 1;
const isLimit = (value: unknown): boolean =>
  isRecord(value) && isCount(value['max']) && isCount(value['windowSeconds']);

const functionOr = (method: string): Check =>
  must(`a function, or an object with ${method}`, (value) => isFunction(value) || has(value, method));
const isOrigin = (value: unknown): boolean =>
  typeof value === 'string' && /^[a-z][a-z\d+.-]*:\/\/[^/?#\s*]+$/.test(value);
const LOGIN = 'a function, or an object with authenticate or authenticateRequest';
const login: Check = (value) => {
  if (!isFunction(value) && !has(value, 'authenticate') && !has(value, 'authenticateRequest'))
    return `must be ${LOGIN}`;
  const { origins = [] } = value as { origins?: unknown };
  return Array.isArray(origins) && origins.every(isOrigin)
    ? null
    : 'must have origins as browsers send them, for example https://app.example.com, without a path or *';
};
const keys = must(
  'a list of at least one key of 32 bytes, each a Buffer or Uint8Array',
  (value) => Array.isArray(value) && value.length > 0 && value.every(isKey),
);
const limiter = objectWith('a rate limiter', 'take', 'close');

const OPTIONS: Readonly<Record<keyof CallSignalingOptions, Check>> = {
  authenticator: login,
  deviceDirectory: functionOr('devicesOf'),
  freshTokenSeconds: seconds,
  relay: object,
  rateLimits: must(
    'an object of { max, windowSeconds } by bucket, whole numbers from 1 on',
    (value) => isRecord(value) && Object.values(value).every(isLimit),
  ),
  rateLimiter: limiter,
  callPolicy: functionOr('mayCall'),
  sendWakeUp: callable,
  adapters: object,
  cursorKeys: keys,
  opaqueSdp: boolean,
  events: objectWith('an event sink', 'emit'),
  metrics: objectWith('what createMetrics() gives', 'text', 'graphqlRequest'),
  nameKey: key,
  introspection: boolean,
  trustedDocuments: objectWith('what readTrustedDocuments() gives', 'refusalOf', 'textOf'),
  composeDirectives: boolean,
  production: boolean,
  onDefect: callable,
  onWarning: callable,
  clock: clockCheck,
};

const ADAPTERS: Readonly<Record<keyof CallAdapters, Check>> = {
  callStore: objectWith('a call store', 'commit'),
  accountIndex: object,
  presence: objectWith('what knows of streams', 'nextEpoch'),
  wakeBus: objectWith('a wake-up bus', 'close'),
  revocations: objectWith('a revocation log', 'add', 'news'),
  rateLimiter: limiter,
  cursorKeys: keys,
  nameKey: key,
  degraded: callable,
};

const RELAY: Readonly<Record<keyof RelayOptions, Check>> = {
  config: () => null,
  providers: must(
    'a list of functions, or of objects with credentials',
    (value) => Array.isArray(value) && value.every((each) => isFunction(each) || isRecord(each)),
  ),
  resolver: objectWith('a resolver', 'resolve'),
  readSecret: callable,
  sharedCredentials: object,
  times: object,
};

/** @throws OptionsError with every problem: missing, of the wrong kind, unknown; those of `relay.config` by their path */
export function checkOptions(given: CallSignalingOptions): void {
  if (!isRecord(given)) throw new OptionsError(['options must be an object with authenticator and relay, at least']);
  const { relay, adapters, production } = given;
  const ofRelay = isRecord(relay) ? configFaults(relay, production === true) : [];
  const problems = [
    ...problemsOf(given, OPTIONS, ['authenticator', 'relay']),
    ...(isRecord(relay) ? problemsOf(relay, RELAY, [], 'relay.') : []),
    ...(isRecord(adapters)
      ? problemsOf(adapters, ADAPTERS, ['callStore', 'accountIndex', 'presence', 'wakeBus'], 'adapters.', true)
      : []),
  ];
  const wrongRelay = new RelayConfigError(ofRelay);
  if (problems.length === 0 && ofRelay.length > 0) throw wrongRelay;
  problems.push(...wrongRelay.problems);
  if (problems.length > 0) throw new OptionsError(problems);
}

function configFaults({ config, providers }: Partial<RelayOptions>, production: boolean): readonly RelayFault[] {
  try {
    parseRelayConfig(config, { production, ownProviders: Array.isArray(providers) && providers.length > 0 });
    return [];
  } catch (error) {
    if (error instanceof RelayConfigError) return error.faults;
    throw error;
  }
}

/**
 * A host's schema, which has to be made by the copy of graphql that this module uses.
 *
 * @throws OptionsError saying what to do where there are two copies
 */
export function checkSchema(schema: unknown): void {
  let known = false;
  try {
    known = isSchema(schema);
  } catch {
    // graphql throws where it recognises a schema of another copy of itself.
  }
  if (known) return;
  throw new OptionsError([
    'schema must be a GraphQLSchema of the same copy of graphql that voip-call-signaling uses; ' +
      '`npm ls graphql` shows whether there are two, and `npm dedupe` or an "overrides" entry leaves one',
  ]);
}

/**
 * @returns those of Node.js as they are; those of the Fetch standard by name
 * @throws OptionsError there are none: each operation would be nobody's
 */
export function headersOf(request: LoginRequest | { readonly headers: Headers }): LoginHeaders {
  const { headers } = Object(request) as { readonly headers?: LoginHeaders | Headers };
  if (headers instanceof Headers) return Object.fromEntries(headers);
  if (isRecord(headers)) return headers;
  throw new OptionsError([
    'request must have headers: give signaling.context the request, as in signaling.context(req)',
  ]);
}

const id = must(
  `text of 1 to ${LIMITS.idLength} printable ASCII characters`,
  (value) => typeof value === 'string' && OPAQUE_ID.test(value),
);

/** @throws OptionsError: a revocation of nobody would be taken for one that was done */
export function checkDevice(accountId: unknown, deviceId: unknown): void {
  checkGiven('revokeDevice', { accountId, deviceId }, { accountId: id, deviceId: id }, ['accountId', 'deviceId']);
}
