import {
  boolean,
  callable,
  checkGiven,
  clockCheck,
  isRecord,
  milliseconds,
  must,
  readable,
  seconds,
  text,
  timers,
  url,
  type Check,
} from '../options.js';
import { ALGORITHMS } from './algorithms.js';
import type { JwtAuthenticatorOptions } from './authenticator.js';
import { createFixedKeys, createGivenKey } from './keys.js';

const KEYS = { jwksUrl: url, publicKeyPem: readable(createGivenKey), jwks: readable(createFixedKeys) };

const keys: Check = (value) => {
  const given = isRecord(value) ? Object.entries(KEYS).filter(([name]) => value[name] !== undefined) : [];
  const [[name, check] = ['', null], ...others] = given;
  if (check === null || others.length > 0) return `must be an object with one of ${Object.keys(KEYS).join(', ')}`;
  const problem = check((value as Record<string, unknown>)[name]);
  return problem === null ? null : `must have a ${name} that ${problem.replace('must be', 'is')}`;
};

const OPTIONS: Readonly<Record<keyof JwtAuthenticatorOptions, Check>> = {
  keys,
  issuer: text,
  audience: text,
  accountClaim: text,
  deviceClaim: text,
  algorithms: must(
    `a list of some of ${Object.keys(ALGORITHMS).join(', ')}`,
    (value) =>
      Array.isArray(value) && value.length > 0 && value.every((name) => Object.hasOwn(ALGORITHMS, String(name))),
  ),
  clockLeewaySeconds: seconds,
  keptKeysSeconds: seconds,
  timeoutMs: milliseconds,
  production: boolean,
  onFailure: callable,
  onRefused: callable,
  clock: clockCheck,
  timers,
};

/** A token is good for one issuer and one audience: without these it would be good from everybody for everything. */
export function checkJwtOptions(given: unknown): void {
  checkGiven('createJwtAuthenticator', given, OPTIONS, ['keys', 'issuer', 'audience']);
}
