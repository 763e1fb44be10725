import type { SettingName, SettingValues } from './settings-table.js';

/** Values as far as they could be read: a setting with a problem of its own is left out, and no rule speaks of it again. */
export type ReadValues = Partial<SettingValues>;

interface Rule {
  readonly broken: (values: ReadValues) => boolean;
  readonly problem: string;
}

const set = (values: ReadValues, name: SettingName): boolean => values[name] !== null && values[name] !== undefined;
const unset = (values: ReadValues, name: SettingName): boolean => values[name] === null;
const hasKeySource = (values: ReadValues): boolean =>
  set(values, 'AUTH_JWKS_URL') || set(values, 'AUTH_PUBLIC_KEY_FILE');
const isProduction = (values: ReadValues): boolean => values.NODE_ENV === 'production';

const required = (name: SettingName, when: (values: ReadValues) => boolean, reason: string): Rule => ({
  broken: (values) => unset(values, name) && when(values),
  problem: `${name} is required ${reason}`,
});

const https = (name: 'AUTH_JWKS_URL' | 'DEVICE_DIRECTORY_URL' | 'CALL_POLICY_URL' | 'WEBHOOK_URL'): Rule => ({
  broken: (values) => {
    const url = values[name];
    return isProduction(values) && typeof url === 'string' && new URL(url).protocol !== 'https:';
  },
  problem: `${name} must be an https URL in production`,
});

/** What holds between settings. */
const RULES: readonly Rule[] = [
  {
    broken: (values) => set(values, 'AUTH_JWKS_URL') && set(values, 'AUTH_PUBLIC_KEY_FILE'),
    problem: 'AUTH_JWKS_URL and AUTH_PUBLIC_KEY_FILE cannot both be set',
  },
  required('AUTH_ISSUER', hasKeySource, 'with AUTH_JWKS_URL or AUTH_PUBLIC_KEY_FILE'),
  required('AUTH_AUDIENCE', hasKeySource, 'with AUTH_JWKS_URL or AUTH_PUBLIC_KEY_FILE'),
  {
    broken: (values) => isProduction(values) && unset(values, 'AUTH_JWKS_URL') && unset(values, 'AUTH_PUBLIC_KEY_FILE'),
    problem: 'AUTH_JWKS_URL or AUTH_PUBLIC_KEY_FILE is required in production',
  },
  required('RELAY_CONFIG_FILE', isProduction, 'in production'),
  https('AUTH_JWKS_URL'),
  https('DEVICE_DIRECTORY_URL'),
  https('CALL_POLICY_URL'),
  https('WEBHOOK_URL'),
  {
    broken: (values) => set(values, 'REDIS_TLS_CA_FILE') && !/^rediss/.test(values.REDIS_URL ?? 'rediss'),
    problem: 'REDIS_TLS_CA_FILE needs a REDIS_URL that begins with rediss: nothing would be encrypted',
  },
  {
    broken: (values) =>
      (set(values, 'REDIS_SENTINEL_USERNAME') || set(values, 'REDIS_SENTINEL_PASSWORD')) &&
      !/^rediss?\+sentinel/.test(values.REDIS_URL ?? 'redis+sentinel'),
    problem: 'REDIS_SENTINEL_USERNAME and REDIS_SENTINEL_PASSWORD need a REDIS_URL with Sentinels',
  },
  required('ENCRYPTION_KEYS', (values) => set(values, 'REDIS_URL'), 'with REDIS_URL'),
  required('NAME_KEY', (values) => set(values, 'REDIS_URL'), 'with REDIS_URL'),
  {
    // A gateway's operations are written anew for each request, and `_entities` can be none of a list.
    broken: (values) => set(values, 'TRUSTED_DOCUMENTS_FILE') && set(values, 'GATEWAY_SECRET'),
    problem: 'TRUSTED_DOCUMENTS_FILE and GATEWAY_SECRET cannot both be set: the operations of a gateway are its own',
  },
  required('REDIS_URL', (values) => set(values, 'REDIS_TLS_CA_FILE'), 'with REDIS_TLS_CA_FILE'),
  required('REDIS_URL', (values) => set(values, 'REDIS_SENTINEL_PASSWORD'), 'with REDIS_SENTINEL_PASSWORD'),
  required(
    'REDIS_SENTINEL_PASSWORD',
    (values) => set(values, 'REDIS_SENTINEL_USERNAME'),
    'with REDIS_SENTINEL_USERNAME',
  ),
  {
    broken: (values) => (values.REDIS_WAIT_REPLICAS ?? 0) > 0 && unset(values, 'REDIS_URL'),
    problem: 'REDIS_WAIT_REPLICAS needs REDIS_URL',
  },
  {
    broken: (values) => (values.METRICS_PORT ?? 0) > 0 && values.METRICS_PORT === values.PORT,
    problem: 'METRICS_PORT and PORT must differ',
  },
  required('WEBHOOK_SECRET', (values) => set(values, 'WEBHOOK_URL'), 'with WEBHOOK_URL'),
];

/** @returns every rule that the values break, in words */
export function brokenRules(values: ReadValues): readonly string[] {
  return RULES.filter(({ broken }) => broken(values)).map(({ problem }) => problem);
}
