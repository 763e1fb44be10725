import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** A step that Redis does as a whole. */
export interface Script {
  readonly name: string;
  readonly source: string;
  /** SHA-1 of the source in hexadecimal, as EVALSHA wants it. */
  readonly sha: string;
}

const read = (name: string): string => readFileSync(new URL(`./${name}.lua`, import.meta.url), 'utf8');

/** Reads `<name>.lua`, which stands beside this file and says what its keys and arguments are. */
export function loadScript(name: string): Script {
  const source = `${read('prelude')}${read(name)}`;
  return { name, source, sha: createHash('sha1').update(source).digest('hex') };
}
