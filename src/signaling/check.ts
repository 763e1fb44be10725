import { isSchema } from 'graphql';
import { nearest, OptionsError } from '../options.js';
import { parseRelayConfig } from '../providers/config.js';
import { RelayConfigError } from '../relay/config.js';
import type { CallAdapters, CallSignalingOptions, RelayOptions } from './options.js';

/** @returns what the value must be; null: it is */
type Check = (value: unknown) => string | null;

const must =
  (be: string, is: (value: unknown) => boolean): Check =>
  (value) =>
    is(value) ? null : `must be ${be}`;

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
const isFunction = (value: unknown): boolean => typeof value === 'function';
const has = (value: unknown, method: string): boolean => isRecord(value) && isFunction(value[method]);
const bytesOf = (value: unknown): number => (value instanceof Uint8Array ? value.length : -1);
const isCount = (value: unknown): boolean => Number.isInteger(value) && Number(value) >= 1;
const isLimit = (value: unknown): boolean =>
  isRecord(value) && isCount(value['max']) && isCount(value['windowSeconds']);

const boolean = must('true or false', (value) => typeof value === 'boolean');
const callable = must('a function', isFunction);
const objectWith = (what: string, ...methods: readonly string[]): Check =>
  must(`${what}: an object with ${methods.join(' and ')}`, (value) => methods.every((method) => has(value, method)));
const functionOr = (method: string): Check =>
  must(`a function, or an object with ${method}`, (value) => isFunction(value) || has(value, method));
const isOrigin = (value: unknown): boolean =>
  typeof value === 'string' && /^[a-z][a-z\d+.-]*:\/\/[^/?#\s]+$/.test(value);
const LOGIN = 'a function, or an object with authenticate or authenticateRequest';
const login: Check = (value) => {
  if (!isFunction(value) && !has(value, 'authenticate') && !has(value, 'authenticateRequest'))
    return `must be ${LOGIN}`;
  const { origins = [] } = value as { origins?: unknown };
  return Array.isArray(origins) && origins.every(isOrigin)
    ? null
    : 'must have origins as browsers send them, for example https://app.example.com, without a path';
};
const key = must('at least 32 bytes, as a Buffer or Uint8Array', (value) => bytesOf(value) >= 32);
const keys = must(
  'a list of at least one key of 32 bytes, each a Buffer or Uint8Array',
  (value) => Array.isArray(value) && value.length > 0 && value.every((each) => bytesOf(each) === 32),
);
const limiter = objectWith('a rate limiter', 'take', 'close');
const object = must('an object', isRecord);

const OPTIONS: Readonly<Record<keyof CallSignalingOptions, Check>> = {
  authenticator: login,
  deviceDirectory: functionOr('devicesOf'),
  freshTokenSeconds: must('seconds, 0 or more', (value) => Number.isFinite(value) && Number(value) >= 0),
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
  clock: objectWith('a clock', 'now', 'elapsed'),
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
  const ofRelay = isRecord(relay) ? configProblems(relay, production === true) : [];
  const problems = [
    ...problemsOf(given, OPTIONS, ['authenticator', 'relay']),
    ...(isRecord(relay) ? problemsOf(relay, RELAY, [], 'relay.') : []),
    ...(isRecord(adapters)
      ? problemsOf(adapters, ADAPTERS, ['callStore', 'accountIndex', 'presence', 'wakeBus'], 'adapters.', true)
      : []),
  ];
  if (problems.length === 0 && ofRelay.length > 0) throw new RelayConfigError(ofRelay);
  problems.push(...ofRelay.map((problem) => `relay.config: ${problem}`));
  if (problems.length > 0) throw new OptionsError(problems);
}

function problemsOf(
  given: object,
  checks: Readonly<Record<string, Check>>,
  required: readonly string[],
  prefix = '',
  mayHaveMore = false,
): readonly string[] {
  const values = given as Readonly<Record<string, unknown>>;
  const names = Object.keys(checks);
  const missing = required.filter((name) => values[name] === undefined);
  const unknown = Object.keys(values).filter((name) => !names.includes(name));
  return [
    ...missing.map((name) => `${prefix}${name} is missing: it ${checks[name]?.(undefined) ?? ''}`),
    ...names.flatMap((name) => {
      const problem = values[name] === undefined ? null : checks[name]?.(values[name]);
      return problem == null ? [] : [`${prefix}${name} ${problem}`];
    }),
    ...unknown.flatMap((name) => {
      const meant = nearest(name, names);
      if (meant === null) return mayHaveMore ? [] : [`${prefix}${name} is no option`];
      return [`${prefix}${name} is no option; did you mean ${prefix}${meant}?`];
    }),
  ];
}

function configProblems({ config, providers }: Partial<RelayOptions>, production: boolean): readonly string[] {
  try {
    parseRelayConfig(config, { production, ownProviders: Array.isArray(providers) && providers.length > 0 });
    return [];
  } catch (error) {
    if (error instanceof RelayConfigError) return error.problems;
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
