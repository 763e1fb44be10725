import { createHash } from 'node:crypto';
import { SCRIPT_SOURCES } from './scripts.generated.js';

/** A step that Redis does as a whole. */
export interface Script {
  readonly name: string;
  readonly source: string;
  /** SHA-1 of the source in hexadecimal, as EVALSHA wants it. */
  readonly sha: string;
}

/** `<name>.lua`, which stands beside this file and says what its keys and arguments are. */
export function loadScript(name: Exclude<keyof typeof SCRIPT_SOURCES, 'prelude'>): Script {
  const source = `${SCRIPT_SOURCES.prelude}${SCRIPT_SOURCES[name]}`;
  return { name, source, sha: createHash('sha1').update(source).digest('hex') };
}
