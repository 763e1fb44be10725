import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { misspelledSetting } from './settings-names.js';
import { brokenRules, type ReadValues } from './settings-rules.js';
import {
  fileVariable,
  SETTINGS,
  settingRow,
  VARIABLES,
  type SettingName,
  type SettingValues,
} from './settings-table.js';

/** `AUTH_JWKS_URL` as `authJwksUrl`. */
type CamelCase<S extends string> = S extends `${infer Head}_${infer Tail}`
  ? `${Lowercase<Head>}${Capitalize<CamelCase<Tail>>}`
  : Lowercase<S>;

/** The settings of the standalone server, checked and frozen; `null` where one is not set and has no default. */
export type Settings = { readonly [N in SettingName as CamelCase<N>]: SettingValues[N] };

/** The environment as a process has it. An empty value is the same as none. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** More than any file of a setting needs; a list of trusted documents is the largest. */
const FILE_BYTES = 64 * 1024 * 1024;

/** All that is wrong with the settings at once. Names variables and what they must be, never a value. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';

  constructor(readonly problems: readonly string[]) {
    super(['The settings are not valid:', ...problems].join('\n  '));
  }
}

/**
 * Reads the settings out of an environment. Nothing else in the program looks there.
 * @throws SettingsError with every problem: values that are no good, settings that do not go together, misspelled
 * names, files that cannot be read, and in production each development default
 */
export function parseSettings(environment: Environment): Settings {
  const names = Object.keys(SETTINGS) as SettingName[];
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  const production = environment['NODE_ENV'] === 'production';

  for (const name of names) {
    const row = settingRow(name);
    const given = textOf(name, environment);
    if (given === null) {
      values[name] =
        typeof row.value === 'function' ? (row.value as (production: boolean) => unknown)(production) : row.value;
    } else if ('problem' in given) {
      problems.push(given.problem);
    } else {
      const parsed = row.parse.safeParse(given.text);
      const problem = parsed.success ? row.file && unreadable(given.text) : given.must(parsed.error.issues[0]?.message);
      if (problem) problems.push(`${given.variable} ${problem}`);
      else values[name] = parsed.data;
    }
  }
  problems.push(...brokenRules(values as ReadValues), ...misspellings(environment));
  if (problems.length > 0) throw new SettingsError(problems);
  return Object.freeze(Object.fromEntries(names.map((name) => [camelCase(name), values[name]]))) as Settings;
}

/** What a setting was given as, and by which variable. */
type Given =
  | { readonly problem: string }
  | { readonly variable: string; readonly text: string; readonly must: (wanted: string | undefined) => string };

/** @returns null: nothing */
function textOf(name: SettingName, environment: Environment): Given | null {
  const text = environment[name] || null;
  const inFile = fileVariable(name);
  const path = (settingRow(name).secret && environment[inFile]) || null;
  if (text !== null && path !== null) return { problem: `${name} and ${inFile} cannot both be set` };
  if (text !== null) return { variable: name, text, must: (wanted) => `must be ${wanted}` };
  if (path === null) return null;
  const problem = unreadable(path);
  if (problem !== null) return { problem: `${inFile} ${problem}` };
  // Editors and `echo` end a file with a line break, which belongs to no secret.
  const content = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
  return { variable: inFile, text: content, must: (wanted) => `must hold ${wanted}` };
}

/** A variable of another program is no problem; one that is almost a setting is. */
function misspellings(environment: Environment): readonly string[] {
  return Object.entries(environment).flatMap(([name, text]) => {
    const meant = text === undefined || text === '' ? null : misspelledSetting(name, VARIABLES);
    return meant === null ? [] : [`${name} is not a setting; did you mean ${meant}?`];
  });
}

function unreadable(path: string): string | null {
  try {
    accessSync(path, constants.R_OK);
    const file = statSync(path);
    if (!file.isFile()) return 'does not name a file';
    return file.size <= FILE_BYTES ? null : `names a file of more than ${FILE_BYTES} bytes`;
  } catch (error) {
    return `names a file that cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`;
  }
}

function camelCase(name: string): string {
  return name.toLowerCase().replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}
