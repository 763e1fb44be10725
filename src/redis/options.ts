import {
  callable,
  checkGiven,
  clockCheck,
  isKey,
  isRecord,
  milliseconds,
  must,
  nameKey,
  object,
  text,
  type Check,
} from '../options.js';
import type { RedisOptions } from './adapters.js';
import { readRedisUrl } from './url.js';

const isNamedKey = (value: unknown): boolean =>
  isRecord(value) && typeof value['id'] === 'string' && isKey(value['key']);

const OPTIONS: Readonly<Record<keyof RedisOptions, Check>> = {
  url: (value) => {
    const target = typeof value === 'string' ? readRedisUrl(value) : 'text';
    return typeof target === 'string' ? `must be ${target}` : null;
  },
  tlsCa: text,
  sentinel: object,
  encryptionKeys: must(
    "a list of { id, key }, each key 32 bytes as a Buffer or Uint8Array: [{ id: 'k1', key: Buffer.from(text, 'base64') }]",
    (value) => Array.isArray(value) && value.length > 0 && value.every(isNamedKey),
  ),
  nameKey,
  waitReplicas: must('a whole number, 0 or more', (value) => Number.isInteger(value) && Number(value) >= 0),
  clock: clockCheck,
  operationMs: milliseconds,
  onProblems: callable,
  onFailure: callable,
};

/** @throws OptionsError */
export function checkRedisOptions(given: unknown): void {
  checkGiven('createRedisAdapters', given, OPTIONS, ['url', 'encryptionKeys', 'nameKey']);
}
