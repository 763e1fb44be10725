import { nearest } from '../options.js';

/** Names that other programs put into environments and that are near a setting's. */
const NO_SETTINGS: ReadonlySet<string> = new Set(['HOME', 'HOSTS', 'POST', 'NODE_EXE']);

/**
 * The setting that a variable was probably meant to be, so that a misspelling is not taken for silence.
 * @returns null when the name is a setting's own, or near none
 */
export function misspelledSetting(name: string, known: readonly string[]): string | null {
  if (known.includes(name) || NO_SETTINGS.has(name.toUpperCase())) return null;
  return known.find((whole) => isCutOff(name.toUpperCase(), whole)) ?? nearest(name, known);
}

/** AUTH_PUBLIC_KEY for AUTH_PUBLIC_KEY_FILE: a name without what says how the value is given. */
function isCutOff(name: string, whole: string): boolean {
  return name !== whole && whole.startsWith(name) && /^(?:_URL)?(?:_FILE)?$/.test(whole.slice(name.length));
}
