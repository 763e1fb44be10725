import { afterEach, expect, it } from '@jest/globals';
import { newId } from '../../src/client/ids.js';

const real = globalThis.crypto;
const setCrypto = (value: unknown): void => {
  Object.defineProperty(globalThis, 'crypto', { value, configurable: true, writable: true });
};
afterEach(() => setCrypto(real));

it.each([
  ['as in a page with TLS', undefined],
  [
    'without randomUUID, as in a page without TLS',
    { getRandomValues: (bytes: Uint8Array<ArrayBuffer>) => real.getRandomValues(bytes) },
  ],
  ['without crypto, as in React Native', null],
])('ids are the ones that the protocol takes, and never the same: %s', (_, crypto) => {
  if (crypto !== undefined) setCrypto(crypto ?? undefined);
  const ids = Array.from({ length: 1_000 }, newId);
  expect(new Set(ids).size).toBe(1_000);
  for (const id of ids) expect(id).toMatch(/^[0-9A-Za-z._~-]{16,64}$/);
});
