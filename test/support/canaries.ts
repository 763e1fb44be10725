import { readFileSync } from 'node:fs';

/**
 * Values that stand for secrets in tests. Nothing that a test run prints may contain one: the script that runs the tests
 * reads the same file and looks for them in everything that was printed.
 */
export const CANARIES: Canaries = Object.freeze(
  JSON.parse(readFileSync(new URL('canaries.json', import.meta.url), 'utf8')) as Canaries,
);

type Secret =
  'accessToken' | 'apiToken' | 'turnUsername' | 'turnPassword' | 'relaySecret' | 'gatewaySecret' | 'sdp' | 'candidate';

export type Canaries = Readonly<Record<Secret, string>>;

/** @returns the names, never the values, of the canaries that a text contains */
export function canariesIn(text: string): readonly string[] {
  return Object.entries(CANARIES).flatMap(([name, value]) => (text.includes(value) ? [name] : []));
}
